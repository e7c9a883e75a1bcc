using System.ComponentModel;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Schedules;
using OtpActors.Triggers.Schedules;

namespace OtpActors.Api;

/// <summary>A schedule as the API shows it: passwords and addresses masked.</summary>
public sealed record ScheduleDocument(
    string Name,
    string Cron,
    string TimeZone,
    [property: Description("What each run is asked for; passwords and addresses are masked.")] RunRequest Request,
    OverlapPolicy Overlap,
    [property: Description("Absent where missed times are not caught up with.")] TimeSpan? CatchUp,
    bool Enabled,
    [property: Description("The coming due times, in the schedule's zone, whether it is enabled or not.")] IReadOnlyList<DateTimeOffset> Next,
    [property: Description("The newest due time that started a run.")] DateTimeOffset? LastDue,
    [property: Description("The newest run, by its due time or by hand.")] string? LastRunId,
    [property: Description("Due times that made no run.")] long Missed,
    DateTimeOffset? LastMissed)
{
    private const int TimesShown = 5;

    public static ScheduleDocument From(ScheduleState state, DateTimeOffset now)
    {
        var definition = state.Definition;
        return new ScheduleDocument(
            definition.Name, definition.Cron, definition.TimeZone, RequestMask.Mask(definition.Request), definition.Overlap,
            definition.CatchUp > TimeSpan.Zero ? definition.CatchUp : null, definition.Enabled,
            state.NextTimes(now, TimesShown), state.LastDue, state.LastRunId, state.Missed, state.LastMissed);
    }
}

public sealed record ScheduleList(IReadOnlyList<ScheduleDocument> Items);
