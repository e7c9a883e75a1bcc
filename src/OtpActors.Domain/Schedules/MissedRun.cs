namespace OtpActors.Domain.Schedules;

public enum MissedKind
{
    /// <summary>Due times of a schedule passed without a run: the service was down, or the run cannot be asked for.</summary>
    DueTime,

    /// <summary>A scheduled run never began: another one had its topic.</summary>
    Overlap,

    /// <summary>A run was not done by its deadline.</summary>
    Deadline,
}

/// <summary>Runs that should be done and are not; on the actor system's event stream, once for each.</summary>
/// <param name="Subject">The schedule's name or the run's id.</param>
/// <param name="Count">How many runs are missed.</param>
public sealed record MissedRun(MissedKind Kind, string Subject, long Count, string Detail);
