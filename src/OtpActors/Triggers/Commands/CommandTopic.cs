using Akka.Actor;
using Akka.Event;
using Akka.Hosting;
using Akka.Streams;
using Akka.Streams.Dsl;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Topics;
using OtpActors.Lifecycle;
using OtpActors.Steps;
using LogLevel = Akka.Event.LogLevel;
using StreamSink = Akka.Streams.Dsl.Sink;

namespace OtpActors.Triggers.Commands;

/// <param name="ReplicationFactor">Of topics that are created.</param>
public sealed record CommandTopicSetup(
    CommandTopicOptions Options, short ReplicationFactor, IOtpTopic Topic, IRunStarter Starter, TimeProvider Time, TriggerCounts Counts);

/// <summary>
/// Starts the runs that the records of a topic ask for. A record's place is its run's id, and the run is journaled before
/// the record's offset is committed: however often a record comes, it makes one run.
/// <code>
/// Closed ── unfinished runs are known ──→ Consuming ⇄ Waiting    a failure of the topic; the waits grow
///    └──────────────── Stop ─────────────────┴──────────┴──→ (gone)
/// </code>
/// The service starts without the topic: it is made and consumed once that is possible.
/// </summary>
public sealed class CommandTopic : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly CommandTopicSetup _setup;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly ActorMaterializer _materializer = Context.System.Materializer();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<IActorRef> _stopRequests = [];
    private TimeSpan _pause = FirstPause;
    private bool _consuming;
    private bool _opened;

    public CommandTopic(CommandTopicSetup setup)
    {
        _setup = setup;
        Receive<RunNotices.Resumed>(_ =>
        {
            if (!_opened)
            {
                _opened = true;
                Consume();
            }
        });
        Receive<Retry>(_ => Consume());
        Receive<Assigned>(_ =>
        {
            _pause = FirstPause;
            _log.Info("Commands are taken from {Topic}", _setup.Options.Topic);
        });
        Receive<Unassigned>(_ => { }); // the end of the stream tells why
        Receive<Ended>(ended =>
        {
            _consuming = false;
            if (!StopIfTold())
            {
                WaitAfter(ended.Cause);
            }
        });
        Receive<Stop>(_ =>
        {
            _stopRequests.Add(Sender);
            _stop.Cancel();
            StopIfTold();
        });
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PostStop() => _stop.Cancel();

    private void Consume()
    {
        if (_consuming || _stop.IsCancellationRequested)
        {
            return;
        }

        _consuming = true;
        ConsumeAsync(Self, new CommandHandler(_setup, _materializer, _log, _stop.Token))
            .PipeTo(Self, success: () => new Ended(null), failure: e => new Ended(StepFailure.Cause(e)));
    }

    /// <summary>Beside the mailbox: it ends when the stream has, in whichever way, and holds nothing any more.</summary>
    private async Task ConsumeAsync(IActorRef self, CommandHandler handler)
    {
        var (name, group) = (_setup.Options.Topic, _setup.Options.ConsumerGroup);
        await _setup.Topic.EnsureAsync(new TopicSpec(name, 1, _setup.ReplicationFactor), _stop.Token);
        var (control, ended) = _setup.Topic.Consume(name, group)
            .SelectAsync(1, handler.HandleAsync)
            .ToMaterialized(StreamSink.Ignore<PartitionBatch>(), Keep.Both)
            .Run(_materializer);
        await using var drain = _stop.Token.Register(control.Drain);
        _ = control.Assigned.PipeTo(self, success: _ => Assigned.Instance, failure: _ => Unassigned.Instance);
        try
        {
            await ended;
        }
        finally
        {
            control.Drain();
            await control.Stopped;
        }
    }

    private void WaitAfter(Exception? cause)
    {
        // The first of an outage is news; the same again every half a minute is not.
        _log.Log(
            _pause == FirstPause ? LogLevel.WarningLevel : LogLevel.DebugLevel, cause as TopicException,
            "Commands are not taken from {Topic}; the next try comes in {Seconds} s: {Error}",
            _setup.Options.Topic, _pause.TotalSeconds, Describe(cause));
        Timers.StartSingleTimer(nameof(Retry), Retry.Instance, _pause);
        _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
    }

    /// <summary>The words of the topic's own exception; of any other its kind alone: its message may repeat a command.</summary>
    private static string Describe(Exception? cause) => cause switch
    {
        null => "the stream ended",
        TopicException => cause.Message,
        _ => $"{cause.GetType().Name} {cause.StackTrace}",
    };

    private bool StopIfTold()
    {
        if (!_stop.IsCancellationRequested || _consuming)
        {
            return _stop.IsCancellationRequested;
        }

        foreach (var requester in _stopRequests)
        {
            requester.Tell(Stopped.Instance);
        }

        Context.Stop(Self);
        return true;
    }

    /// <summary>Finishes the command in progress and leaves the topic; answered by <see cref="Stopped"/>.</summary>
    public sealed record Stop;

    public sealed record Stopped
    {
        public static readonly Stopped Instance = new();
    }

    private sealed record Ended(Exception? Cause);

    private sealed class Retry
    {
        public static readonly Retry Instance = new();
    }

    private sealed class Assigned
    {
        public static readonly Assigned Instance = new();
    }

    private sealed class Unassigned
    {
        public static readonly Unassigned Instance = new();
    }
}

public static class CommandTopicHosting
{
    /// <summary>Adds the consumer of commands; the runs come before.</summary>
    public static AkkaConfigurationBuilder AddCommandTopic(this AkkaConfigurationBuilder builder) =>
        builder.WithActors((system, registry, resolver) =>
        {
            var defaults = resolver.GetService<RunDefaults>();
            var setup = new CommandTopicSetup(
                defaults.Commands, defaults.Topic.ReplicationFactor, resolver.GetService<IOtpTopic>(),
                resolver.GetService<IRunStarter>(), resolver.GetService<TimeProvider>(), resolver.GetService<TriggerCounts>());
            var commands = system.ActorOf(Props.Create(() => new CommandTopic(setup)), "command-topic");
            registry.Register<CommandTopic>(commands);
            TriggerPhase.NotifyWhenResumed(system, commands);
            TriggerPhase.StopInOrder<CommandTopic.Stopped>(system, commands, new CommandTopic.Stop());
        });
}
