using Akka.Actor;
using Akka.Event;
using Akka.Persistence;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Journal;
using OtpActors.Steps;

namespace OtpActors.Runs;

/// <summary>
/// One run, interpreted. The rules are in <see cref="RunState"/>; this actor journals what they decide, answers after
/// that, keeps in flight what <see cref="RunState.Effects"/> asks for, and turns every result and timer into a command.
/// After a crash it recovers the state, asks for the effects again and so goes on in the same step.
/// </summary>
/// <remarks>There is one behaviour for all phases: the table of phases and commands is the pure state's, not the actor's.</remarks>
public sealed partial class RunSupervisor : ReceivePersistentActor, IWithTimers
{
    private readonly string _runId;
    private readonly StepActors _steps;
    private readonly IRunCatalog _catalog;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly ILoggingAdapter _log;
    private readonly ILoggingAdapter _facts;
    private readonly Dictionary<(Type Kind, StepId? Step, int Attempt), RunEffect> _inFlight = [];
    private readonly List<StepId> _stopping = []; // one for each StopStep that is not answered
    private RunState _state;
    private RunPhase _cataloged;
    private (IRunCommand Command, IActorRef Sender)? _writing;
    private bool _suspended;

    public RunSupervisor(string runId, StepActors steps, IRunCatalog catalog, TimeProvider time, Random random)
    {
        (_runId, _steps, _catalog, _time, _random) = (runId, steps, catalog, time, random);
        _log = Context.GetLogger().WithContext("RunId", runId);
        _facts = _log.WithContext(RunSentences.Journaled, true);
        _state = RunState.New(runId);
        Recover<IRunEvent>(e => _state = (e is RunEvents.Requested ? RunState.New(runId) : _state).Apply(e)); // a run begins anew
        Recover<RecoveryCompleted>(_ => Resume());
        TruncateJournal();
        Command<IRunCommand>(Handle);
        Command<RunQueries.Get>(_ =>
        {
            Sender.Tell(new RunReplies.Accepted(runId, _state));
            StopIfQuiet();
        });
        Command<StepStopped>(stopped =>
        {
            _stopping.Remove(stopped.Step);
            Stash.UnstashAll();
            StopIfQuiet();
        });
        Command<Tick>(Listen);
        Command<SuspendRun>(_ =>
        {
            _suspended = true;
            _log.Info("Run {RunId} is suspended: {Phase}", _runId, _state.Phase.ToString());
            Interpret();
        });
        Command<PassivateIfIdle>(_ =>
        {
            if (IsQuiet)
            {
                Context.Stop(Self);
            }
            else
            {
                Context.Parent.Tell(new PassivationRefused(_runId)); // told to do more meanwhile
            }
        });
        CommandAny(message => _log.Warning("A run takes no message '{Message}': ignored", message.GetType().Name));
    }

    public ITimerScheduler Timers { get; set; } = null!;

    public override string PersistenceId => RunIds.PersistenceIdOf(_runId);

    protected override void PostStop()
    {
        foreach (var step in _inFlight.Values.Where(IsWork).Select(effect => effect.Step!.Value))
        {
            _steps.For(step).Tell(new StopStep(_runId, step), ActorRefs.NoSender);
        }
    }

    protected override void OnPersistFailure(Exception cause, object @event, long sequenceNr) =>
        Break($"the journal cannot be written: {JournalFailure.Explain(cause)}", cause);

    protected override void OnPersistRejected(Exception cause, object @event, long sequenceNr)
    {
        Break($"the journal refuses an event: {cause.Message}", cause);
        Context.Stop(Self);
    }

    protected override void OnRecoveryFailure(Exception reason, object? message = null) =>
        Break($"the journal cannot be read: {JournalFailure.Explain(reason)}", reason);

    private void Resume()
    {
        if (_state.Spec is null)
        {
            _state = RunState.New(_runId); // what is left of a run that was being forgotten is none
            return; // to be requested now, or asked for in vain
        }

        if (_state.BeganAt is not null && !_state.IsTerminal)
        {
            _log.Info("Run {RunId} goes on: {Phase}", _runId, _state.Phase.ToString());
        }

        _cataloged = _state.Phase;
        Interpret();
        if (!_state.IsTerminal)
        {
            Context.System.EventStream.Publish(new RunNotices.Updated(_state)); // that it ended was told when it did
        }
    }

