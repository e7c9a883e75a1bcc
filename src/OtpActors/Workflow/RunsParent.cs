using Akka.Actor;

namespace OtpActors.Workflow;

/// <summary>
/// Finds or makes the actor of a run by its id, as a shard region would. A run that asks to leave is let go; what comes
/// for it meanwhile waits and wakes it again.
/// </summary>
public sealed class RunsParent : ReceiveActor
{
    private readonly Func<string, Props> _propsOf;
    private readonly Dictionary<string, Queue<(object Message, IActorRef Sender)>> _leaving = [];
    private readonly HashSet<IActorRef> _suspendRequests = [];

    public RunsParent(Func<string, Props> propsOf)
    {
        _propsOf = propsOf;
        Receive<IRunMessage>(Deliver);
        Receive<PassivateRun>(passivate =>
        {
            if (_leaving.TryAdd(passivate.RunId, new Queue<(object, IActorRef)>()))
            {
                Sender.Tell(new LeaveIfQuiet(passivate.RunId)); // not a PoisonPill: it could cut a write to the journal short
            }
        });
        Receive<StayingRun>(staying => PassWaiting(staying.RunId));
        Receive<SuspendAll>(_ =>
        {
            _suspendRequests.Add(Sender);
            foreach (var child in Context.GetChildren())
            {
                child.Tell(new SuspendRun(child.Path.Name));
            }

            AnswerIfEmpty();
        });
        Receive<Terminated>(terminated =>
        {
            PassWaiting(terminated.ActorRef.Path.Name);
            AnswerIfEmpty();
        });
    }

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
        else
        {
            Pass(message.RunId, message, Sender);
        }
    }

    private void Pass(string runId, object message, IActorRef sender)
    {
        Child(runId).Tell(message, sender);
        if (_suspendRequests.Count > 0)
        {
            Child(runId).Tell(new SuspendRun(runId)); // what wakes now leaves as well
        }
    }

    private IActorRef Child(string runId)
    {
        var child = Context.Child(runId);
        return child.IsNobody() ? Context.Watch(Context.ActorOf(_propsOf(runId), runId)) : child;
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

    /// <summary>A run that broke is not restarted in place: it is recovered from its journal when next spoken to.</summary>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Stop);

    /// <summary>Suspends every run; answered by <see cref="AllSuspended"/> once all have left.</summary>
    public sealed record SuspendAll;

    public sealed record AllSuspended
    {
        public static readonly AllSuspended Instance = new();
    }
}
