using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using Shouldly;
using OffsetMap = System.Collections.Immutable.ImmutableSortedDictionary<int, long>;

namespace OtpActors.Tests.Fakes;

/// <summary>Drives the pure state as a supervisor would, with a clock in the hand of the test.</summary>
internal sealed class RunDriver
{
    public const string RunId = "run-1";
    public const long Records = 10;
    public const string Password = "s3cret-0042";

    public static readonly DateTimeOffset Start = new(2031, 5, 17, 8, 30, 0, TimeSpan.Zero);

    public static RunSpec Spec { get; } = new()
    {
        Topic = "email_topic",
        Partitions = 2,
        Records = new RecordSpec.Sample(
            new OtpRecord(EmailAddress.Parse("jane.doe@example.com"), OneTimePassword.Parse(Password)), TimeSpan.FromSeconds(3), Records),
        Deadline = TimeSpan.FromHours(1),
    };

    /// <summary>Every phase and how to get there, each from the one before it.</summary>
    private static readonly (RunPhase Phase, IRunCommand[] Commands)[] Path =
    [
        (RunPhase.Requested, [Say.Request()]),
        (RunPhase.EnsuringTopic, [Say.Begin]),
        (RunPhase.StartingSinks, [Say.Topic()]),
        (RunPhase.Producing, [Say.Ready(Say.CassandraSink), Say.Ready(Say.MongoSink)]),
        (RunPhase.Draining, [Say.AllProduced()]),
        (RunPhase.Checking, [Say.Drained(Say.CassandraSink), Say.Drained(Say.MongoSink)]),
        (RunPhase.Notifying, [Say.Checked(StoreNames.Cassandra), Say.Checked(StoreNames.Mongo)]),
    ];

    private readonly List<IRunEvent> _events = [];

    public RunState State { get; private set; } = RunState.New(RunId);

    public DateTimeOffset Now { get; set; } = Start;

    public IReadOnlyList<IRunEvent> Events => _events;

    /// <summary>A run in the phase, on its straightest way.</summary>
    public static RunDriver At(RunPhase phase, RunSpec? spec = null)
    {
        var driver = new RunDriver();
        switch (phase)
        {
            case RunPhase.New:
                break;
            case RunPhase.Paused:
                driver = At(RunPhase.Producing, spec).Do(Say.Pause);
                break;
            case RunPhase.Completed:
                driver = At(RunPhase.Notifying, spec);
                foreach (var store in StepId.Stores)
                {
                    driver.Do(Say.AllNotified(StepId.Mail(store)), Say.AllNotified(StepId.Slack(store)));
                }

                break;
            case RunPhase.Incomplete:
                driver = At(RunPhase.Checking, spec).Do(Say.Checked(StoreNames.Cassandra, 7), Say.Checked(StoreNames.Mongo));
                foreach (var store in StepId.Stores)
                {
                    var found = driver.State.Checks[store].Found;
                    driver.Do(Say.AllNotified(StepId.Mail(store), found), Say.AllNotified(StepId.Slack(store), found));
                }

                break;
            case RunPhase.Failed:
                driver = At(RunPhase.EnsuringTopic, spec).FailForGood(StepId.EnsureTopic);
                break;
            case RunPhase.Cancelled:
                driver = At(RunPhase.Producing, spec).Do(Say.Cancel);
                break;
            case RunPhase.TimedOut:
                driver = At(RunPhase.Producing, spec);
                driver.Now = Start + driver.State.Spec!.Deadline!.Value;
                driver.Do(Say.Deadline);
                break;
            default:
                foreach (var command in Path.TakeWhile(leg => leg.Phase <= phase).SelectMany(leg => leg.Commands))
                {
                    driver.Do(command is RunCommands.Request && spec is not null ? Say.Request(spec) : command);
                }

                break;
        }

        driver.State.Phase.ShouldBe(phase);
        return driver;
    }

    /// <summary>Commands that must be accepted.</summary>
    public RunDriver Do(params IRunCommand[] commands)
    {
        foreach (var command in commands)
        {
            Try(command).Rejection.ShouldBeNull(command.ToString());
        }

        return this;
    }

    public RunDecision Try(IRunCommand command)
    {
        var decision = State.Decide(command, Now);
        foreach (var e in decision.Events)
        {
            State = State.Apply(e);
        }

        _events.AddRange(decision.Events);
        return decision;
    }

    public string Refuse(IRunCommand command)
    {
        var before = State;
        var reason = Try(command).Rejection.ShouldNotBeNull(command.ToString());
        State.ShouldBeSameAs(before);
        return reason;
    }