    private void Handle(IRunCommand command)
    {
        var sender = Sender;
        if (_forgetter is not null)
        {
            Answer(sender, command, new RunReplies.Refused(_runId, "the run is being removed"));
            return;
        }

        RecordActivity(command);
        var decision = _state.Decide(
            command is RunCommands.FailAttempt failure ? failure with { Chance = _random.NextDouble() } : command,
            _time.GetUtcNow());
        if (decision.Rejection is { } reason)
        {
            const string Refused = "{Command} is refused: {Reason}";
            if (command is IStepCommand) // late: the run is over, or has gone on
            {
                _log.Debug(Refused, command.GetType().Name, reason);
            }
            else
            {
                _log.Info(Refused, command.GetType().Name, reason);
            }

            Answer(sender, command, new RunReplies.Refused(_runId, reason));
            WindAlarms(command);
            StopIfQuiet();
            return;
        }

        if (decision.Events.Count == 0)
        {
            Answer(sender, command, new RunReplies.Accepted(_runId, _state));
            return;
        }

        _writing = (command, sender);
        PersistAll(
            decision.Events,
            e =>
            {
                var before = _state;
                _state = _state.Apply(e);
                LogFact(e);
                Context.System.EventStream.Publish(new RunNotices.Journaled(e, before, _state));
            },
            () =>
            {
                _writing = null;
                Answer(sender, command, new RunReplies.Accepted(_runId, _state));
                Interpret();
                PublishState();
                SaveSnapshotIfDue();
            });
    }

    /// <summary>Steps are told nothing back, but for sinks, whose commits wait for it.</summary>
    private void Answer(IActorRef sender, IRunCommand command, object reply)
    {
        if (command is not IStepCommand or RunCommands.RecordSinkProgress && !sender.Equals(Self))
        {
            sender.Tell(reply);
        }
    }

    /// <summary>Starts what should be in flight and is not; stops what is and should not be.</summary>
    private void Interpret()
    {
        var wanted = (_suspended ? [] : _state.Effects()).ToDictionary(effect => effect.Key);
        foreach (var (key, effect) in _inFlight.Where(flying => !wanted.ContainsKey(flying.Key)).ToList())
        {
            _inFlight.Remove(key);
            End(effect);
        }

        foreach (var (key, effect) in wanted)
        {
            var isNew = _inFlight.TryAdd(key, effect);
            if (isNew || (effect is RunEffect.HoldUntil && _inFlight[key] != effect)) // another part has its own time
            {
                _inFlight[key] = effect;
                Start(effect);
            }
        }

        StopIfQuiet();
    }

    private void Start(RunEffect effect)
    {
        switch (effect)
        {
            case RunEffect.RetryAt retry:
                Timers.StartSingleTimer(
                    TimerOf(effect), new RunCommands.Retry(_runId, retry.Id, retry.Attempt), Until(retry.At));
                return;
            case RunEffect.HoldUntil hold:
                Timers.StartSingleTimer(
                    TimerOf(effect), new RunCommands.ReachHoldLimit(_runId, hold.Id, hold.Attempt), PatienceWith(hold));
                return;
            case RunEffect.DeadlineAt deadline:
                Timers.StartSingleTimer(TimerOf(effect), new RunCommands.ReachDeadline(_runId), Until(deadline.At));
                return;
            default:
                _steps.For(effect).Tell(StepActors.MessageFor(effect, _runId, _state));
                StartTimer(effect);
                return;
        }
    }

    private void End(RunEffect effect)
    {
        Timers.Cancel(TimerOf(effect));
        _silences.Remove(effect.Key);
        if (IsWork(effect))
        {
            _stopping.Add(effect.Step!.Value);
            _steps.For(effect).Tell(new StopStep(_runId, effect.Step!.Value));
        }
    }

    /// <summary>Timers and the clock can differ a little: an alarm that came too early is set again.</summary>
    private void WindAlarms(IRunCommand refused)
    {
        if (refused is RunCommands.Retry or RunCommands.ReachDeadline or RunCommands.ReachHoldLimit)
        {
            foreach (var effect in _inFlight.Values.Where(e => e is RunEffect.RetryAt or RunEffect.DeadlineAt or RunEffect.HoldUntil).ToList())
            {
                Start(effect);
            }
        }
    }

