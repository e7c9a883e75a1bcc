using System.Collections.Immutable;
using System.Text.Json;
using OtpActors.Api;
using OtpActors.Client;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using Shouldly;

namespace OtpActors.Tests.CommandLine;

/// <summary>A run's state, led to where a view is to show it; each step takes a second.</summary>
internal sealed class DrivenRun
{
    public const string RunId = "run-1";

    private DateTimeOffset _now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public DrivenRun(long records = 1_500, long? notify = 10, string id = RunId)
    {
        State = RunState.New(id);
        Do(new RunCommands.Request(id, new RunSpec
        {
            Topic = "email_topic",
            Records = new RecordSpec.Generated(records, RecordSpec.Generated.NewSeed()),
            NotifyLimit = notify,
        }));
        Do(new RunCommands.Begin(id));
    }

    public RunState State { get; private set; }

    /// <summary>What a view shows of it, as it comes from a service: through its JSON.</summary>
    public RunProgress Progress => JsonSerializer.Deserialize<RunProgress>(
        JsonSerializer.Serialize(RunProgress.From(State), RequestJson.Options), ClientJson.Options)!;

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

    public DrivenRun Wait(TimeSpan time)
    {
        _now += time;
        return this;
    }

    public DrivenRun ToProducing()
    {
        Do(new RunCommands.ConfirmTopic(State.RunId, 1, TopicOutcome.Created, 1));
        foreach (var store in StepId.Stores)
        {
            Do(new RunCommands.ConfirmSinkReady(State.RunId, StepId.Sink(store), 1, Offset(0)));
        }

        return this;
    }

    public DrivenRun Store(string store, long from, long to, long skipped = 0, long deadLettered = 0) =>
        Do(new RunCommands.RecordSinkProgress(State.RunId, StepId.Sink(store), 1, new SinkProgress(
            Offset(from), Offset(to), new SinkCounts(to - from, to - from - skipped - deadLettered, skipped, deadLettered))));

    /// <summary>The stores' checks are done, and their mails are being sent.</summary>
    /// <param name="missing">Addresses that Cassandra lacks, their records being dead letters.</param>
    public DrivenRun ToChecked(long missing = 0)
    {
        ToProducing();
        foreach (var store in StepId.Stores)
        {
            Store(store, 0, Records, deadLettered: store == StoreNames.Cassandra ? missing : 0);
        }

        Do(new RunCommands.CompleteProduction(State.RunId, 1, Records, Offset(Records)));
        foreach (var store in StepId.Stores)
        {
            var lacking = store == StoreNames.Cassandra ? missing : 0;
            Do(new RunCommands.ConfirmSinkDrained(State.RunId, StepId.Sink(store), 1));
            Do(new RunCommands.CompleteCheck(State.RunId, StepId.Check(store), 1, new CheckResult(
                Records, Records - lacking, lacking == 0 ? [] : ["a***@example.com"])));
        }

        return this;
    }

    /// <param name="missing">Addresses that Cassandra lacks, their records being dead letters.</param>
    /// <param name="notified">Addresses of each store that are mailed and posted, where there are notifications.</param>
    public DrivenRun ToTheEnd(long missing = 0, long notified = 10)
    {
        ToChecked(missing);
        foreach (var step in StepId.Stores.SelectMany(store => new[] { StepId.Mail(store), StepId.Slack(store) })
            .Where(step => State.Steps[step].Status != StepStatus.Skipped))
        {
            Do(new RunCommands.CompleteNotifying(State.RunId, step, 1, new NotifyProgress(notified, notified, 0)));
        }

        return this;
    }

    private static ImmutableSortedDictionary<int, long> Offset(long offset) => OffsetMaps.Empty.Add(0, offset);
}
