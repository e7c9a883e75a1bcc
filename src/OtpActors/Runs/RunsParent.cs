using Akka.Actor;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Journal;

namespace OtpActors.Runs;

/// <summary>
/// Finds or makes the actor of a run by its id, as a shard region would. A run that asks to leave is let go; what comes
/// for it meanwhile waits and wakes it again. A run that broke off is woken when the journal is back (RunsParent.Broken.cs).
/// </summary>
public sealed partial class RunsParent : ReceiveActor, IWithTimers
{
    private readonly Func<string, Props> _propsOf;
    private readonly JournalStatus _status;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, Queue<(object Message, IActorRef Sender)>> _leaving = [];
    private readonly HashSet<IActorRef> _suspendRequests = [];

    /// <summary>Runs that were told to leave, whatever they do.</summary>
    private readonly HashSet<string> _suspended = [];

    /// <summary>Whether the service ends: nothing is woken any more.</summary>
    private bool _closing;

    public RunsParent(Func<string, Props> propsOf, JournalStatus status, TimeProvider time)
    {
        (_propsOf, _status, _time) = (propsOf, status, time);
        Receive<IRunMessage>(Deliver);
        Receive<PassivateRun>(passivate =>
        {
            if (_leaving.TryAdd(passivate.RunId, new Queue<(object, IActorRef)>()))
            {
                Sender.Tell(new PassivateIfIdle(passivate.RunId)); // not a PoisonPill: it could cut a write to the journal short
            }
        });
        Receive<PassivationRefused>(staying => PassWaiting(staying.RunId));
        Receive<SuspendAll>(_ =>
        {
            _closing = true;
            _suspendRequests.Add(Sender);
            foreach (var child in Context.GetChildren())
            {
                Suspend(child);
            }

            AnswerIfEmpty();
        });
        Receive<Terminated>(terminated =>
        {
            var runId = terminated.ActorRef.Path.Name;
            NoteEnd(runId);
            PassWaiting(runId);
            AnswerIfEmpty();
        });
        KeepBrokenRuns();
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private void PassWaiting(string runId)
    {
        if (_leaving.Remove(runId, out var waiting))
        {
            foreach (var (message, sender) in waiting)
            {
                Pass(runId, message, sender);
            }
        }
    }

    private void Deliver(IRunMessage message)
    {
        if (_leaving.TryGetValue(message.RunId, out var waiting))
        {
            waiting.Enqueue((message, Sender));
        }
        else if (WhyNot(message) is { } reason)
        {
            Sender.Tell(new RunReplies.Unavailable(message.RunId, reason, message));
        }
        else if (message is SuspendRun)
        {
            Suspend(Child(message.RunId));
        }
        else
        {
            Wake(message.RunId);
            Pass(message.RunId, message, Sender);
        }
    }

    private void Pass(string runId, object message, IActorRef sender)
    {
        Child(runId).Tell(message, sender);
        if (_suspendRequests.Count > 0)
        {
            Suspend(Child(runId)); // what wakes now leaves as well
        }
    }

    private void Suspend(IActorRef child)
    {
        _suspended.Add(child.Path.Name);
        child.Tell(new SuspendRun(child.Path.Name));
    }

    private IActorRef Child(string runId)
    {
        var child = Context.Child(runId);
        if (!child.IsNobody())
        {
            return child;
        }

        _unread.Remove(runId);
        return Context.Watch(Context.ActorOf(_propsOf(runId), runId));
    }

    private void AnswerIfEmpty()
    {
        if (_suspendRequests.Count > 0 && !Context.GetChildren().Any())
        {
            foreach (var requester in _suspendRequests)
            {
                requester.Tell(AllSuspended.Instance);
            }

            _suspendRequests.Clear();
        }
    }

    /// <summary>A run that broke is not restarted in place: it is recovered from its journal.</summary>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Stop);

    /// <summary>Suspends every run; answered by <see cref="AllSuspended"/> once all have left.</summary>
    public sealed record SuspendAll;

    public sealed record AllSuspended
    {
        public static readonly AllSuspended Instance = new();
    }
}
