using Akka.Actor;
using Akka.Event;
using Akka.Hosting;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Domain.Schedules;
using OtpActors.Infrastructure.Journal;
using OtpActors.Lifecycle;
using static OtpActors.Domain.Schedules.ScheduleMessages;

namespace OtpActors.Triggers.Schedules;

public sealed record ScheduleSetup(IScheduleStore Store, IRunStarter Starter, TimeProvider Time, TriggerCounts Counts);

/// <summary>
/// Keeps the schedules and starts their runs. What is due is decided by <see cref="ScheduleState.Plan"/>; this actor asks it
/// at each due time, and each minute in case the clock was set, starts the run, and saves after that how far the schedule has
/// come. A due time's run has an id of its own, so that a start that is repeated after a crash is the same run.
/// <code>
/// Loading → Ready ⇄ Saving     one write at a time; whatever comes meanwhile waits
/// </code>
/// No run is started before the unfinished runs of an earlier process are known.
/// </summary>
public sealed class ScheduleKeeper : ReceiveActor, IWithTimers, IWithUnboundedStash
{
    public const int MaxSchedules = 1_000;

    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly ScheduleSetup _setup;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly SortedDictionary<string, ScheduleState> _schedules = new(StringComparer.Ordinal);

    /// <summary>Due times whose run is being started: one a schedule.</summary>
    private readonly Dictionary<string, DateTimeOffset> _starting = [];
    private readonly List<IActorRef> _stopRequests = [];
    private Write? _write;
    private int _asked;
    private bool _opened;

    public ScheduleKeeper(ScheduleSetup setup)
    {
        _setup = setup;
        Loading();
    }

    public ITimerScheduler Timers { get; set; } = null!;

    public IStash Stash { get; set; } = null!;

    private bool IsStopping => _stopRequests.Count > 0;

    protected override void PreStart() => Load();

    private void Load() =>
        _setup.Store.OpenAsync([ScheduleState.New(ScheduleDefinition.Daily, _setup.Time.GetUtcNow())])
            .PipeTo(Self, success: schedules => new Loaded(schedules), failure: e => new LoadFailed(e));

    private void Loading()
    {
        Receive<Loaded>(loaded =>
        {
            foreach (var state in loaded.Schedules)
            {
                _schedules[state.Name] = state;
            }

            Become(Ready);
            Stash.UnstashAll();
        });
        Receive<LoadFailed>(failed =>
        {
            _log.Error(failed.Cause, "The schedules cannot be read: {Error}", failed.Cause.Message);
            Timers.StartSingleTimer(nameof(Load), LoadAgain.Instance, LongestPause);
        });
        Receive<LoadAgain>(_ => Load());
        Receive<Stop>(_ => Sender.Tell(Stopped.Instance));
        ReceiveAny(_ => Stash.Stash());
    }

    private void Ready()
    {
        Receive<RunNotices.Resumed>(_ =>
        {
            _opened = true;
            foreach (var name in _schedules.Keys)
            {
                Self.Tell(new Look(name), ActorRefs.NoSender);
            }
        });
        Receive<List>(_ => Sender.Tell(new Listed([.. _schedules.Values])));
        Receive<Get>(get => ReplyOr404(get.Name, state => Sender.Tell(new Found(state))));
        Receive<Create>(create =>
        {
            if (_schedules.ContainsKey(create.Definition.Name))
            {
                Sender.Tell(new Refused(create.Definition.Name, "there is a schedule of this name"));
            }
            else
            {
                Add(create.Definition);
            }
        });
        Receive<Put>(put =>
        {
            if (_schedules.TryGetValue(put.Definition.Name, out var state))
            {
                Change(state.Redefine(put.Definition, _setup.Time.GetUtcNow()));
            }
            else
            {
                Add(put.Definition);
            }
        });
        Receive<Enable>(enable => ReplyOr404(enable.Name, state => Change(state.Enable(enable.Enabled, _setup.Time.GetUtcNow()))));
        Receive<NoteRun>(note => ReplyOr404(note.Name, state => Change(state with { LastRunId = note.RunId })));
        Receive<Delete>(delete => ReplyOr404(delete.Name, state => Save(
            new Write(state, Deleted: true), () => { }, Sender, new Found(state))));
        Receive<Look>(look => Evaluate(look.Name));
        Receive<StartAgain>(again => StartAgainOrLeave(again));
        Receive<Begun>(begun => End(begun));
        Receive<NotBegun>(failed => Hold(failed));
        Receive<Stop>(_ =>
        {
            _stopRequests.Add(Sender);
            Timers.CancelAll();
            StopIfTold();
        });
    }

