using Akka.Actor;
using Akka.Event;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Journal;

namespace OtpActors.Runs;

/// <summary>
/// Runs that broke off because their journal could not be read or written, or by a fault. They go on from what is journaled, in
/// the same steps and attempts, once a write of the <see cref="JournalWatch"/> has succeeded: at once the first time, with
/// growing waits where a run breaks off again though the journal is well. Nobody waits for an answer in vain meanwhile: what is
/// asked of a run is answered by <see cref="RunReplies.Unavailable"/>, and <see cref="Insist"/> waits for the run.
/// </summary>
public sealed partial class RunsParent
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly Dictionary<string, Breakage> _broken = [];

    /// <summary>Why runs could not be read of which nothing is known: nobody wakes them.</summary>
    private readonly Dictionary<string, string> _unread = [];

    /// <summary>Runs whose actor has said why it ends, until it has.</summary>
    private readonly HashSet<string> _announced = [];

    protected override void PreStart()
    {
        Context.System.EventStream.Subscribe(Self, typeof(JournalNotices.Back));
        Context.System.EventStream.Subscribe(Self, typeof(DeadLetter));
    }

    private void KeepBrokenRuns()
    {
        Receive<BrokenRun>(broken =>
        {
            _announced.Add(broken.RunId);
            if (broken.Version > 0 || _broken.ContainsKey(broken.RunId))
            {
                Note(broken.RunId, broken.Error, broken.Version);
            }
            else
            {
                _unread[broken.RunId] = broken.Error;
            }
        });
        Receive<JournalNotices.Back>(_ =>
        {
            _unread.Clear();
            foreach (var (runId, breakage) in _broken.Where(run => run.Value.Waits).ToList())
            {
                if (breakage.Tries == 1)
                {
                    Wake(runId);
                }
                else
                {
                    WakeLater(runId, breakage);
                }
            }
        });
        Receive<WakeRun>(wake =>
        {
            if (_status.Outage is null)
            {
                Wake(wake.RunId);
            }
        });
        Receive<Insist>(insist =>
        {
            var runId = insist.Message.RunId;
            if (_broken.GetValueOrDefault(runId) is { Waits: true } waiting)
            {
                waiting.Insisted.Enqueue((insist.Message, Sender));
            }
            else if ((WhyNot(insist.Message) ?? _unread.GetValueOrDefault(runId)) is { } reason)
            {
                var breakage = Note(runId, reason, 0);
                breakage.Insisted.Enqueue((insist.Message, Sender));
                WakeLater(runId, breakage);
            }
            else
            {
                Deliver(insist.Message);
            }
        });
        Receive<DeadLetter>(letter => // what waited behind a write that failed
        {
            if (letter.Message is IRunMessage message and not (IStepCommand or SuspendRun or PassivateIfIdle)
                && letter.Recipient.Path.Parent.Equals(Self.Path) && WhyBroken(message.RunId) is { } reason)
            {
                letter.Sender.Tell(new RunReplies.Unavailable(message.RunId, reason, message));
            }
        });
    }

    /// <summary>Why a run cannot be spoken to now; null if it can. What only asks is answered from what can be read.</summary>
    private string? WhyNot(IRunMessage message) => _status.Outage is { } outage
        && (message is IRunCommand and not IStepCommand or ForgetRun || _broken.GetValueOrDefault(message.RunId) is { Waits: true })
            ? $"the journal cannot be written: {outage.Error}"
            : null;

    private string? WhyBroken(string runId) =>
        _broken.GetValueOrDefault(runId) is { Waits: true } breakage ? breakage.Error : _unread.GetValueOrDefault(runId);

    private Breakage Note(string runId, string error, long version)
    {
        if (!_broken.TryGetValue(runId, out var breakage))
        {
            _broken[runId] = breakage = new Breakage();
        }

        breakage.Tries = version > breakage.Version ? 1 : breakage.Tries + 1;
        breakage.Version = Math.Max(version, breakage.Version);
        (breakage.Error, breakage.Waits) = (error, true);
        if (breakage.Tries == 1)
        {
            breakage.Since = _time.GetUtcNow();
        }

        _status.Break(runId, new JournalOutage(error, breakage.Since));
        Context.System.EventStream.Publish(new RunNotices.HoldChanged(runId));
        return breakage;
    }

    /// <summary>The end of a run's actor: in order, or announced, or by a fault, after which the run is woken as well.</summary>
    private void NoteEnd(string runId)
    {
        var told = _suspended.Remove(runId);
        if (_announced.Remove(runId))
        {
            if (_broken.GetValueOrDefault(runId) is { WakesAtEnd: true })
            {
                Wake(runId);
            }
        }
        else if (told || _leaving.ContainsKey(runId))
        {
            _broken.Remove(runId);
        }
        else
        {
            _log.Error("Run {RunId} ended by a fault: it goes on from its journal", runId);
            WakeLater(runId, Note(runId, "the run broke off by a fault", 0));
        }
    }

    private void WakeLater(string runId, Breakage breakage)
    {
        var pause = TimeSpan.FromTicks(FirstPause.Ticks << Math.Min(breakage.Tries - 1, 10));
        Timers.StartSingleTimer($"wake-{runId}", new WakeRun(runId), pause < LongestPause ? pause : LongestPause);
    }

    private void Wake(string runId)
    {
        if (_closing || _broken.GetValueOrDefault(runId) is not { Waits: true } breakage)
        {
            return;
        }

        breakage.WakesAtEnd = _announced.Contains(runId);
        if (breakage.WakesAtEnd)
        {
            return; // its actor is about to end
        }

        breakage.Waits = false;
        Timers.Cancel($"wake-{runId}");
        _status.Mend(runId);
        Context.System.EventStream.Publish(new RunNotices.HoldChanged(runId));
        _ = Child(runId); // it recovers, and takes up what it was doing
        while (breakage.Insisted.TryDequeue(out var insisted))
        {
            Pass(runId, insisted.Message, insisted.Sender);
        }
    }

    /// <summary>To be delivered once the run can take it; answered as the message is, after any number of outages.</summary>
    public sealed record Insist(IRunMessage Message);

    private sealed record WakeRun(string RunId);

    private sealed class Breakage
    {
        /// <summary>How often it broke off since it last journaled something.</summary>
        public int Tries { get; set; }

        public long Version { get; set; }

        public string Error { get; set; } = "";

        /// <summary>When it first broke off after it last journaled something.</summary>
        public DateTimeOffset Since { get; set; }

        /// <summary>Whether it has no actor now, or one that is about to end.</summary>
        public bool Waits { get; set; }

        public bool WakesAtEnd { get; set; }

        public Queue<(IRunMessage Message, IActorRef Sender)> Insisted { get; } = [];
    }
}
