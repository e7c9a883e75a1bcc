using System.Globalization;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs.Messages;
using static OtpActors.Domain.Runs.Messages.RunCommands;
using static OtpActors.Domain.Runs.Messages.RunEvents;

namespace OtpActors.Domain.Runs;

/// <summary>The answer to a command: the events it makes, or why it is refused.</summary>
public sealed record RunDecision(IReadOnlyList<IRunEvent> Events, string? Rejection)
{
    /// <summary>Accepted, and nothing to record.</summary>
    public static readonly RunDecision Nothing = new([], null);

    public static RunDecision Reject(string reason) => new([], reason);
}

public sealed partial record RunState
{
    /// <summary>What a command means in this state. A refused command changes nothing.</summary>
    public RunDecision Decide(IRunCommand command, DateTimeOffset now) => command switch
    {
        Request when Spec is not null => RunDecision.Nothing,
        Request c => Accept(now, new Requested(c.Spec, now)),
        _ when Spec is null => RunDecision.Reject("the run is not known"),
        RetryStep c => DecideRetryStep(c.Step, now),
        _ when IsTerminal => RunDecision.Reject($"the run is over ({Outcome})"),
        Begin when BeganAt is not null => RunDecision.Nothing,
        Begin => Accept(now, new StepStarted(StepId.EnsureTopic, 1, now)),
        Cancel c => Accept(now, new Ended(RunOutcome.Cancelled, c.Reason, now)),
        Pause when PausedAt is not null => RunDecision.Nothing,
        Pause => Accept(now, new Paused(now)),
        Resume when PausedAt is null => RunDecision.Nothing,
        Resume => Accept(now, new Resumed(now)),
        ReachDeadline when Spec.Deadline is null => RunDecision.Reject("the run has no deadline"),
        ReachDeadline when BeganAt is null || now < DeadlineAt =>
            RunDecision.Reject("the deadline has not come"),
        ReachDeadline => Accept(now, new Ended(RunOutcome.TimedOut, $"not done within {Spec.Deadline}", now)),
        IStepCommand c => DecideStep(c, now),
        _ => RunDecision.Reject($"a run has no command '{command.GetType().Name}'"),
    };

    private TimeSpan HoldFor => Spec?.HoldFor ?? RunSpec.DefaultHoldFor;

    /// <summary>When the run ends whatever it is doing; null where it has no deadline or has not begun.</summary>
    public DateTimeOffset? DeadlineAt => (ReopenedAt ?? BeganAt) + Spec?.Deadline;

    private RunDecision DecideRetryStep(StepId id, DateTimeOffset now) => Steps.GetValueOrDefault(id)?.Status switch
    {
        StepStatus.Retrying => Accept(now, new StepStarted(id, Steps[id].Attempt + 1, now)),
        StepStatus.Failed or StepStatus.Cancelled => Accept(now, new Reopened(id, now)),
        StepStatus.Running => RunDecision.Reject($"{id} is running: pause or cancel the run instead"),
        StepStatus.Pending => RunDecision.Reject($"the turn of {id} has not come"),
        StepStatus.Completed when IsTerminal && id.Kind == StepKind.Sink => Outcome == RunOutcome.Completed && Spec!.Records is RecordSpec.Spooled
            ? RunDecision.Reject("the run completed and gave up its copy of the file, so that no check can follow: start another run")
            : Accept(now, new Reopened(id, now)),
        StepStatus.Completed => RunDecision.Reject($"{id} is done"),
        StepStatus.Skipped => RunDecision.Reject($"{id} was not reached or not needed: retry the step that failed"),
        _ => RunDecision.Reject($"a run has no step '{id}'"),
    };

