using System.Collections.Immutable;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs.Messages;
using static OtpActors.Domain.Runs.Messages.RunEvents;

namespace OtpActors.Domain.Runs;

public sealed partial record RunState
{
    /// <summary>The state after an event.</summary>
    /// <exception cref="ArgumentException">The event is unknown: this program is older than the journal.</exception>
    public RunState Apply(IRunEvent e)
    {
        var next = Change(e) with { Version = Version + 1 };
        return RunFact.From(e, next.Version) is not { } fact ? next : next with
        {
            Timeline = (Timeline.Count < TimelineLength ? Timeline : Timeline.RemoveAt(0)).Add(fact),
        };
    }

    private RunState Change(IRunEvent e) => e switch
    {
        Requested r => this with { Spec = r.Spec, RequestedAt = r.At },
        StepStarted s => (this with { BeganAt = BeganAt ?? s.At }).With(s.Step, step => step with
        {
            Status = StepStatus.Running,
            Attempt = s.Attempt,
            StartedAt = step.StartedAt ?? s.At,
            RetryAt = null,
            Hold = null,
        }),
        AttemptFailed f => NotReady(f.Step).With(f.Step, step => step with
        {
            Status = StepStatus.Retrying,
            RetryAt = f.RetryAt,
            Detail = f.Error,
            Hold = null,
        }),
        StepFailed f => NotReady(f.Step).Close(f.Step, StepStatus.Failed, f.Error, f.At),
        StepSkipped s => Close(s.Step, StepStatus.Skipped, s.Reason, s.At),
        StepHeld h => With(h.Step, step => step with { Hold = Held(step.Hold, h) }),
        StepReleased r => With(r.Step, step => step with { Hold = null }),
        TopicConfirmed t => (this with { Topic = new TopicEnsured(t.Outcome, t.Partitions) })
            .Close(StepId.EnsureTopic, StepStatus.Completed, t.Outcome.ToString(), t.At),
        SinkReady s => WithSink(s.Step, sink => sink with
        {
            Ready = true,
            Counted = s.Start.Max(sink.Counted),
            From = BeginningOf(sink, s.Start),
        }),
        SinkProgressed s => WithSink(s.Step, sink => sink with
        {
            Counted = sink.Counted.Max(s.Progress.Next),
            Counts = sink.Counts + s.Progress.Counts,
        }),
        SinkEnded s => WithSink(s.Step, sink => sink with { Mends = null })
            .Close(s.Step, StepStatus.Completed, s.Drained ? "Drained" : StepDetails.WindowElapsed, s.At),
        Produced p => this with { Produced = p.Count },
        ProductionCompleted p => (this with { Produced = p.Count, HighWatermarks = p.HighWatermarks })
            .Close(StepId.Produce, StepStatus.Completed, null, p.At),
        CheckCompleted c => (this with { Checks = Checks.SetItem(c.Step.Store!, c.Result) })
            .Close(c.Step, StepStatus.Completed, c.Result.Missing == 0 ? null : $"{c.Result.Missing} missing", c.At),
        RunEvents.Notified n => this with { Notified = Notified.SetItem(n.Step, n.Progress) },
        NotifyingCompleted n => (this with { Notified = Notified.SetItem(n.Step, n.Progress) })
            .Close(n.Step, StepStatus.Completed, null, n.At),
        Paused p => this with { PausedAt = p.At, Steps = Unheld() },
        Resumed => this with { PausedAt = null },
        Reopened r => Reopen(r),
        Ended end => CloseAll(end),
        _ => throw new ArgumentException($"A run has no event '{e.GetType().Name}'.", nameof(e)),
    };

    private RunState With(StepId step, Func<StepState, StepState> change) =>
        this with { Steps = Steps.SetItem(step, change(Steps[step])) };

    /// <summary>Another reason is the same wait; another part is another wait.</summary>
    private static StepHold Held(StepHold? known, StepHeld held) => known?.WaitsFor == held.WaitsFor
        ? known with { Reason = held.Reason }
        : new StepHold(held.WaitsFor, held.Reason, held.At);

    /// <summary>A run that is paused waits for nobody.</summary>
    private ImmutableDictionary<StepId, StepState> Unheld() => Steps.SetItems(
        Steps.Where(step => step.Value.Hold is not null).Select(step => KeyValuePair.Create(step.Key, step.Value with { Hold = null })));

    private RunState WithSink(StepId step, Func<SinkState, SinkState> change) =>
        this with { Sinks = Sinks.SetItem(step.Store!, change(Sinks[step.Store!])) };

    private RunState NotReady(StepId step) =>
        step.Kind == StepKind.Sink ? WithSink(step, sink => sink with { Ready = false }) : this;

    private RunState Close(StepId step, StepStatus status, string? detail, DateTimeOffset at) =>
        With(step, s => s with { Status = status, Detail = detail, RetryAt = null, EndedAt = at, Hold = null });

    /// <summary>A step that is pending again keeps its attempts' numbers; what was not needed is judged anew.</summary>
    private RunState Reopen(Reopened reopened)
    {
        var state = IsTerminal ? this with { Outcome = null, Reason = null, EndedAt = null, ReopenedAt = reopened.At } : this;
        var mends = IsTerminal && reopened.Step.Kind == StepKind.Sink && Steps[reopened.Step].IsDone;
        var again = Steps.Where(s => s.Key == reopened.Step
            || (IsTerminal && s.Value.Status is StepStatus.Cancelled or StepStatus.Skipped)
            || (mends && s.Key.Store == reopened.Step.Store));
        return again.Aggregate(mends ? state.Mend(reopened.Step) : state, (s, step) => s.NotReady(step.Key).With(step.Key, own => own with
        {
            Status = StepStatus.Pending,
            EndedAt = null,
            RetryAt = null,
            Detail = null,
        }));
    }

    /// <summary>
    /// A sink that has counted all of the run's records writes them again and counts none; one whose window ended before goes
    /// on reading. Notifications begin anew, so that addresses which come back are notified: who was notified before is known
    /// to the ledger. Where a limit has ended them they stay as they are.
    /// </summary>
    private RunState Mend(StepId sink)
    {
        var state = WithSink(sink, own => own with { Mends = own.Counted.Covers(HighWatermarks) ? true : null });
        return state with
        {
            Notified = Notified.RemoveRange(Notified
                .Where(step => step.Key.Store == sink.Store && !(step.Value.Sent + step.Value.Failed >= Spec!.NotifyLimit))
                .Select(step => step.Key)),
        };
    }

    /// <summary>Of partitions that are met for the first time; 0 goes without saying.</summary>
    private static OffsetMap? BeginningOf(SinkState sink, OffsetMap start)
    {
        var first = start.Where(each => each.Value > 0 && !sink.Counted.ContainsKey(each.Key)).ToList();
        return first.Count == 0 ? sink.From : (sink.From ?? OffsetMaps.Empty).SetItems(first);
    }

    private RunState CloseAll(Ended end)
    {
        var state = this with { Outcome = end.Outcome, Reason = end.Reason, EndedAt = end.At, PausedAt = null };
        foreach (var (step, own) in Steps)
        {
            state = own.Status switch
            {
                StepStatus.Pending => state.With(step, s => s with { Status = StepStatus.Skipped, Detail = StepDetails.NotReached }),
                StepStatus.Running or StepStatus.Retrying => state.Close(step, StepStatus.Cancelled, own.Detail, end.At),
                _ => state,
            };
        }

        return state;
    }
}
