using System.Collections.Immutable;
using OtpActors.Records;
using OtpActors.Topics;
using OtpActors.Workflow;
using Shouldly;

namespace OtpActors.Tests.CommandLine;

/// <summary>A run's state, led to where a view is to show it; each step takes a second.</summary>
internal sealed class DrivenRun
{
    public const string RunId = "run-1";

    private DateTimeOffset _now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public DrivenRun(long records = 1_500)
    {
        State = RunState.New(RunId);
        Do(new RunCommands.Request(RunId, new RunSpec
        {
            Topic = "email_topic",
            Records = new RecordSpec.Generated(records, RecordSpec.Generated.NewSeed()),
            NotifyLimit = 10,
        }));
        Do(new RunCommands.Begin(RunId));
    }

    public RunState State { get; private set; }

    public DateTimeOffset Now => _now;

    public long Records => State.Spec!.Records.Count;

    public DrivenRun Do(IRunCommand command)
    {
        _now += TimeSpan.FromSeconds(1);
        var decision = State.Decide(command, _now);
        decision.Rejection.ShouldBeNull();
        State = decision.Events.Aggregate(State, (state, e) => state.Apply(e));
        return this;
    }

    public DrivenRun ToProducing()
    {
        Do(new RunCommands.ConfirmTopic(RunId, 1, TopicOutcome.Created, 1));
        foreach (var store in StepId.Stores)
        {
            Do(new RunCommands.ConfirmSinkReady(RunId, StepId.Sink(store), 1, Offset(0)));
        }

        return this;
    }

    public DrivenRun Store(string store, long from, long to, long skipped = 0, long deadLettered = 0) =>
        Do(new RunCommands.RecordSinkProgress(RunId, StepId.Sink(store), 1, new SinkProgress(
            Offset(from), Offset(to), new SinkCounts(to - from, to - from - skipped - deadLettered, skipped, deadLettered))));

    /// <param name="missing">Addresses that Cassandra lacks, their records being dead letters.</param>
    public DrivenRun ToTheEnd(long missing = 0)
    {
        ToProducing();
        foreach (var store in StepId.Stores)
        {
            Store(store, 0, Records, deadLettered: store == StoreNames.Cassandra ? missing : 0);
        }

        Do(new RunCommands.CompleteProduction(RunId, 1, Records, Offset(Records)));
        foreach (var store in StepId.Stores)
        {
            var lacking = store == StoreNames.Cassandra ? missing : 0;
            Do(new RunCommands.ConfirmSinkDrained(RunId, StepId.Sink(store), 1));
            Do(new RunCommands.CompleteCheck(RunId, StepId.Check(store), 1, new CheckResult(
                Records, Records - lacking, lacking == 0 ? [] : ["a***@example.com"])));
            Do(new RunCommands.CompleteNotifying(RunId, StepId.Mail(store), 1, new NotifyProgress(10, 10, 0)));
            Do(new RunCommands.CompleteNotifying(RunId, StepId.Slack(store), 1, new NotifyProgress(10, 10, 0)));
        }

        return this;
    }

    private static ImmutableSortedDictionary<int, long> Offset(long offset) => OffsetMaps.Empty.Add(0, offset);
}