    private RunDecision DecideStep(IStepCommand command, DateTimeOffset now)
    {
        if (!Steps.TryGetValue(command.Step, out var step))
        {
            return RunDecision.Reject($"a run has no step '{command.Step}'");
        }

        if (command.Attempt != step.Attempt)
        {
            return RunDecision.Reject($"{command.Step} is at attempt {step.Attempt}, not {command.Attempt}");
        }

        if (command is Retry)
        {
            return step.Status != StepStatus.Retrying ? RunDecision.Reject($"{command.Step} waits for no retry")
                : now < step.RetryAt ? RunDecision.Reject($"{command.Step} is not due before {step.RetryAt:O}")
                : Accept(now, new StepStarted(command.Step, step.Attempt + 1, now));
        }

        if (step.Status != StepStatus.Running)
        {
            return RunDecision.Reject($"{command.Step} is not running ({step.Status})");
        }

        return command switch
        {
            Heartbeat => RunDecision.Nothing,
            HoldStep c => DecideHold(c, step.Hold, now),
            ReleaseStep => step.Hold is { } hold
                ? Accept(now, new StepReleased(command.Step, step.Attempt, hold.WaitsFor, now))
                : RunDecision.Nothing,
            ReachHoldLimit => step.Hold is not { } hold ? RunDecision.Reject($"{command.Step} waits for no part")
                : now < hold.Since + HoldFor ? RunDecision.Reject($"{command.Step} may wait until {hold.Since + HoldFor:O}")
                : Accept(now, new StepFailed(
                    command.Step, step.Attempt, $"waited {InWords(HoldFor)} for {hold.WaitsFor}: {hold.Reason}", now)),
            FailAttempt c => Fail(c, step, now),
            ConfirmTopic c => Accept(now, new TopicConfirmed(c.Outcome, c.Partitions, now)),
            RecordProduced c => DecideProduced(c.Produced, now),
            CompleteProduction c when c.Produced != Spec!.Records.Count =>
                RunDecision.Reject($"{c.Produced} of {Spec.Records.Count} records are not all"),
            CompleteProduction c => Accept(now, new ProductionCompleted(c.Produced, c.HighWatermarks, now)),
            _ when command.Step.Store is null => Misplaced(command),
            ConfirmSinkReady c when c.Step.Kind == StepKind.Sink =>
                Sinks[c.Step.Store!].Ready ? RunDecision.Nothing : Accept(now, new SinkReady(c.Step, c.Start, now)),
            RecordSinkProgress c when c.Step.Kind == StepKind.Sink => DecideProgress(c, Sinks[c.Step.Store!], now),
            ElapseWindow when step.Hold is { } hold => RunDecision.Reject($"{command.Step} waits for {hold.WaitsFor}"),
            ConfirmSinkDrained or ElapseWindow when command.Step.Kind == StepKind.Sink =>
                Steps[StepId.Produce].IsDone
                    ? Accept(now, new SinkEnded(command.Step, command is ConfirmSinkDrained, now))
                    : RunDecision.Reject("production goes on"),
            CompleteCheck c when c.Step.Kind == StepKind.Check => Accept(now, new CheckCompleted(c.Step, c.Result, now)),
            RecordNotified c when IsNotify(c.Step) && Notified.GetValueOrDefault(c.Step, NothingNotified) == c.Progress => RunDecision.Nothing,
            RecordNotified c when IsNotify(c.Step) => DecideNotified(c.Step, c.Progress, new RunEvents.Notified(c.Step, c.Progress, now)),
            CompleteNotifying c when IsNotify(c.Step) => DecideNotified(c.Step, c.Progress, new NotifyingCompleted(c.Step, c.Progress, now)),
            _ => Misplaced(command),
        };
    }

    private RunDecision DecideProduced(long produced, DateTimeOffset now) =>
        produced < Produced || produced > Spec!.Records.Count
            ? RunDecision.Reject($"{produced} records produced after {Produced}, of {Spec!.Records.Count}")
            : produced == Produced ? RunDecision.Nothing
            : Accept(now, new Produced(produced, now));

    /// <summary>A stretch that was counted before is refused whole: counting twice is impossible, not unlikely.</summary>
    private RunDecision DecideProgress(RecordSinkProgress command, SinkState sink, DateTimeOffset now)
    {
        if (!command.Progress.Counts.Balance)
        {
            return RunDecision.Reject("the counts do not balance");
        }

        if (!command.Progress.From.Keys.SequenceEqual(command.Progress.Next.Keys))
        {
            return RunDecision.Reject("there is no stretch for each partition");
        }

        foreach (var (partition, from) in command.Progress.From)
        {
            if (command.Progress.Next[partition] < from)
            {
                return RunDecision.Reject($"partition {partition} has no stretch from {from} to {command.Progress.Next[partition]}");
            }

            if (sink.Counted.TryGetValue(partition, out var counted) && from < counted)
            {
                return RunDecision.Reject($"partition {partition} is counted up to {counted}, the stretch starts at {from}");
            }
        }

        return Accept(now, new SinkProgressed(command.Step, command.Progress, now));
    }

    private RunDecision DecideNotified(StepId step, NotifyProgress progress, IRunEvent fact) =>
        Notified.TryGetValue(step, out var known)
        && (progress.Next < known.Next || progress.Sent < known.Sent || progress.Failed < known.Failed)
            ? RunDecision.Reject($"record {known.Next} is reached already")
            : Accept(fact.At, fact);

