using Akka.Actor;
using OtpActors.Domain.Runs.Messages;

namespace OtpActors.Lifecycle;

/// <summary>
/// When what begins work by itself may do so: after the unfinished runs of an earlier process have their topics again, and until
/// the service ends, before its runs are suspended.
/// </summary>
internal static class TriggerPhase
{
    /// <summary>The phase of the shutdown in which nothing new is begun any more; the runs are suspended after it.</summary>
    public const string Stop = "stop-triggers";

    /// <summary>Sends <see cref="RunNotices.Resumed"/> to the actor. Done from outside it: nothing after this is missed.</summary>
    public static void NotifyWhenResumed(ActorSystem system, IActorRef actor) =>
        system.EventStream.Subscribe(actor, typeof(RunNotices.Resumed));

    /// <summary>Stops an actor in order when the service ends, before the runs are suspended.</summary>
    /// <typeparam name="TStopped">What it answers.</typeparam>
    public static void StopInOrder<TStopped>(ActorSystem system, IActorRef actor, object stop) =>
        CoordinatedShutdown.Get(system).AddTask(Stop, $"stop-{actor.Path.Name}", async () =>
        {
            await actor.Ask<TStopped>(stop);
            return Akka.Done.Instance;
        });
}
