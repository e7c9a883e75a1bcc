using System.ComponentModel.DataAnnotations;
using OtpActors.Domain.Runs;

namespace OtpActors.Runs;

public sealed class WorkflowOptions
{
    /// <summary>How long draining waits for a sink that stores nothing more. Default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "1.00:00:00")]
    public TimeSpan Window { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Addresses a store that are mailed and posted at most; a negative number for all. Default 100.</summary>
    public long NotifyLimit { get; set; } = 100;

    /// <summary>A run that is not done this long after it began is ended; default: never.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "365.00:00:00")]
    public TimeSpan? Deadline { get; set; }

    /// <summary>How long a step waits for a part that is out before the step is given up. Default 15 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "365.00:00:00")]
    public TimeSpan HoldFor { get; set; } = RunSpec.DefaultHoldFor;

    /// <summary>Runs that ended longer ago are removed; null for never. Default 30 days.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "36500.00:00:00")]
    public TimeSpan? Retention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Of the runs that ended, the newest this many are kept; null for all. Default 10,000.</summary>
    [Range(1, 100_000_000)]
    public int? RetainedRuns { get; set; } = 10_000;

    /// <summary>Attempts, waits and time limits of each kind of step.</summary>
    public StepPolicies Steps { get; set; } = new();
}
