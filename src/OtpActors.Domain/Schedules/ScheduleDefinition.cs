using System.Text.RegularExpressions;
using OtpActors.Domain.Runs;

namespace OtpActors.Domain.Schedules;

/// <summary>A run that is to be started again and again: what, and when.</summary>
public sealed partial record ScheduleDefinition
{
    /// <summary>The tutorial's: daily, nothing caught up with, off until somebody enables it.</summary>
    public static ScheduleDefinition Daily { get; } = new() { Name = "daily", Cron = "@daily" };

    /// <summary>Begins the ids of its runs.</summary>
    public required string Name { get; init; }

    /// <summary>Five fields, six with seconds in front, or a macro as <c>@daily</c>.</summary>
    public required string Cron { get; init; }

    /// <summary>The zone that the expression is meant in, by its IANA id. Default <c>UTC</c>.</summary>
    public string TimeZone { get; init; } = CronTimes.Utc;

    /// <summary>What each run is asked for.</summary>
    public RunRequest Request { get; init; } = new();

    /// <summary>What becomes of a run whose topic is taken. Default <see cref="OverlapPolicy.Wait"/>.</summary>
    public OverlapPolicy Overlap { get; init; } = OverlapPolicy.Wait;

    /// <summary>Due times that passed at most this long ago, while the service was down, are caught up with. Default zero: none is.</summary>
    public TimeSpan CatchUp { get; init; } = TimeSpan.Zero;

    /// <summary>Whether due times count. Those of a pause are neither caught up with nor missed.</summary>
    public bool Enabled { get; init; }

    public static bool IsLegalName(string? name) => name is not null && LegalName().IsMatch(name);

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z")]
    private static partial Regex LegalName();
}
