using OtpActors.Domain.Runs.Messages;

namespace OtpActors.Domain.Runs;

/// <summary>
/// Something that should be in flight now. <see cref="Key"/> tells whether it already is: the rest of an effect may
/// change while it runs without starting it again.
/// </summary>
public abstract record RunEffect(StepId? Step, int Attempt)
{
    private RunEffect() : this(null, 0) { }

    public (Type Kind, StepId? Step, int Attempt) Key => (GetType(), Step, Attempt);

    public sealed record EnsureTopic(int Attempt) : RunEffect(StepId.EnsureTopic, Attempt);

    /// <param name="Counted">Where the run's counting goes on, by partition; earlier records are written, not counted.</param>
    public sealed record StartSink(StepId Id, int Attempt, OffsetMap Counted) : RunEffect(Id, Attempt);

    /// <summary>Write the run's records again, so that what a store has lost is there; nothing is counted.</summary>
    /// <param name="From">Where they begin, by partition; the topic's beginning where a partition is absent.</param>
    /// <param name="To">Where they end.</param>
    public sealed record MendSink(StepId Id, int Attempt, OffsetMap From, OffsetMap To) : RunEffect(Id, Attempt);

    /// <param name="HighWatermarks">Where the run's records end, by partition.</param>
    public sealed record Drain(StepId Id, int Attempt, OffsetMap HighWatermarks, TimeSpan Window) : RunEffect(Id, Attempt);

    /// <param name="From">The first record that is not known to be in the topic.</param>
    public sealed record Produce(int Attempt, long From) : RunEffect(StepId.Produce, Attempt);

    public sealed record Check(StepId Id, int Attempt) : RunEffect(Id, Attempt);

    /// <param name="From">What is done already.</param>
    public sealed record Notify(StepId Id, int Attempt, NotifyProgress From) : RunEffect(Id, Attempt);

    /// <summary>Wake the step after its wait.</summary>
    public sealed record RetryAt(StepId Id, int Attempt, DateTimeOffset At) : RunEffect(Id, Attempt);

    /// <summary>Give up a step that still waits for a part by then.</summary>
    public sealed record HoldUntil(StepId Id, int Attempt, DateTimeOffset At) : RunEffect(Id, Attempt);

    /// <summary>Wake the run at its deadline.</summary>
    public sealed record DeadlineAt(DateTimeOffset At) : RunEffect(null, 0);
}