    private void Saving()
    {
        Receive<Saved>(_ =>
        {
            var write = _write!;
            if (write.Deleted)
            {
                Forget(write.State.Name);
            }
            else
            {
                _schedules[write.State.Name] = write.State;
            }

            Become(Ready);
            write.Requester?.Tell(write.Reply);
            write.Then!();
            Stash.UnstashAll();
        });
        Receive<SaveFailed>(failed =>
        {
            var write = _write!;
            _log.Error(failed.Cause, "Schedule {Schedule} cannot be saved: {Error}", write.State.Name, failed.Cause.Message);
            Become(Ready);
            write.Requester?.Tell(new Failed(failed.Cause.Message));
            if (_opened && !IsStopping)
            {
                Timers.StartSingleTimer(TimerOf(write.State.Name), new Look(write.State.Name), LongestPause); // what it was about is decided anew
            }

            StopIfTold();
            Stash.UnstashAll();
        });
        ReceiveAny(_ => Stash.Stash());
    }

    private void ReplyOr404(string name, Action<ScheduleState> found)
    {
        if (_schedules.TryGetValue(name, out var state))
        {
            found(state);
        }
        else
        {
            Sender.Tell(new NotFound(name));
        }
    }

    private void Add(ScheduleDefinition definition)
    {
        if (_schedules.Count >= MaxSchedules)
        {
            Sender.Tell(new Refused(definition.Name, $"there are {MaxSchedules} schedules, as many as there can be"));
            return;
        }

        var state = ScheduleState.New(definition, _setup.Time.GetUtcNow());
        Save(new Write(state), () => Evaluate(state.Name), Sender, new Found(state, Created: true));
    }

    private void Change(ScheduleState state) => Save(new Write(state), () => Evaluate(state.Name), Sender, new Found(state));

    private void Save(Write write, Action then, IActorRef? requester = null, object? reply = null)
    {
        _write = write with { Then = then, Requester = requester, Reply = reply };
        Become(Saving);
        (write.Deleted ? _setup.Store.DeleteAsync(write.State.Name) : _setup.Store.SaveAsync(write.State))
            .PipeTo(Self, success: () => Saved.Instance, failure: e => new SaveFailed(e));
    }

    /// <summary>Does what the schedule wants now, one thing at a time, and comes again when the next is due.</summary>
    private void Evaluate(string name)
    {
        if (!_opened || IsStopping || _starting.ContainsKey(name) || !_schedules.TryGetValue(name, out var state))
        {
            return;
        }

        var now = _setup.Time.GetUtcNow();
        var plan = state.Plan(now);
        if (plan.ClockWentBack)
        {
            _log.Warning("Schedule {Schedule} was handled until {Until:O}, which is far ahead: the clock was set back", name, state.HandledUntil);
            Save(new Write(state.Rewind(now)), () => Evaluate(name));
        }
        else if (plan.Missed is { } missed)
        {
            Miss(state, missed, "the service could not start it in time");
        }
        else if (plan.Due is { } due)
        {
            Start(state, due, FirstPause);
        }
        else if (plan.Next is { } next)
        {
            var wait = next - now;
            Timers.StartSingleTimer(TimerOf(name), new Look(name), wait < LongestWait ? wait : LongestWait);
        }
        else
        {
            Timers.Cancel(TimerOf(name));
        }
    }

    /// <summary>Saved first: a time that is missed is reported once.</summary>
    private void Miss(ScheduleState state, MissedTimes missed, string why)
    {
        var system = Context.System;
        Save(new Write(state.Miss(missed)), () =>
        {
            var detail = missed.Count == 1 ? $"{missed.First:u}: {why}" : $"{missed.First:u} to {missed.Last:u}: {why}";
            MissedRuns.Tell(system, _log, _setup.Counts, new MissedRun(MissedKind.DueTime, state.Name, missed.Count, detail));
            Evaluate(state.Name);
        });
    }

    private void Start(ScheduleState state, DateTimeOffset due, TimeSpan pause)
    {
        var (name, runId) = (state.Name, RunIds.OfSchedule(state.Name, due));
        _starting[name] = due;
        _asked++;
        _setup.Starter
            .StartAsync(
                runId, state.Definition.Request.With(state.Definition.Overlap), new RunTrigger(TriggerKind.Schedule, $"{name}@{due.UtcDateTime:O}"),
                CancellationToken.None)
            .PipeTo(
                Self,
                success: started => new Begun(name, due, runId, started.Again),
                failure: e => e is RunKeyReusedException ? new Begun(name, due, runId, Again: true) : new NotBegun(name, due, e, pause));
    }

