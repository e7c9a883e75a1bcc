namespace OtpActors.Triggers;

/// <summary>What the triggers have done since the process began, for telemetry.</summary>
/// <remarks>Can be used from any thread.</remarks>
public sealed class TriggerCounts
{
    private long _commandsStarted;
    private long _commandsRepeated;
    private long _commandsDeadLettered;
    private long _schedulesStarted;
    private long _missedRuns;

    /// <summary>Commands that made a new run.</summary>
    public long CommandsStarted => Interlocked.Read(ref _commandsStarted);

    /// <summary>Commands whose run was known already.</summary>
    public long CommandsRepeated => Interlocked.Read(ref _commandsRepeated);

    public long CommandsDeadLettered => Interlocked.Read(ref _commandsDeadLettered);

    /// <summary>Due times of schedules that made a run.</summary>
    public long SchedulesStarted => Interlocked.Read(ref _schedulesStarted);

    /// <summary>Due times without a run, and runs past their deadline.</summary>
    public long MissedRuns => Interlocked.Read(ref _missedRuns);

    internal void CountCommand(bool again) => Interlocked.Increment(ref again ? ref _commandsRepeated : ref _commandsStarted);

    internal void CountDeadCommand() => Interlocked.Increment(ref _commandsDeadLettered);

    internal void CountScheduled() => Interlocked.Increment(ref _schedulesStarted);

    internal void CountMissed(long count) => Interlocked.Add(ref _missedRuns, count);
}
