using Akka.Streams.Dsl;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Topics;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;
using Sink = OtpActors.Steps.Sink;
using StreamSink = Akka.Streams.Dsl.Sink;

namespace OtpActors.Tests.Steps;

public class SinkSpecs : SinkKit
{
    [Fact]
    public async Task Is_ready_once_it_has_its_partitions_and_says_where_it_starts()
    {
        await EnsureTopicAsync();
        Begin();
        (await Run.NextAsync<RunCommands.ConfirmSinkReady>()).Start.ShouldBe(OffsetMaps.Empty.Add(0, 0));
    }

    [Fact]
    public async Task Commits_only_after_the_run_has_journaled()
    {
        await BeginAsync();
        await AppendAsync(Records(Generated(3)));
        (await GatherAsync(3, answer: false)).Counts.ShouldBe(new SinkCounts(3, 3, 0, 0));
        (await CommittedAsync()).ShouldBe(0);

        Accept();
        await DrainedAsync(3);
        (await CommittedAsync()).ShouldBe(3);
    }

    [Fact]
    public async Task Commits_only_after_the_write()
    {
        var (writing, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        Store.BeforeWrite = () =>
        {
            writing.TrySetResult();
            return gate.Task;
        };
        await BeginAsync();
        await AppendAsync(Records(Generated(3)));
        await writing.Task.WaitAsync(Cancel);
        Run.HasMessages.ShouldBeFalse();
        (await CommittedAsync()).ShouldBe(0);

        gate.SetResult();
        (await GatherAsync(3)).Counts.Inserted.ShouldBe(3);
        await DrainedAsync(3);
        Store.Count.ShouldBe(3);
    }

    [Fact]
    public async Task Records_counted_before_are_written_and_not_counted()
    {
        await EnsureTopicAsync();
        await AppendAsync(Records(Generated(5)));
        Begin(counted: Say.Offsets((0, 3)));
        await Run.NextAsync<RunCommands.ConfirmSinkReady>();
        var told = await GatherAsync(5);
        (told.From[0], told.Counts).ShouldBe((3, new SinkCounts(2, 2, 0, 0)));
        await DrainedAsync(5);
        Store.Count.ShouldBe(5);
    }

    [Fact]
    public async Task A_batch_that_was_counted_before_leaves_the_count_where_it_is()
    {
        await EnsureTopicAsync();
        await AppendAsync(Records(Generated(3)));
        Begin(counted: Say.Offsets((0, 5)));
        await Run.NextAsync<RunCommands.ConfirmSinkReady>();
        var progress = (await Run.NextAsync<RunCommands.RecordSinkProgress>()).Progress;
        (progress.From[0], progress.Next[0], progress.Counts).ShouldBe((5, 5, new SinkCounts(0, 0, 0, 0)));
    }

    [Fact]
    public async Task A_record_that_is_there_already_counts_as_skipped()
    {
        await BeginAsync();
        var jane = Records(Generated(1))[0];
        await AppendAsync([jane, jane]);
        (await GatherAsync(2)).Counts.ShouldBe(new SinkCounts(2, 1, 1, 0));
    }

    [Fact]
    public async Task Is_drained_only_when_the_group_has_committed_up_to_the_watermarks()
    {
        await BeginAsync();
        await AppendAsync(Records(Generated(3)));
        Sink.Tell(new Sink.Drain(RunId, 1, Say.Offsets((0, 6))), Run);
        await GatherAsync(3);
        await AppendAsync(Records(Generated(6)).Skip(3));
        await GatherAsync(6); // nothing but progress so far
        await Run.NextAsync<RunCommands.ConfirmSinkDrained>();
        (await CommittedAsync()).ShouldBe(6);
    }

    [Fact]
    public async Task The_window_ends_a_sink_that_has_nothing_under_way()
    {
        await BeginAsync();
        Sink.Tell(new Sink.Drain(RunId, 1, Say.Offsets((0, 3))), Run);
        Sink.Tell(new Sink.EndDrain(RunId), Run);
        await Run.NextAsync<RunCommands.ElapseWindow>();
    }

    [Fact]
    public async Task The_window_ends_no_sink_while_it_writes()
    {
        var (writing, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        Store.BeforeWrite = () =>
        {
            writing.TrySetResult();
            return gate.Task;
        };
        await BeginAsync();
        await AppendAsync(Records(Generated(3)));
        Sink.Tell(new Sink.Drain(RunId, 1, Say.Offsets((0, 6))), Run);
        await writing.Task.WaitAsync(Cancel);
        Sink.Tell(new Sink.EndDrain(RunId), Run);
        gate.SetResult();
        (await Run.NextAsync<RunCommands.RecordSinkProgress>()).Progress.Counts.Read.ShouldBe(3);
    }

    [Fact]
    public async Task The_window_ends_no_sink_whose_report_is_not_journaled_or_whose_commit_is_not_answered()
    {
        await BeginAsync();
        await AppendAsync(Records(Generated(3)));
        await GatherAsync(3, answer: false);
        Sink.Tell(new Sink.Drain(RunId, 1, Say.Offsets((0, 3))), Run);
        Sink.Tell(new Sink.EndDrain(RunId), Run);
        var (committing, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        Topic.BeforeCommit = () =>
        {
            committing.TrySetResult();
            return gate.Task;
        };
        Accept();
        await committing.Task.WaitAsync(Cancel);
        Sink.Tell(new Sink.EndDrain(RunId), Run);
        gate.SetResult();
        await Run.NextAsync<RunCommands.ConfirmSinkDrained>();
    }

    [Fact]
    public async Task A_stop_finishes_what_is_fetched_and_commits_it()
    {
        await BeginAsync();
        await AppendAsync(Records(Generated(3)));
        await GatherAsync(3, answer: false);
        Sink.Tell(new StopStep(RunId, Say.CassandraSink), Run);
        Accept();
        await Run.NextAsync<StepStopped>();
        (await CommittedAsync()).ShouldBe(3);
    }

    [Fact]
    public async Task A_stop_is_answered_where_nothing_runs() =>
        (await StopAsync(Sink, Say.CassandraSink)).ShouldBe(new StepStopped(RunId, Say.CassandraSink));

    [Fact]
    public async Task A_refused_progress_ends_the_worker_without_a_commit()
    {
        await BeginAsync();
        await AppendAsync(Records(Generated(3)));
        await GatherAsync(3, answer: false);
        Run.Reply(new RunReplies.Refused(RunId, "the run is over"));
        await StopAsync(Sink, Say.CassandraSink);
        (await CommittedAsync()).ShouldBe(0);
        Run.HasMessages.ShouldBeFalse();
    }

    [Fact]
    public async Task A_newer_attempt_takes_over_from_what_is_committed()
    {
        await BeginAsync();
        await AppendAsync(Records(Generated(3)));
        await GatherAsync(3);
        await DrainedAsync(3);
        Begin(attempt: 2, counted: Say.Offsets((0, 3)));
        (await Run.UntilAsync<RunCommands.ConfirmSinkReady>()).Start[0].ShouldBe(3);
        await AppendAsync(Records(Generated(5)).Skip(3));
        (await GatherAsync(5)).Counts.Read.ShouldBe(2);
        await DrainedAsync(5, attempt: 2);
    }

    [Fact]
    public async Task A_stream_that_fails_fails_the_attempt()
    {
        await BeginAsync();
        var (control, end) = Topic.Consume("otps", Group).ToMaterialized(StreamSink.Ignore<PartitionBatch>(), Keep.Both).Run(Materializer);
        (await Run.NextAsync<RunCommands.FailAttempt>()).Step.ShouldBe(Say.CassandraSink);
        control.Drain();
        await end;
    }

    [Fact]
    public async Task A_store_that_fails_otherwise_fails_the_attempt()
    {
        Store.BeforeWrite = () => throw new InvalidOperationException("no such table");
        await BeginAsync();
        await AppendAsync(Records(Generated(3)));
        (await Run.NextAsync<RunCommands.FailAttempt>()).Error.ShouldBe("no such table");
        (await CommittedAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task An_outage_holds_the_records_and_makes_no_dead_letter()
    {
        var calls = 0;
        Store.BeforeWrite = () => ++calls < 3 ? throw new StoreUnavailableException("connection refused") : Task.CompletedTask;
        await BeginAsync();
        await AppendAsync(Records(Generated(3)));
        (await Run.NextAsync<RunCommands.HoldStep>())
            .ShouldBe(new RunCommands.HoldStep(RunId, Say.CassandraSink, 1, StoreNames.Cassandra, "connection refused"));
        await Run.NextAsync<RunCommands.ReleaseStep>();
        (await GatherAsync(3)).Counts.ShouldBe(new SinkCounts(3, 3, 0, 0));
        await DrainedAsync(3);
        await Should.ThrowAsync<TopicException>(() => Topic.HighWatermarksAsync("otps.dlq", Cancel));
    }

    [Fact]
    public async Task A_store_that_is_out_when_the_sink_begins_holds_it()
    {
        var calls = 0;
        Store.BeforeSchema = () => ++calls < 3 ? throw new StoreUnavailableException("connection refused") : Task.CompletedTask;
        await EnsureTopicAsync();
        Begin();
        (await Run.NextAsync<RunCommands.HoldStep>()).WaitsFor.ShouldBe(StoreNames.Cassandra);
        await Run.NextAsync<RunCommands.ReleaseStep>();
        await Run.NextAsync<RunCommands.ConfirmSinkReady>();
    }

    [Fact]
    public async Task A_store_that_says_nothing_holds_the_sink()
    {
        var frozen = new TaskCompletionSource();
        Store.BeforeSchema = () => frozen.Task;
        await EnsureTopicAsync();
        Sink.Tell(new Sink.Begin(RunId, Say.CassandraSink, 1, Impatient, OffsetMaps.Empty), Run);
        (await Run.NextAsync<RunCommands.HoldStep>()).Reason.ShouldBe("no answer for 0.05 s");
        frozen.SetResult();
        await Run.UntilAsync<RunCommands.ReleaseStep>();
        await Run.UntilAsync<RunCommands.ConfirmSinkReady>();
    }

    [Fact]
    public async Task A_log_that_ends_a_consumer_gets_another_one_and_everything_counts_once()
    {
        var batches = 0;
        Topic.BeforeBatch = topic => _ = topic == "otps" && ++batches is 2 or 3
            ? throw new TopicException("the disk is full") { CanPass = true } : 0;
        await BeginAsync();
        await AppendAsync(Records(Generated(3)));
        (await GatherAsync(3)).Counts.ShouldBe(new SinkCounts(3, 3, 0, 0));
        await AppendAsync(Records(Generated(8)).Skip(3));
        (await Run.UntilAsync<RunCommands.HoldStep>()).WaitsFor.ShouldBe(PartNames.Topic);
        await Run.UntilAsync<RunCommands.ReleaseStep>();
        var (read, next) = (0L, 3L);
        while (next < 8)
        {
            var progress = (await Run.UntilAsync<RunCommands.RecordSinkProgress>()).Progress;
            progress.From[0].ShouldBe(next);
            (read, next) = (read + progress.Counts.Read, progress.Next[0]);
            Accept();
        }

        read.ShouldBe(5);
        Topic.BeforeBatch = _ => { };
        Sink.Tell(new Sink.Drain(RunId, 1, Say.Offsets((0, 8))), Run);
        await Run.UntilAsync<RunCommands.ConfirmSinkDrained>();
        Store.Count.ShouldBe(8);
    }

    [Fact]
    public async Task A_partition_that_the_group_took_back_is_read_again_and_counted_once()
    {
        var commits = 0;
        Topic.BeforeCommit = () => ++commits == 1 ? throw new TopicException("the group has taken it back") { IsLost = true } : Task.CompletedTask;
        await BeginAsync();
        await AppendAsync(Records(Generated(3)));
        (await GatherAsync(3)).Counts.Read.ShouldBe(3);
        (await Run.UntilAsync<RunCommands.HoldStep>()).Reason.ShouldBe("the group has taken it back");
        await Run.UntilAsync<RunCommands.ConfirmSinkReady>();
        await AppendAsync(Records(Generated(5)).Skip(3));
        var progress = await Run.UntilAsync<RunCommands.RecordSinkProgress>(told => told.Progress.Next[0] == 5 || AcceptIt());
        (progress.Progress.From[0], progress.Progress.Counts.Read).ShouldBe((3, 2), "what is counted is not counted again");
        Accept();
        Sink.Tell(new Sink.Drain(RunId, 1, Say.Offsets((0, 5))), Run);
        await Run.UntilAsync<RunCommands.ConfirmSinkDrained>();

        bool AcceptIt()
        {
            Accept();
            return false;
        }
    }

    [Fact]
    public async Task A_log_that_does_not_tell_the_group_s_offsets_holds_the_sink()
    {
        await BeginAsync();
        await AppendAsync(Records(Generated(3)));
        await GatherAsync(3);
        var asked = 0;
        Topic.BeforeCommitted = () => ++asked < 3 ? throw new TopicException("no broker answers") { CanPass = true } : Task.CompletedTask;
        Sink.Tell(new Sink.Drain(RunId, 1, Say.Offsets((0, 3))), Run);
        (await Run.UntilAsync<RunCommands.HoldStep>()).WaitsFor.ShouldBe(PartNames.Topic);
        await Run.UntilAsync<RunCommands.ReleaseStep>();
        await Run.UntilAsync<RunCommands.ConfirmSinkDrained>();
    }

    [Fact]
    public async Task A_stop_during_an_outage_does_not_wait_for_its_end()
    {
        var writing = new TaskCompletionSource();
        Store.BeforeWrite = () =>
        {
            writing.TrySetResult();
            throw new StoreUnavailableException("connection refused");
        };
        await BeginAsync();
        await AppendAsync(Records(Generated(3)));
        await writing.Task.WaitAsync(Cancel);
        await StopAsync(Sink, Say.CassandraSink);
        (await CommittedAsync()).ShouldBe(0);
    }

    private static RunSpec Impatient => SpecOf(Generated(1)) with
    {
        Policies = new StepPolicies { Sink = new StepPolicy { Timeout = TimeSpan.FromMilliseconds(150) } },
    };
}
