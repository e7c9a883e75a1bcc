namespace OtpActors.Domain.Runs.Messages;

/// <summary>
/// Starts one attempt of one step; each step has its own form beside its actor. The attempt answers its sender with
/// <see cref="IStepCommand"/>s that carry run, step and attempt, the last one being its end:
/// <c>Begin → progress… → done or failed</c>. A newer attempt of the same run and step replaces an older one.
/// </summary>
public interface IBeginStep
{
    RunSpec Spec { get; }

    string RunId { get; }

    StepId Step { get; }

    int Attempt { get; }

    /// <summary>What the attempt waits for already, as an earlier process has left it; null if for nothing.</summary>
    StepHold? Hold { get; }
}

/// <summary>
/// Ends a step early and in order: what is in progress is finished, then <see cref="StepStopped"/> is the answer, also where
/// nothing ran.
/// </summary>
public sealed record StopStep(string RunId, StepId Step);

/// <summary>Nothing of the step is at work any more.</summary>
public sealed record StepStopped(string RunId, StepId Step);