    private RunDecision DecideHold(HoldStep command, StepHold? known, DateTimeOffset now) =>
        PausedAt is not null ? RunDecision.Reject("the run is paused")
        : (known?.WaitsFor, known?.Reason) == (command.WaitsFor, command.Reason) ? RunDecision.Nothing
        : Accept(now, new StepHeld(command.Step, command.Attempt, command.WaitsFor, command.Reason, now));

    private static string InWords(TimeSpan time) => time.TotalMinutes >= 1 && time.Ticks % TimeSpan.TicksPerMinute == 0
        ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0} min")
        : string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.###} s");

    private RunDecision Fail(FailAttempt command, StepState step, DateTimeOffset now)
    {
        var policy = Spec!.Policies.For(command.Step.Kind);
        return step.Attempt < policy.Attempts
            ? Accept(now, new AttemptFailed(
                command.Step, step.Attempt, command.Error, now + policy.DelayAfter(step.Attempt, command.Chance), now))
            : Accept(now, new StepFailed(command.Step, step.Attempt, command.Error, now));
    }

    private static RunDecision Misplaced(IStepCommand command) =>
        RunDecision.Reject($"{command.Step} does not take '{command.GetType().Name}'");

    private static bool IsNotify(StepId step) => step.Kind is StepKind.Mail or StepKind.Slack;

    /// <summary>The fact, and all that follows from it: steps whose turn has come, and the run's end.</summary>
    private RunDecision Accept(DateTimeOffset now, IRunEvent fact)
    {
        var events = new List<IRunEvent> { fact };
        var state = Apply(fact);
        while (state.Next(now) is { } next)
        {
            events.Add(next);
            state = state.Apply(next);
        }

        return new RunDecision(events, null);
    }

    /// <summary>One thing that is due now and needs no further command; null if there is none.</summary>
    private IRunEvent? Next(DateTimeOffset now)
    {
        if (IsTerminal || BeganAt is null)
        {
            return null;
        }

        if (Failure() is { } reason)
        {
            return new Ended(RunOutcome.Failed, reason, now);
        }

        if (StepId.Stores.All(ChainEnded))
        {
            return Lacking() is { } lacking ? new Ended(RunOutcome.Incomplete, lacking, now) : new Ended(RunOutcome.Completed, null, now);
        }

        foreach (var step in StepId.All.Where(step => Steps[step].Status == StepStatus.Pending && IsDue(step)))
        {
            return SkipReason(step) is { } why ? new StepSkipped(step, why, now) : new StepStarted(step, Steps[step].Attempt + 1, now);
        }

        return null;
    }

    /// <summary>
    /// Why the run has failed: a step of its own at once, a store's chain when the other one has ended too.
    /// </summary>
    private string? Failure()
    {
        StepId[] own = [StepId.EnsureTopic, StepId.Produce];
        var failed = own.Where(step => Steps[step].Status == StepStatus.Failed).ToList();
        if (failed.Count == 0 && StepId.Stores.All(ChainEnded))
        {
            failed = StepId.All.Where(step => Steps[step].Status == StepStatus.Failed).ToList();
        }

        return failed.Count == 0 ? null : string.Join("; ", failed.Select(step => $"{step}: {Steps[step].Detail}"));
    }

    /// <summary>What the checks have found missing, for people; null for nothing.</summary>
    private string? Lacking()
    {
        var lacking = StepId.Stores.Where(store => Checks.TryGetValue(store, out var check) && check.Missing > 0)
            .Select(store => FormattableString.Invariant($"{store} lacks {Checks[store].Missing} of {Checks[store].Checked} addresses")).ToList();
        return lacking.Count == 0 ? null : string.Join("; ", lacking);
    }

    private bool IsDue(StepId step) => step.Kind switch
    {
        StepKind.EnsureTopic => true,
        StepKind.Sink => Steps[StepId.EnsureTopic].IsDone,
        StepKind.Produce => Steps[StepId.EnsureTopic].IsDone
            && StepId.Stores.All(store => Sinks[store].Ready || ChainFailed(store)),
        StepKind.Check => Steps[StepId.Sink(step.Store!)].IsDone,
        StepKind.Mail => Steps[StepId.Check(step.Store!)].IsDone,
        StepKind.Slack => Steps[StepId.Mail(step.Store!)].IsDone,
        _ => throw new InvalidOperationException($"No rule says when {step} is due."),
    };

    private string? SkipReason(StepId step) =>
        !IsNotify(step) ? null
        : Spec!.NotifyLimit == 0 ? StepDetails.NotificationsOff
        : Checks[step.Store!].Found == 0 ? StepDetails.NothingFound
        : null;
}