    private void End(Begun begun)
    {
        _asked--;
        _starting.Remove(begun.Name);
        if (!begun.Again)
        {
            _setup.Counts.CountScheduled();
            _log.Info("Run {RunId} is started by schedule {Schedule}", begun.RunId, begun.Name);
        }

        if (_schedules.TryGetValue(begun.Name, out var state))
        {
            Save(new Write(state.Start(begun.Due, begun.RunId)), () =>
            {
                Evaluate(begun.Name);
                StopIfTold();
            });
        }
        else
        {
            StopIfTold();
        }
    }

    /// <summary>A time that was due once is not given up for an outage; one that cannot be carried out is missed.</summary>
    private void Hold(NotBegun failed)
    {
        _asked--;
        if (failed.Cause is RunRequestException wrong)
        {
            _starting.Remove(failed.Name);
            if (_schedules.TryGetValue(failed.Name, out var state))
            {
                Miss(state, new MissedTimes(1, failed.Due, failed.Due), $"request.{wrong.Field} is wrong by now");
            }
        }
        else if (!IsStopping)
        {
            _log.Warning(failed.Cause, "Schedule {Schedule} holds its run of {Due:u}: {Error}", failed.Name, failed.Due, failed.Cause.Message);
            var next = failed.Pause * 2 < LongestPause ? failed.Pause * 2 : LongestPause;
            Timers.StartSingleTimer(HoldOf(failed.Name), new StartAgain(failed.Name, failed.Due, next), failed.Pause);
        }

        StopIfTold();
    }

    private void StartAgainOrLeave(StartAgain again)
    {
        if (_schedules.TryGetValue(again.Name, out var state) && state.Definition.Enabled)
        {
            Start(state, again.Due, again.Pause);
        }
        else
        {
            _starting.Remove(again.Name); // paused meanwhile
            Evaluate(again.Name);
        }
    }

    private void StopIfTold()
    {
        if (IsStopping && _asked == 0)
        {
            _stopRequests.ForEach(requester => requester.Tell(Stopped.Instance));
        }
    }

    private void Forget(string name)
    {
        _schedules.Remove(name);
        Timers.Cancel(TimerOf(name));
        if (Timers.IsTimerActive(HoldOf(name)))
        {
            Timers.Cancel(HoldOf(name));
            _starting.Remove(name);
        }
    }

    private static string TimerOf(string name) => $"due-{name}";

    private static string HoldOf(string name) => $"hold-{name}";

    private sealed record Look(string Name);

    private sealed record StartAgain(string Name, DateTimeOffset Due, TimeSpan Pause);

    private sealed record Begun(string Name, DateTimeOffset Due, string RunId, bool Again);

    /// <param name="Pause">The wait before the next try.</param>
    private sealed record NotBegun(string Name, DateTimeOffset Due, Exception Cause, TimeSpan Pause);

    private sealed record Loaded(IReadOnlyList<ScheduleState> Schedules);

    private sealed record LoadFailed(Exception Cause);

    private sealed record Write(ScheduleState State, bool Deleted = false)
    {
        public Action? Then { get; init; }

        public IActorRef? Requester { get; init; }

        public object? Reply { get; init; }
    }

    private sealed record SaveFailed(Exception Cause);

    private sealed class Saved
    {
        public static readonly Saved Instance = new();
    }

    private sealed class LoadAgain
    {
        public static readonly LoadAgain Instance = new();
    }
}

public static class ScheduleKeeperHosting
{
    /// <summary>Adds the schedules; the runs come before.</summary>
    public static AkkaConfigurationBuilder AddSchedules(this AkkaConfigurationBuilder builder) =>
        builder.WithActors((system, registry, resolver) =>
        {
            var setup = new ScheduleSetup(
                resolver.GetService<IScheduleStore>(), resolver.GetService<IRunStarter>(), resolver.GetService<TimeProvider>(),
                resolver.GetService<TriggerCounts>());
            var schedules = system.ActorOf(Props.Create(() => new ScheduleKeeper(setup)), "schedules");
            registry.Register<ScheduleKeeper>(schedules);
            TriggerPhase.NotifyWhenResumed(system, schedules);
            TriggerPhase.StopInOrder<Stopped>(system, schedules, new Stop());
        });
}