    private void PublishState()
    {
        Context.System.EventStream.Publish(new RunNotices.Updated(_state));
        if (_state.Phase != _cataloged)
        {
            Catalog();
        }
    }

    /// <summary>The list of runs follows the journal; a run does not fail because the list does (<see cref="RunLister"/>).</summary>
    private void Catalog()
    {
        _cataloged = _state.Phase;
        var (summary, news) = (RunSummary.From(_state), Context.System.EventStream);
        _ = _catalog.SaveAsync(summary).ContinueWith(
            saved => news.Publish(new RunNotices.Unlisted(summary, saved.Exception!.InnerException!.Message)),
            CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
    }

    private bool IsQuiet => _stopping.Count == 0 && !_saving && _forgetter is null && (_state.IsTerminal || _state.Spec is null);

    /// <summary>A run that has nothing to do, now or ever again, or until it is resumed, takes no memory.</summary>
    private void StopIfQuiet()
    {
        if (_stopping.Count == 0 && _suspended && _forgetter is null)
        {
            if (_state.Spec is not null)
            {
                Catalog();
            }

            Context.Stop(Self);
        }
        else if (IsQuiet)
        {
            Context.Parent.Tell(new PassivateRun(_runId));
        }
    }

    /// <summary>This actor ends here; its parent wakes an unfinished run again when the journal is back.</summary>
    private void Break(string error, Exception cause)
    {
        _log.Warning(cause, "Run {RunId} breaks off at version {Version}: {Error}", _runId, _state.Version, error);
        Context.Parent.Tell(new BrokenRun(_runId, error, _state.Version));
        if (_writing is var (command, sender) && command is not IStepCommand) // a sink that is not answered does not commit
        {
            sender.Tell(new RunReplies.Unavailable(_runId, error, command));
        }

        Context.System.EventStream.Publish(new RunNotices.Broken(_runId, error));
    }

    private void LogFact(IRunEvent e)
    {
        switch (e)
        {
            case RunEvents.AttemptFailed failed:
                _facts.Warning(
                    "{Step}, attempt {Attempt}, failed; the next one comes at {RetryAt:O}: {Error}",
                    failed.Step.Name, failed.Attempt, failed.RetryAt, failed.Error);
                break;
            case RunEvents.StepFailed failed:
                _facts.Error("{Step} failed in attempt {Attempt}, its last: {Error}", failed.Step.Name, failed.Attempt, failed.Error);
                break;
            case RunEvents.Ended { Outcome: not RunOutcome.Completed } ended:
                _facts.Error("Run {RunId} ended: {Outcome}, {Reason}", _runId, ended.Outcome, ended.Reason);
                break;
            default:
                RunSentences.Write(_facts, _runId, e);
                break;
        }
    }

    private TimeSpan Until(DateTimeOffset at)
    {
        var wait = at - _time.GetUtcNow();
        return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }

    private static bool IsWork(RunEffect effect) =>
        effect is not (RunEffect.Drain or RunEffect.RetryAt or RunEffect.HoldUntil or RunEffect.DeadlineAt);

    private static string TimerOf(RunEffect effect) => $"{effect.GetType().Name}-{effect.Step}-{effect.Attempt}";
}

/// <summary>From a run to its parent: its journal cannot be read or written, and its end follows.</summary>
/// <param name="Version">Up to where the run is known to be journaled; 0 where nothing is known of it.</param>
public sealed record BrokenRun(string RunId, string Error, long Version);

/// <summary>Finish what is in progress, journal it, and leave; the run can be resumed.</summary>
public sealed record SuspendRun(string RunId) : IRunMessage, IDeadLetterSuppression;

/// <summary>From a run to its parent: nothing is left to do. Answered by <see cref="PassivateIfIdle"/>.</summary>
public sealed record PassivateRun(string RunId);

/// <summary>Leave, unless something came up meanwhile: then <see cref="PassivationRefused"/> is the answer.</summary>
public sealed record PassivateIfIdle(string RunId) : IRunMessage;

/// <summary>From a run to its parent: it has work again and stays.</summary>
public sealed record PassivationRefused(string RunId);
