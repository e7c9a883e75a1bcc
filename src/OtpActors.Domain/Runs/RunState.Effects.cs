using OtpActors.Domain.Records;
using OtpActors.Domain.Runs.Messages;

namespace OtpActors.Domain.Runs;

public sealed partial record RunState
{
    private static readonly NotifyProgress NothingNotified = new(0, 0, 0);

    /// <summary>
    /// What should be in flight in this state: started if it is not, stopped if it is no longer here. A recovered run
    /// asks again and so goes on in the same step and attempt.
    /// </summary>
    public IEnumerable<RunEffect> Effects()
    {
        if (IsTerminal || BeganAt is null)
        {
            yield break;
        }

        if (DeadlineAt is { } deadline)
        {
            yield return new RunEffect.DeadlineAt(deadline);
        }

        if (PausedAt is not null)
        {
            yield break;
        }

        foreach (var id in StepId.All)
        {
            var step = Steps[id];
            if (step.Status == StepStatus.Retrying)
            {
                yield return new RunEffect.RetryAt(id, step.Attempt, step.RetryAt!.Value);
            }

            if (step.Status != StepStatus.Running)
            {
                continue;
            }

            yield return id.Kind switch
            {
                StepKind.EnsureTopic => new RunEffect.EnsureTopic(step.Attempt),
                StepKind.Sink when Sinks[id.Store!] is { Mends: true } sink =>
                    new RunEffect.MendSink(id, step.Attempt, sink.From ?? OffsetMaps.Empty, HighWatermarks),
                StepKind.Sink => new RunEffect.StartSink(id, step.Attempt, Sinks[id.Store!].Counted),
                StepKind.Produce => new RunEffect.Produce(step.Attempt, Produced),
                StepKind.Check => new RunEffect.Check(id, step.Attempt),
                _ => new RunEffect.Notify(id, step.Attempt, Notified.GetValueOrDefault(id, NothingNotified)),
            };

            if (step.Hold is { } hold)
            {
                yield return new RunEffect.HoldUntil(id, step.Attempt, hold.Since + HoldFor);
            }

            if (id.Kind == StepKind.Sink && Sinks[id.Store!].Mends is null && Steps[StepId.Produce].IsDone)
            {
                yield return new RunEffect.Drain(id, step.Attempt, HighWatermarks, Spec!.Window);
            }
        }
    }
}