    /// <summary>Fails the step's attempts, waits included, until there is none left.</summary>
    public RunDriver FailForGood(StepId step)
    {
        while (State.Steps[step].Status is StepStatus.Running or StepStatus.Retrying)
        {
            var attempt = State.Steps[step].Attempt;
            Do(Say.Fail(step, attempt));
            if (State.Steps[step].RetryAt is { } at)
            {
                Now = at;
                Do(Say.Retry(step, attempt));
            }
        }

        return this;
    }

    public StepState this[StepId step] => State.Steps[step];
}

/// <summary>Commands to the driver's run, as the steps would give them.</summary>
internal static class Say
{
    public static readonly StepId CassandraSink = StepId.Sink(StoreNames.Cassandra);
    public static readonly StepId MongoSink = StepId.Sink(StoreNames.Mongo);
    public static readonly StepId CassandraCheck = StepId.Check(StoreNames.Cassandra);
    public static readonly StepId CassandraMail = StepId.Mail(StoreNames.Cassandra);

    private const string Id = RunDriver.RunId;

    public static readonly IRunCommand Begin = new RunCommands.Begin(Id);
    public static readonly IRunCommand Cancel = new RunCommands.Cancel(Id, "asked to");
    public static readonly IRunCommand Pause = new RunCommands.Pause(Id);
    public static readonly IRunCommand Resume = new RunCommands.Resume(Id);
    public static readonly IRunCommand Deadline = new RunCommands.ReachDeadline(Id);

    public static IRunCommand Request(RunSpec? spec = null) => new RunCommands.Request(Id, spec ?? RunDriver.Spec);

    public static IRunCommand RetryStep(StepId step) => new RunCommands.RetryStep(Id, step);

    public static IRunCommand Topic(TopicOutcome outcome = TopicOutcome.Created, int attempt = 1) =>
        new RunCommands.ConfirmTopic(Id, attempt, outcome, 2);

    public static IRunCommand Ready(StepId sink, int attempt = 1, OffsetMap? start = null) =>
        new RunCommands.ConfirmSinkReady(Id, sink, attempt, start ?? Offsets((0, 0), (1, 0)));

    public static IRunCommand Progress(StepId sink, long from, long next, int attempt = 1, int partition = 0, SinkCounts? counts = null) =>
        new RunCommands.RecordSinkProgress(Id, sink, attempt, new SinkProgress(
            Offsets((partition, from)), Offsets((partition, next)), counts ?? new SinkCounts(next - from, next - from, 0, 0)));

    public static IRunCommand Drained(StepId sink, int attempt = 1) => new RunCommands.ConfirmSinkDrained(Id, sink, attempt);

    public static IRunCommand Elapsed(StepId sink, int attempt = 1) => new RunCommands.ElapseWindow(Id, sink, attempt);

    public static IRunCommand Produced(long produced, int attempt = 1) => new RunCommands.RecordProduced(Id, attempt, produced);

    public static IRunCommand AllProduced(int attempt = 1, long produced = RunDriver.Records) =>
        new RunCommands.CompleteProduction(Id, attempt, produced, Offsets((0, 6), (1, 4)));

    public static IRunCommand Checked(string store, long found = RunDriver.Records, int attempt = 1) =>
        new RunCommands.CompleteCheck(Id, StepId.Check(store), attempt, new CheckResult(RunDriver.Records, found, []));

    public static IRunCommand Notified(StepId step, long next, long sent, long failed = 0, int attempt = 1) =>
        new RunCommands.RecordNotified(Id, step, attempt, new NotifyProgress(next, sent, failed));

    public static IRunCommand AllNotified(StepId step, long sent = RunDriver.Records, long failed = 0, int attempt = 1) =>
        new RunCommands.CompleteNotifying(Id, step, attempt, new NotifyProgress(RunDriver.Records, sent, failed));

    public static IRunCommand Heartbeat(StepId step, int attempt = 1) => new RunCommands.Heartbeat(Id, step, attempt);

    public static IRunCommand Hold(
        StepId step, int attempt = 1, string waitsFor = StoreNames.Cassandra, string reason = "connection refused") =>
        new RunCommands.HoldStep(Id, step, attempt, waitsFor, reason);

    public static IRunCommand Release(StepId step, int attempt = 1) => new RunCommands.ReleaseStep(Id, step, attempt);

    public static IRunCommand HoldLimit(StepId step, int attempt = 1) => new RunCommands.ReachHoldLimit(Id, step, attempt);

    public static IRunCommand Fail(StepId step, int attempt = 1, double chance = 0.5, string error = "broken") =>
        new RunCommands.FailAttempt(Id, step, attempt, error, chance);

    public static IRunCommand Retry(StepId step, int attempt = 1) => new RunCommands.Retry(Id, step, attempt);

    public static OffsetMap Offsets(params (int Partition, long Offset)[] offsets) =>
        OffsetMaps.Empty.AddRange(offsets.Select(o => KeyValuePair.Create(o.Partition, o.Offset)));
}
