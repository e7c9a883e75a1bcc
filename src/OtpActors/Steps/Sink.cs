using Akka.Actor;
using Akka.Hosting;
using OtpActors.Stores;
using OtpActors.Topics;
using OtpActors.Workflow;

namespace OtpActors.Steps;

/// <summary>
/// Moves a topic's records into one store, as one consumer group. Answers a run by <see cref="RunCommands.ConfirmSinkReady"/>
/// once its partitions are assigned, <see cref="RunCommands.RecordSinkProgress"/> while it stores (an offset is committed
/// only after the run has journaled the counts up to it) and <see cref="RunCommands.ConfirmSinkDrained"/>. One
/// <see cref="SinkWorker"/> serves each run.
/// </summary>
public abstract class Sink : ReceiveActor
{
    private readonly Dictionary<string, Worker> _workers = [];
    private readonly SinkSetup _setup;
    private int _started;

    protected Sink(SinkSetup setup)
    {
        _setup = setup;
        Receive<Begin>(Start);
        Receive<Drain>(drain =>
        {
            if (_workers.TryGetValue(drain.RunId, out var worker))
            {
                worker.Actor.Forward(drain);
            }
        });
        Receive<StopStep>(Stop);
        Receive<Terminated>(End);
    }

    /// <param name="Counted">Up to where the run has counted, by partition: earlier records are stored, not counted.</param>
    public sealed record Begin(string RunId, StepId Step, int Attempt, RunSpec Spec, OffsetMap Counted) : IBeginStep;

    /// <summary>Everything below these offsets is to be stored and committed; then the sink says that it is drained.</summary>
    public sealed record Drain(string RunId, int Attempt, OffsetMap HighWatermarks);

    private void Start(Begin begin)
    {
        if (_workers.TryGetValue(begin.RunId, out var previous))
        {
            Context.Stop(previous.Actor); // its group membership is fenced by the new worker's
        }

        var run = Sender;
        var actor = Context.ActorOf(
            Props.Create(() => new SinkWorker(_setup, begin, run)), $"{begin.RunId}-{begin.Attempt}-{++_started}");
        Context.Watch(actor);
        _workers[begin.RunId] = new Worker(actor, begin.Step, previous?.StopRequests ?? []);
    }

    private void Stop(StopStep stop)
    {
        if (_workers.TryGetValue(stop.RunId, out var worker))
        {
            worker.StopRequests.Add(Sender);
            worker.Actor.Tell(stop);
        }
        else
        {
            Sender.Tell(new StepStopped(stop.RunId, stop.Step));
        }
    }

    private void End(Terminated terminated)
    {
        var (runId, worker) = _workers.FirstOrDefault(w => w.Value.Actor.Equals(terminated.ActorRef));
        if (worker is null)
        {
            return; // replaced by a newer attempt
        }

        _workers.Remove(runId);
        foreach (var requester in worker.StopRequests)
        {
            requester.Tell(new StepStopped(runId, worker.Step));
        }
    }

    private sealed record Worker(IActorRef Actor, StepId Step, List<IActorRef> StopRequests);
}

/// <summary>The sink into Cassandra.</summary>
public sealed class CassandraSink(SinkSetup setup) : Sink(setup);

/// <summary>The sink into MongoDB.</summary>
public sealed class MongoSink(SinkSetup setup) : Sink(setup);

/// <param name="Group">The consumer group.</param>
public sealed record SinkSetup(IOtpTopic Topic, IOtpStore Store, string Group, TimeProvider Time);

public static class SinkHosting
{
    public static AkkaConfigurationBuilder AddCassandraSink(this AkkaConfigurationBuilder builder, Func<IServiceProvider, SinkSetup> setup) =>
        builder.Add<CassandraSink>("cassandra-sink", setup);

    public static AkkaConfigurationBuilder AddMongoSink(this AkkaConfigurationBuilder builder, Func<IServiceProvider, SinkSetup> setup) =>
        builder.Add<MongoSink>("mongo-sink", setup);

    private static AkkaConfigurationBuilder Add<TSink>(
        this AkkaConfigurationBuilder builder, string name, Func<IServiceProvider, SinkSetup> setup)
        where TSink : Sink =>
        builder.WithActors((system, registry, resolver) => registry.Register<TSink>(
            system.ActorOf(resolver.Props<TSink>(setup(resolver.GetService<IServiceProvider>())), name)));
}
