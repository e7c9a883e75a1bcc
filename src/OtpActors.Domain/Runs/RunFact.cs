using OtpActors.Domain.Runs.Messages;

namespace OtpActors.Domain.Runs;

/// <summary>One line of a run's timeline. Free of secrets.</summary>
/// <param name="Version">The run's <see cref="RunState.Version"/> with this fact: grows along the timeline.</param>
/// <param name="What">What happened, as <c>step-started</c>.</param>
/// <param name="Step">The step it happened to; null for the run itself.</param>
/// <param name="Attempt">The step's attempt, where it is about one.</param>
/// <param name="Detail">An error, an outcome or a count, for people.</param>
public sealed record RunFact(
    long Version, DateTimeOffset At, string What, StepId? Step = null, int? Attempt = null, string? Detail = null)
{
    /// <summary>Null for mere progress, which the counters show.</summary>
    public static RunFact? From(IRunEvent e, long version) => e switch
    {
        RunEvents.SinkProgressed or RunEvents.Produced or RunEvents.Notified => null,
        RunEvents.Requested r => new(version, e.At, "requested", Detail: r.Spec.Topic),
        RunEvents.StepStarted s => new(version, e.At, "step-started", s.Step, s.Attempt),
        RunEvents.AttemptFailed f => new(version, e.At, "attempt-failed", f.Step, f.Attempt, f.Error),
        RunEvents.StepFailed f => new(version, e.At, "step-failed", f.Step, f.Attempt, f.Error),
        RunEvents.StepSkipped s => new(version, e.At, "step-skipped", s.Step, Detail: s.Reason),
        RunEvents.StepHeld h => new(version, e.At, "step-held", h.Step, h.Attempt, $"waits for {h.WaitsFor}: {h.Reason}"),
        RunEvents.StepReleased r => new(version, e.At, "step-released", r.Step, r.Attempt, $"{r.WaitsFor} is back"),
        RunEvents.TopicConfirmed t => new(version, e.At, "step-completed", StepId.EnsureTopic, Detail: t.Outcome.ToString()),
        RunEvents.SinkReady s => new(version, e.At, "sink-ready", s.Step),
        RunEvents.SinkEnded s => new(version, e.At, "step-completed", s.Step, Detail: s.Drained ? "Drained" : "WindowElapsed"),
        RunEvents.ProductionCompleted p => new(version, e.At, "step-completed", StepId.Produce, Detail: $"{p.Count} produced"),
        RunEvents.CheckCompleted c => new(
            version, e.At, "step-completed", c.Step, Detail: $"{c.Result.Found} of {c.Result.Checked} found"),
        RunEvents.NotifyingCompleted n => new(
            version, e.At, "step-completed", n.Step, Detail: $"{n.Progress.Sent} sent, {n.Progress.Failed} failed"),
        RunEvents.Paused => new(version, e.At, "paused"),
        RunEvents.Resumed => new(version, e.At, "resumed"),
        RunEvents.Reopened r => new(version, e.At, "reopened", r.Step),
        RunEvents.Ended end => new(version, e.At, "ended", Detail: end.Reason is null ? $"{end.Outcome}" : $"{end.Outcome}: {end.Reason}"),
        _ => new(version, e.At, e.GetType().Name),
    };
}
