using Akka.Actor;
using Akka.Streams.Dsl;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Topics;
using OtpActors.Steps;
using OtpActors.Tests.Fakes;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;
using Sink = OtpActors.Steps.Sink;
using StreamSink = Akka.Streams.Dsl.Sink;

namespace OtpActors.Tests.Steps;

public class ContinuousSinkSpecs : SinkKit
{
    private readonly ContinuousSinkCounts _counts;
    private readonly List<OtpRecord> _records = Records(Generated(100));

    public ContinuousSinkSpecs() : this(new ContinuousSinkCounts())
    {
    }

    private ContinuousSinkSpecs(ContinuousSinkCounts counts) : base(new ContinuousSinkSetup(new TopicSpec("otps", 1, 1), counts))
    {
        _counts = counts;
        SinkHosting.Listen(Sys, Sink);
    }

    private SinkCounts Counted => _counts[StoreNames.Cassandra];

    [Fact]
    public async Task Between_runs_records_of_any_producer_are_stored_committed_and_counted()
    {
        Open();
        await UntilEnsuredAsync();
        await AppendAsync(_records[..3]);
        await AppendAsync([_records[0], _records[3]], "another");
        await AppendAsync("a third", (null, [.. "0042"u8]));
        await UntilCommittedAsync(6);
        Counted.ShouldBe(new SinkCounts(6, 4, 1, 1));
        Store.Count.ShouldBe(4);
        (await ReadAsync("otps.dlq")).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_run_takes_over_what_is_committed_counts_its_own_and_gives_the_topic_back()
    {
        Open();
        await UntilEnsuredAsync();
        await AppendAsync(_records[..3]);
        await UntilCommittedAsync(3);

        Begin();
        Tell(RunPhase.Producing);
        (await Run.NextAsync<RunCommands.ConfirmSinkReady>()).Start[0].ShouldBe(3);
        await AppendAsync(_records[3..5], "run");
        (await GatherAsync(5)).Counts.ShouldBe(new SinkCounts(2, 2, 0, 0));
        await DrainedAsync(5);
        Tell(RunPhase.Checking);
        await StopAsync(Sink, Say.CassandraSink);

        await AppendAsync(_records[5..9]);
        await UntilCommittedAsync(9);
        (Counted.Read, Store.Count).ShouldBe((7, 9));

        Begin(attempt: 2); // and once more
        (await Run.UntilAsync<RunCommands.ConfirmSinkReady>()).Start[0].ShouldBe(9);
    }

    [Fact]
    public async Task Nothing_is_consumed_before_the_unfinished_runs_are_known()
    {
        await EnsureTopicAsync();
        await AppendAsync(_records[..3]);
        await BeginAsync();
        (await GatherAsync(3)).Counts.Read.ShouldBe(3, "all of it is left to the run");
        Counted.Read.ShouldBe(0);
    }

    [Fact]
    public async Task While_a_run_is_paused_or_between_two_attempts_its_records_are_left_to_it()
    {
        Open();
        await UntilEnsuredAsync();
        Begin();
        Tell(RunPhase.Producing);
        await Run.NextAsync<RunCommands.ConfirmSinkReady>();
        await StopAsync(Sink, Say.CassandraSink);
        await AppendAsync(_records[..4], "run");
        Tell(RunPhase.Paused);
        Begin(attempt: 2);
        (await Run.UntilAsync<RunCommands.ConfirmSinkReady>(ready => ready.Attempt == 2)).Start[0].ShouldBe(0);
        (await GatherAsync(4)).Counts.Read.ShouldBe(4);
        Counted.Read.ShouldBe(0);
    }

    [Fact]
    public async Task An_unfinished_run_of_an_earlier_process_keeps_its_records()
    {
        await EnsureTopicAsync();
        await AppendAsync(_records[..4], "run");
        Tell(RunPhase.Producing); // recovered; its sink is about to begin
        Open();
        await Sink.Ask<ActorIdentity>(new Identify(1), Cancel);
        Begin();
        (await Run.NextAsync<RunCommands.ConfirmSinkReady>()).Start[0].ShouldBe(0);
        (await GatherAsync(4)).Counts.Read.ShouldBe(4);
        Counted.Read.ShouldBe(0);
    }

    [Fact]
    public async Task What_is_in_hand_is_written_and_committed_before_the_run_begins()
    {
        var (writing, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        Store.BeforeWrite = () =>
        {
            writing.TrySetResult();
            return gate.Task;
        };
        Open();
        await UntilEnsuredAsync();
        await AppendAsync(_records[..3]);
        await writing.Task.Eventually();
        Begin();
        await Sink.Ask<ActorIdentity>(new Identify(1), Cancel);
        Run.HasMessages.ShouldBeFalse();
        gate.SetResult();
        (await Run.NextAsync<RunCommands.ConfirmSinkReady>()).Start[0].ShouldBe(3);
        Counted.Read.ShouldBe(3);
    }

    [Fact]
    public async Task A_drain_that_comes_before_the_handover_is_kept()
    {
        var (writing, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        Store.BeforeWrite = () =>
        {
            writing.TrySetResult();
            return gate.Task;
        };
        Open();
        await UntilEnsuredAsync();
        await AppendAsync(_records[..3]);
        await writing.Task.Eventually();
        Begin();
        Sink.Tell(new Sink.Drain(RunId, 1, Say.Offsets((0, 3))), Run);
        gate.SetResult();
        await Run.UntilAsync<RunCommands.ConfirmSinkDrained>();
    }

    [Fact]
    public async Task A_run_that_is_stopped_while_it_waits_is_answered_and_the_topic_is_consumed_again()
    {
        var (writing, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        Store.BeforeWrite = () =>
        {
            writing.TrySetResult();
            return gate.Task;
        };
        Open();
        await UntilEnsuredAsync();
        await AppendAsync(_records[..3]);
        await writing.Task.Eventually();
        Begin();
        await StopAsync(Sink, Say.CassandraSink);
        gate.SetResult();
        await AppendAsync(_records[3..5]);
        await UntilCommittedAsync(5);
        Counted.Read.ShouldBe(5);
        Run.HasMessages.ShouldBeFalse();
    }

    [Fact]
    public async Task A_store_that_is_out_holds_the_records_and_no_run_waits_for_it()
    {
        var (writing, back) = (new TaskCompletionSource(), false);
        Store.BeforeWrite = () =>
        {
            writing.TrySetResult();
            return back ? Task.CompletedTask : throw new StoreUnavailableException("connection refused");
        };
        Open();
        await UntilEnsuredAsync();
        await AppendAsync(_records[..3]);
        await writing.Task.Eventually();
        Run.IgnoreMessages(message => message is RunCommands.HoldStep or RunCommands.ReleaseStep); // at any time from now on
        Begin();
        (await Run.NextAsync<RunCommands.ConfirmSinkReady>()).Start[0].ShouldBe(0);
        back = true;
        (await GatherAsync(3)).Counts.ShouldBe(new SinkCounts(3, 3, 0, 0));
        Counted.Read.ShouldBe(0);
    }

    [Fact]
    public async Task What_it_waits_for_is_told_until_it_is_back()
    {
        var back = false;
        Store.BeforeWrite = () => back ? Task.CompletedTask : throw new StoreUnavailableException("connection refused");
        Open();
        await UntilEnsuredAsync();
        await AppendAsync(_records[..3]);
        while (_counts.Holds.Count == 0)
        {
            await Task.Delay(10, Cancel);
        }

        var (store, hold) = _counts.Holds.Single();
        (store, hold.WaitsFor, hold.Reason).ShouldBe((StoreNames.Cassandra, StoreNames.Cassandra, "connection refused"));
        back = true;
        await UntilCommittedAsync(3);
        while (_counts.Holds.Count > 0)
        {
            await Task.Delay(10, Cancel);
        }
    }

    [Fact]
    public async Task A_topic_that_cannot_be_made_is_tried_again()
    {
        var calls = 0;
        Topic.BeforeEnsure = () => ++calls == 1 ? throw new TopicException("no broker answers") : Task.CompletedTask;
        Open();
        await UntilEnsuredAsync();
        await AppendAsync(_records[..3]);
        await UntilCommittedAsync(3);
    }

    [Fact]
    public async Task What_a_failed_worker_has_counted_is_not_counted_again()
    {
        var (writing, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        Store.BeforeWrite = () =>
        {
            writing.TrySetResult();
            return gate.Task;
        };
        Open();
        await UntilEnsuredAsync();
        await AppendAsync(_records[..3]);
        await writing.Task.Eventually();
        var (control, end) = Topic.Consume("otps", Group).ToMaterialized(StreamSink.Ignore<PartitionBatch>(), Keep.Both).Run(Materializer);
        await control.Assigned.Eventually(); // the worker's commit will be refused
        gate.SetResult();
        await end.ContinueWith(_ => { }, TaskScheduler.Default).Eventually(); // it is back
        await AppendAsync(_records[3..5]);
        await UntilCommittedAsync(5);
        (Counted.Read, Counted.Inserted).ShouldBe((5, 5));
    }

    [Fact]
    public async Task A_close_finishes_what_is_in_hand_and_nothing_more_is_consumed()
    {
        Open();
        await UntilEnsuredAsync();
        await AppendAsync(_records[..3]);
        await UntilCommittedAsync(3);
        await Sink.Ask<Sink.ContinuousClosed>(new Sink.CloseContinuous(), TimeSpan.FromSeconds(15), Cancel);
        await AppendAsync(_records[3..5]);
        Begin();
        (await Run.NextAsync<RunCommands.ConfirmSinkReady>()).Start[0].ShouldBe(3);
    }

    private void Open() => Sys.EventStream.Publish(new RunNotices.Resumed(0));

    /// <summary>The run of these tests is told to be in this phase.</summary>
    private void Tell(RunPhase phase) => Sys.EventStream.Publish(new RunNotices.Updated(
        RunDriver.At(phase, RunDriver.Spec with { Topic = "otps" }).State));

    private async Task UntilEnsuredAsync()
    {
        while (true)
        {
            try
            {
                await Topic.HighWatermarksAsync("otps", Cancel);
                return;
            }
            catch (TopicException)
            {
                await Task.Delay(10, Cancel);
            }
        }
    }

    private async Task UntilCommittedAsync(long offset)
    {
        while (await CommittedAsync() < offset)
        {
            await Task.Delay(10, Cancel);
        }
    }
}
