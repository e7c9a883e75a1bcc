namespace OtpActors.Domain.Runs.Messages;

/// <summary>A fact of a run, as journaled. Time rides in the event.</summary>
public interface IRunEvent
{
    DateTimeOffset At { get; }
}

/// <summary>The facts of a run. Their journal names and forms are in the journal's serializer.</summary>
public static class RunEvents
{
    public sealed record Requested(RunSpec Spec, DateTimeOffset At) : IRunEvent;

    public sealed record StepStarted(StepId Step, int Attempt, DateTimeOffset At) : IRunEvent;

    /// <summary>The attempt failed and another one follows at <paramref name="RetryAt"/>.</summary>
    public sealed record AttemptFailed(StepId Step, int Attempt, string Error, DateTimeOffset RetryAt, DateTimeOffset At)
        : IRunEvent;

    /// <summary>The last attempt failed.</summary>
    public sealed record StepFailed(StepId Step, int Attempt, string Error, DateTimeOffset At) : IRunEvent;

    /// <summary>There was nothing to do for the step.</summary>
    public sealed record StepSkipped(StepId Step, string Reason, DateTimeOffset At) : IRunEvent;

    /// <summary>The attempt waits for a part that is out; or it still does, and the reason is another one.</summary>
    public sealed record StepHeld(StepId Step, int Attempt, string WaitsFor, string Reason, DateTimeOffset At) : IRunEvent;

    /// <summary>The part answers again.</summary>
    public sealed record StepReleased(StepId Step, int Attempt, string WaitsFor, DateTimeOffset At) : IRunEvent;

    public sealed record TopicConfirmed(TopicOutcome Outcome, int Partitions, DateTimeOffset At) : IRunEvent;

    public sealed record SinkReady(StepId Step, OffsetMap Start, DateTimeOffset At) : IRunEvent;

    public sealed record SinkProgressed(StepId Step, SinkProgress Progress, DateTimeOffset At) : IRunEvent;

    /// <param name="Drained">False if the window ended the wait.</param>
    public sealed record SinkEnded(StepId Step, bool Drained, DateTimeOffset At) : IRunEvent;

    public sealed record Produced(long Count, DateTimeOffset At) : IRunEvent;

    public sealed record ProductionCompleted(long Count, OffsetMap HighWatermarks, DateTimeOffset At) : IRunEvent;

    public sealed record CheckCompleted(StepId Step, CheckResult Result, DateTimeOffset At) : IRunEvent;

    public sealed record Notified(StepId Step, NotifyProgress Progress, DateTimeOffset At) : IRunEvent;

    public sealed record NotifyingCompleted(StepId Step, NotifyProgress Progress, DateTimeOffset At) : IRunEvent;

    public sealed record Paused(DateTimeOffset At) : IRunEvent;

    public sealed record Resumed(DateTimeOffset At) : IRunEvent;

    /// <summary>
    /// Somebody asked for one more attempt of the step; a run that had ended goes on. A sink that was done writes again what
    /// its store lacks, and its store's later steps follow it.
    /// </summary>
    public sealed record Reopened(StepId Step, DateTimeOffset At) : IRunEvent;

    /// <param name="Reason">Why it did not complete; null if it did.</param>
    public sealed record Ended(RunOutcome Outcome, string? Reason, DateTimeOffset At) : IRunEvent;
}

/// <summary>How a run ends.</summary>
public enum RunOutcome
{
    Completed,
    Failed,
    Cancelled,
    TimedOut,

    /// <summary>Every step is done, and a check has found that its store lacks addresses of the run.</summary>
    Incomplete,
}
