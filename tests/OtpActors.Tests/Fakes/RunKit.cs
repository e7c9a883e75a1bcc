using Akka.Actor;
using Akka.Configuration;
using Akka.Persistence;
using Akka.TestKit;
using Akka.TestKit.Xunit;
using Microsoft.Extensions.Time.Testing;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Journal;
using OtpActors.Runs;
using OtpActors.Steps;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Fakes;

/// <summary>Runs for real, over a journal in memory; the steps are probes, and time passes when a test says so.</summary>
public abstract class RunKit : TestKit
{
    private static readonly Config Settings = ConfigurationFactory.ParseString("""
        akka.loglevel = OFF
        akka.stdout-loglevel = OFF
        akka.loggers = []
        akka.scheduler.implementation = "Akka.TestKit.TestScheduler, Akka.TestKit"
        akka.test.single-expect-default = 15s
        """)
        .WithFallback(ConfigurationFactory.ParseString(ScriptedJournal.Config))
        .WithFallback(ConfigurationFactory.ParseString(ScriptedSnapshots.Config));

    protected RunKit() : base(Settings)
    {
        var (status, clock) = (Journal, Clock);
        JournalWatcher = Sys.ActorOf(Props.Create(() => new JournalWatch(status, clock)));
        Steps = new StepActors(TopicAdmin = Step(), Producer = Step(), CassandraSink = Step(), MongoSink = Step(), Checker = Step(), Notifier = Step(),
            Mender = Step());
        Runs = NewRuns();
    }

    internal FakeCatalog Catalog { get; } = new();

    protected FakeTimeProvider Clock { get; } = new(RunDriver.Start);

    protected JournalStatus Journal { get; } = new();

    protected IActorRef JournalWatcher { get; }

    protected TestProbe TopicAdmin { get; }

    protected TestProbe Producer { get; }

    protected TestProbe CassandraSink { get; }

    protected TestProbe MongoSink { get; }

    protected TestProbe Checker { get; }

    protected TestProbe Notifier { get; }

    protected TestProbe Mender { get; }

    protected IActorRef Runs { get; }

    private StepActors Steps { get; }

    protected IActorRef NewRuns()
    {
        var (steps, catalog, clock, status) = (Steps, Catalog, Clock, Journal);
        return Sys.ActorOf(Props.Create(() => new RunsParent(
            runId => Props.Create(() => new RunSupervisor(runId, steps, catalog, clock, new Random(1))), status, clock)));
    }

    /// <summary>The command is accepted, hence journaled.</summary>
    protected async Task<RunState> DoAsync(IRunCommand command) => (await AskAsync<RunReplies.Accepted>(command)).State;

    protected async Task<RunState> StateAsync(string runId = RunDriver.RunId) =>
        (await AskAsync<RunReplies.Accepted>(new RunQueries.Get(runId))).State;

    protected Task<T> AskAsync<T>(object message, IActorRef? whom = null) =>
        (whom ?? Runs).Ask<T>(message, TimeSpan.FromSeconds(15), TestContext.Current.CancellationToken);

    /// <summary>
    /// Lets time pass, second by second, as it does for a process that is awake; each time once the run has dealt with
    /// everything it was told before.
    /// </summary>
    protected async Task PassAsync(TimeSpan time)
    {
        var second = TimeSpan.FromSeconds(1);
        for (var left = time; left > TimeSpan.Zero; left -= second)
        {
            await StateAsync();
            Pass(left < second ? left : second);
        }
    }

    /// <summary>Lets time pass while the process is suspended: whatever was due comes at once, afterwards.</summary>
    protected async Task SuspendAsync(TimeSpan time)
    {
        await StateAsync();
        Pass(time);
    }

    /// <summary>Lets a little time pass, again and again, until it is so.</summary>
    protected async Task PassUntilAsync(Func<bool> isSo)
    {
        for (var n = 0; !isSo(); n++)
        {
            n.ShouldBeLessThan(1_500, "it does not come about");
            Pass(TimeSpan.FromMilliseconds(250));
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    protected void Pass(TimeSpan time)
    {
        Clock.Advance(time);
        ((TestScheduler)Sys.Scheduler).Advance(time);
    }

    internal Task ScriptAsync(ScriptedJournal.Way way, IActorRef? watcher = null) =>
        AskAsync<ScriptedJournal.Script>(new ScriptedJournal.Script(way, watcher), Persistence.Instance.Apply(Sys).JournalFor(null));

    internal Task ScriptAsync(ScriptedSnapshots.Way way, IActorRef? watcher = null) =>
        AskAsync<ScriptedSnapshots.Script>(new ScriptedSnapshots.Script(way, watcher), Persistence.Instance.Apply(Sys).SnapshotStoreFor(null));

    /// <summary>The numbers of the events and of the snapshots that are kept of the run.</summary>
    internal async Task<(List<long> Events, List<long> Snapshots)> KeptAsync(string runId = RunDriver.RunId)
    {
        var (persistence, id) = (Persistence.Instance.Apply(Sys), RunIds.PersistenceIdOf(runId));
        return (
            await AskAsync<List<long>>(new ScriptedJournal.Look(id), persistence.JournalFor(null)),
            await AskAsync<List<long>>(new ScriptedSnapshots.Look(id), persistence.SnapshotStoreFor(null)));
    }

    private protected (TestProbe, StepId)[] Sinks => [(CassandraSink, Say.CassandraSink), (MongoSink, Say.MongoSink)];

    /// <summary>Takes a run to its production; every step is at its first attempt.</summary>
    /// <returns>The run's actor.</returns>
    protected async Task<IActorRef> ProducingAsync(RunSpec? spec = null)
    {
        await DoAsync(Say.Request(spec));
        await DoAsync(Say.Begin);
        await TopicAdmin.NextAsync<TopicAdmin.Begin>();
        TopicAdmin.Reply(Say.Topic(TopicOutcome.Exists));
        foreach (var (sink, step) in Sinks)
        {
            await sink.NextAsync<Sink.Begin>();
            sink.Reply(Say.Ready(step));
        }

        await Producer.NextAsync<Producer.Begin>();
        return Producer.Sender;
    }

    /// <summary>From now on the test sees the step's stops, and answers them itself.</summary>
    protected static void Execute(TestProbe step)
    {
        step.SetAutoPilot(AutoPilot.NoAutoPilot);
        step.IgnoreNoMessages();
    }

    /// <summary>A probe that is no trouble to stop.</summary>
    private TestProbe Step()
    {
        var probe = CreateTestProbe();
        probe.SetAutoPilot(new DelegateAutoPilot((sender, message) =>
        {
            if (message is StopStep stop)
            {
                sender.Tell(new StepStopped(stop.RunId, stop.Step));
            }

            return AutoPilot.KeepRunning;
        }));
        probe.IgnoreMessages(message => message is StopStep);
        return probe;
    }
}
