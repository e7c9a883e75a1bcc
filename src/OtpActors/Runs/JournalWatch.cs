using Akka.Actor;
using Akka.Event;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Journal;

namespace OtpActors.Runs;

/// <summary>
/// Knows whether the journal can be written: by a write of its own each <see cref="Interval"/> in which no run wrote, at
/// once where a run broke off, and with growing waits for as long as it cannot. One write at a time, however many runs wait.
/// <code>
/// Available ── a write fails, or is not answered in time ──→ Unavailable
///     ↑                                                         │ tries again after 250 ms … 5 s
///     └────────────────────── a write succeeds ─────────────────┘
/// </code>
/// Publishes <see cref="JournalNotices"/> and keeps <see cref="JournalStatus.Outage"/>.
/// </summary>
public sealed class JournalWatch : ReceiveActor, IWithTimers
{
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);
    internal static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    internal static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    /// <summary>A write that takes longer is an outage for those who ask; it is waited for all the same.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>For this long a write proves that the next one succeeds.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan ToldAgain = TimeSpan.FromMinutes(1);

    private readonly JournalStatus _status;
    private readonly TimeProvider _time;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly List<IActorRef> _askers = [];
    private IActorRef? _probe;
    private string? _error;
    private DateTimeOffset _provenAt;
    private DateTimeOffset _toldAt;
    private TimeSpan _pause = FirstPause;
    private bool _writing;
    private bool _suspected;
    private bool _again;

    public JournalWatch(JournalStatus status, TimeProvider time)
    {
        (_status, _time) = (status, time);
        Receive<RunNotices.Broken>(_ =>
        {
            (_suspected, _again) = (true, _writing); // the write that is under way may have begun before
            Write();
        });
        Receive<RunNotices.Journaled>(_ =>
        {
            if (_status.Outage is null && !_suspected)
            {
                _provenAt = _time.GetUtcNow();
            }
        });
        Receive<Check>(_ =>
        {
            if (_status.Outage is { } outage)
            {
                Sender.Tell(new Checked(outage.Error)); // it is tried as often as is good for it
            }
            else if (!_suspected && _time.GetUtcNow() - _provenAt < Fresh)
            {
                Sender.Tell(new Checked(null));
            }
            else
            {
                _askers.Add(Sender);
                Write();
            }
        });
        Receive<Tick>(_ =>
        {
            if (_time.GetUtcNow() - _provenAt >= Interval)
            {
                Write();
            }
        });
        Receive<TryAgain>(_ => Write());
        Receive<GiveUp>(_ => Fail($"it does not answer within {Patience.TotalSeconds:0} s"));
        Receive<JournalProbe.Written>(_ => Succeed());
        Receive<JournalProbe.Failed>(failed =>
        {
            _error = failed.Error;
            if (failed.Damaged)
            {
                _status.Damage = failed.Error;
            }
        });
        Receive<Terminated>(_ =>
        {
            (_probe, _writing) = (null, false);
            Fail(_error ?? "the write was broken off");
            Timers.StartSingleTimer(nameof(TryAgain), TryAgain.Instance, _pause);
            _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
        });
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        Context.System.EventStream.Subscribe(Self, typeof(RunNotices.Broken));
        Context.System.EventStream.Subscribe(Self, typeof(RunNotices.Journaled));
        Timers.StartPeriodicTimer(nameof(Tick), Tick.Instance, Interval);
    }

    private void Write()
    {
        if (_writing || Timers.IsTimerActive(nameof(TryAgain)))
        {
            return;
        }

        _writing = true;
        _error = null;
        _probe ??= Context.Watch(Context.ActorOf(Props.Create(() => new JournalProbe())));
        _probe.Tell(JournalProbe.Write.Instance);
        Timers.StartSingleTimer(nameof(GiveUp), GiveUp.Instance, Patience);
    }

    private void Succeed()
    {
        Timers.Cancel(nameof(GiveUp));
        _writing = false;
        if (_again)
        {
            _again = false;
            Write();
            return;
        }

        (_provenAt, _pause) = (_time.GetUtcNow(), FirstPause);
        if (_status.Outage is { } outage)
        {
            _status.Outage = null;
            _log.Info("The journal can be written again after {Seconds:0.#} s", (_provenAt - outage.Since).TotalSeconds);
        }
        else if (!_suspected)
        {
            Answer(null);
            return;
        }

        _suspected = false;
        Answer(null);
        Context.System.EventStream.Publish(JournalNotices.Back.Instance);
    }

    private void Fail(string error)
    {
        Timers.Cancel(nameof(GiveUp));
        var now = _time.GetUtcNow();
        var first = _status.Outage is null;
        _status.Outage = new JournalOutage(error, _status.Outage?.Since ?? now);
        if (first || now - _toldAt >= ToldAgain)
        {
            _toldAt = now;
            _log.Error(
                "The journal cannot be written since {Since:u}: {Error}. {Runs} run(s) wait for it and go on by themselves; nothing new is begun",
                _status.Outage.Since, error, _status.BrokenRuns);
        }

        if (first)
        {
            Context.System.EventStream.Publish(new JournalNotices.Out(error));
        }

        Answer(error);
    }

    private void Answer(string? error)
    {
        _askers.ForEach(asker => asker.Tell(new Checked(error)));
        _askers.Clear();
    }

    /// <summary>Whether it can be written now; answered by <see cref="Checked"/>, in 5 s at the most.</summary>
    public sealed record Check
    {
        public static readonly Check Instance = new();
    }

    /// <param name="Error">Null if it can be written.</param>
    public sealed record Checked(string? Error);

    private sealed class Tick
    {
        public static readonly Tick Instance = new();
    }

    private sealed class TryAgain
    {
        public static readonly TryAgain Instance = new();
    }

    private sealed class GiveUp
    {
        public static readonly GiveUp Instance = new();
    }
}
