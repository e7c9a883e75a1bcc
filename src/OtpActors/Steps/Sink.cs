using Akka.Actor;
using Akka.Hosting;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Topics;
using OtpActors.Lifecycle;

namespace OtpActors.Steps;

/// <summary>
/// Moves a topic's records into one store, as one consumer group. Answers a run by <see cref="RunCommands.ConfirmSinkReady"/>
/// once its partitions are assigned, <see cref="RunCommands.RecordSinkProgress"/> while it stores (an offset is committed
/// only after the run has journaled the counts up to it) and <see cref="RunCommands.ConfirmSinkDrained"/>. One
/// <see cref="SinkWorker"/> serves each run. Where a <see cref="ContinuousSink"/> consumes the topic between runs, that one
/// finishes and commits what it has in progress before a run's worker begins.
/// </summary>
public abstract class Sink : ReceiveActor
{
    private readonly Dictionary<string, Worker> _workers = [];
    private readonly Dictionary<string, Pending> _pending = [];
    private readonly SinkSetup _setup;
    private IActorRef _continuous = ActorRefs.Nobody;
    private int _started;

    protected Sink(SinkSetup setup)
    {
        _setup = setup;
        Receive<Begin>(begin =>
        {
            if (IsContinuous(begin.Spec.Topic))
            {
                _pending[begin.RunId] = new Pending(begin, Sender);
                _continuous.Tell(new ContinuousSink.HandOver(begin.RunId));
            }
            else
            {
                Start(begin, Sender);
            }
        });
        Receive<ContinuousSink.HandedOver>(handedOver => TakeOver(handedOver.RunId));
        Receive<CloseContinuous>(close => _continuous.Forward(close));
        Receive<RunNotices.Resumed>(notice => _continuous.Forward(notice));
        Receive<RunNotices.Updated>(notice => _continuous.Forward(notice));
        Receive<Drain>(drain =>
        {
            if (_pending.TryGetValue(drain.RunId, out var pending))
            {
                pending.Drain = drain;
            }
            else if (_workers.TryGetValue(drain.RunId, out var worker))
            {
                worker.Actor.Forward(drain);
            }
        });
        Receive<EndDrain>(end =>
        {
            if (_workers.TryGetValue(end.RunId, out var worker))
            {
                worker.Actor.Forward(end);
            }
        });
        Receive<StopStep>(Stop);
        Receive<WorkerEnded>(End);
    }

    /// <param name="Counted">Up to where the run has counted, by partition: earlier records are stored, not counted.</param>
    public sealed record Begin(string RunId, StepId Step, int Attempt, RunSpec Spec, OffsetMap Counted, StepHold? Hold = null)
        : IBeginStep;

    /// <summary>Everything below these offsets is to be stored and committed; then the sink says that it is drained.</summary>
    public sealed record Drain(string RunId, int Attempt, OffsetMap HighWatermarks);

    /// <summary>
    /// The window has passed without progress. Answered by <see cref="RunCommands.ElapseWindow"/> where the sink has nothing
    /// under way and the topic answers; otherwise not at all: what is fetched, written or unanswered is no silence of the topic.
    /// </summary>
    public sealed record EndDrain(string RunId);

    /// <summary>Ends the consuming between runs for good, in order; answered by <see cref="ContinuousClosed"/>.</summary>
    public sealed record CloseContinuous;

    public sealed record ContinuousClosed
    {
        public static readonly ContinuousClosed Instance = new();
    }

    protected override void PreStart()
    {
        if (_setup.Continuous is not null)
        {
            _continuous = Context.ActorOf(Props.Create(() => new ContinuousSink(_setup)), "continuous");
        }
    }

    private bool IsContinuous(string topic) => _setup.Continuous?.Topic.Name == topic;

    /// <summary>Each handover is given back once: by the worker that it is for, or here where nobody wants it any more.</summary>
    private void TakeOver(string runId)
    {
        if (_pending.Remove(runId, out var pending))
        {
            Start(pending.Begin, pending.Run);
            if (pending.Drain is { } drain)
            {
                _workers[runId].Actor.Tell(drain, pending.Run);
            }
        }
        else
        {
            _continuous.Tell(ContinuousSink.Released.Instance);
        }
    }

    private void Start(Begin begin, IActorRef run)
    {
        if (_workers.TryGetValue(begin.RunId, out var previous))
        {
            Context.Stop(previous.Actor); // its group membership is fenced by the new worker's
        }

        var task = SinkTask.From(begin);
        var actor = Context.ActorOf(
            Props.Create(() => new SinkWorker(_setup, task, run)), $"{begin.RunId}-{begin.Attempt}-{++_started}");
        Context.WatchWith(actor, new WorkerEnded(actor, begin.Spec.Topic));
        _workers[begin.RunId] = new Worker(actor, begin.Step, previous?.StopRequests ?? []);
    }

    private void Stop(StopStep stop)
    {
        _pending.Remove(stop.RunId);
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

    private void End(WorkerEnded ended)
    {
        if (IsContinuous(ended.Topic))
        {
            _continuous.Tell(ContinuousSink.Released.Instance);
        }

        var (runId, worker) = _workers.FirstOrDefault(w => w.Value.Actor.Equals(ended.Worker));
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

    private sealed record WorkerEnded(IActorRef Worker, string Topic);

    /// <summary>A run that waits until the topic is handed over to it.</summary>
    private sealed class Pending(Begin begin, IActorRef run)
    {
        public Begin Begin => begin;

        public IActorRef Run => run;

        public Drain? Drain { get; set; }
    }
}

/// <summary>The sink into Cassandra.</summary>
public sealed class CassandraSink(SinkSetup setup) : Sink(setup);

/// <summary>The sink into MongoDB.</summary>
public sealed class MongoSink(SinkSetup setup) : Sink(setup);

/// <param name="Group">The consumer group.</param>
/// <param name="Continuous">What is consumed between runs; null where nothing is.</param>
public sealed record SinkSetup(IOtpTopic Topic, IOtpStore Store, string Group, TimeProvider Time, ContinuousSinkSetup? Continuous = null);

public static class SinkHosting
{
    public static AkkaConfigurationBuilder AddCassandraSink(this AkkaConfigurationBuilder builder, Func<IServiceProvider, SinkSetup> setup) =>
        builder.Add<CassandraSink>("cassandra-sink", setup);

    public static AkkaConfigurationBuilder AddMongoSink(this AkkaConfigurationBuilder builder, Func<IServiceProvider, SinkSetup> setup) =>
        builder.Add<MongoSink>("mongo-sink", setup);

    private static AkkaConfigurationBuilder Add<TSink>(
        this AkkaConfigurationBuilder builder, string name, Func<IServiceProvider, SinkSetup> setup)
        where TSink : Sink =>
        builder.WithActors((system, registry, resolver) =>
        {
            var own = setup(resolver.GetService<IServiceProvider>());
            var sink = system.ActorOf(resolver.Props<TSink>(own), name);
            registry.Register<TSink>(sink);
            if (own.Continuous is not null)
            {
                Listen(system, sink);
                TriggerPhase.StopInOrder<Sink.ContinuousClosed>(system, sink, new Sink.CloseContinuous());
            }
        });

    /// <summary>Done from outside the actor: nothing after this is missed.</summary>
    internal static void Listen(ActorSystem system, IActorRef sink)
    {
        system.EventStream.Subscribe(sink, typeof(RunNotices.Resumed));
        system.EventStream.Subscribe(sink, typeof(RunNotices.Updated));
    }
}
