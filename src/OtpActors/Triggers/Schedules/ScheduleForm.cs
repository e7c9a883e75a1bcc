using System.ComponentModel;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Schedules;

namespace OtpActors.Triggers.Schedules;

/// <summary>A schedule as somebody asks for it. <see cref="ToDefinition"/> checks it.</summary>
/// <remarks>No record: its text would show the password.</remarks>
public sealed class ScheduleForm
{
    [Description("1 to 64 of a-z A-Z 0-9 . _ -, the first a letter or a digit. Left out where the address tells it.")]
    public string? Name { get; init; }

    [Description("Five fields (minute, hour, day, month, weekday), six with the second in front, or a macro as @daily.")]
    public string? Cron { get; init; }

    [Description("The time zone that the expression is meant in, by its IANA id, as Europe/Berlin. Default: UTC.")]
    public string? TimeZone { get; init; }

    [Description("What each run is asked for, as in POST /api/runs, but for overlap. Default: the tutorial's run.")]
    public RunRequest? Request { get; init; }

    [Description("What becomes of a run where its topic is taken by another: wait, skip or cancelOther. Default: wait.")]
    public OverlapPolicy? Overlap { get; init; }

    [Description("Due times that passed at most this long ago while the service was down are caught up with, at most 7 days. Default: none is.")]
    public TimeSpan? CatchUp { get; init; }

    [Description("Whether due times count. Default: as before, and true for a new schedule.")]
    public bool? Enabled { get; init; }

    /// <param name="name">The name in the address; null where the form tells it.</param>
    /// <param name="current">What is replaced; null for a new one.</param>
    /// <exception cref="RunRequestException">A field is wrong.</exception>
    public ScheduleDefinition ToDefinition(string? name, ScheduleDefinition? current, RunDefaults defaults)
    {
        if (name is not null && Name is not null && Name != name)
        {
            throw new RunRequestException("name", "it is not the name in the address: leave it out");
        }

        var definition = new ScheduleDefinition
        {
            Name = name ?? Name ?? throw new RunRequestException("name", "the name is required"),
            Cron = Cron?.Trim() ?? throw new RunRequestException("cron", "the expression is required"),
            TimeZone = TimeZone ?? CronTimes.Utc,
            Request = RequestMask.Unmask(Request ?? new RunRequest(), current?.Request),
            Overlap = Overlap ?? OverlapPolicy.Wait,
            CatchUp = CatchUp ?? TimeSpan.Zero,
            Enabled = Enabled ?? current?.Enabled ?? true,
        };
        Check(definition, defaults);
        return definition;
    }

    private static void Check(ScheduleDefinition definition, RunDefaults defaults)
    {
        if (!ScheduleDefinition.IsLegalName(definition.Name))
        {
            throw new RunRequestException("name", "must be 1 to 64 of a-z A-Z 0-9 . _ -, the first a letter or a digit");
        }

        if (definition.CatchUp > ScheduleState.LongestCatchUp)
        {
            throw new RunRequestException("catchUp", $"must be at most {ScheduleState.LongestCatchUp.TotalDays} days");
        }

        if (CronTimes.From(definition).After(DateTimeOffset.UnixEpoch) is null)
        {
            throw new RunRequestException("cron", "such a time never comes");
        }

        CheckRequest(definition.Request, defaults);
    }

    private static void CheckRequest(RunRequest request, RunDefaults defaults)
    {
        if (request.Overlap is not null)
        {
            throw new RunRequestException("request.overlap", "set overlap of the schedule itself");
        }

        try
        {
            RunRequests.CheckTopic(request, defaults);
            RunRequests.RecordsOf(request);
            if (request.Records is not null)
            {
                RunRequests.InlineOf(request.Records);
            }
        }
        catch (RunRequestException e)
        {
            throw new RunRequestException($"request.{e.Field}", e.Message);
        }
    }
}
