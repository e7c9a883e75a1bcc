using Akka;
using Akka.Streams.Dsl;
using Confluent.Kafka;
using OtpActors.Streams.Kafka;
using OtpActors.Streams.Kafka.Consumers;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Streams.Kafka;

public sealed class RebalanceSpecs() : MockKafkaSpecs(partitions: Partitions)
{
    private const int Partitions = 6;
    private const int Changes = 20;

    private readonly Ledger _ledger = new();

    [Fact]
    public async Task Members_that_come_and_go_under_load_lose_nothing()
    {
        var random = new Random(42);
        var members = new List<(string Name, IControl Control, Task Done)>();
        var joined = 0;
        for (var change = 0; change < Changes; change++)
        {
            if (members.Count < 2 || (members.Count < 5 && random.Next(2) == 0))
            {
                var name = $"member-{++joined}";
                var (control, done) = Join(_ledger, name);
                members.Add((name, control, done));
            }
            else
            {
                var leaving = members[random.Next(members.Count)];
                members.Remove(leaving);
                await leaving.Control.Stop().Eventually();
                await leaving.Done.Eventually();
            }

            await ProduceAsync(600, Partitions);
            _ledger.ShouldCover(await Admin.CommittedAsync(Topic, Group, Cancellation));
        }

        var ends = await Admin.HighWatermarksAsync(Topic, Cancellation);
        ends.Values.Sum().ShouldBe(Changes * 600);
        await UntilAsync(async () => await CommittedAsync() == Changes * 600, "the commits");
        _ledger.ShouldHold(ends);
        members.ShouldAllBe(member => !member.Done.IsFaulted);
        await Task.WhenAll(members.Select(member => member.Control.Stop())).Eventually();
    }

    [Fact]
    public async Task What_is_in_hand_when_partitions_go_is_finished_and_not_repeated()
    {
        await ProduceAsync(3_000, Partitions);
        var (first, firstDone) = Join(_ledger, "first");
        await UntilAsync(() => _ledger.Written > 0, "the first batch");
        var (second, _) = Join(_ledger, "second");
        await second.Assigned.Eventually();
        await first.DrainAndShutdown(firstDone.ContinueWith(_ => 0, TaskScheduler.Default)).Eventually();

        await UntilAsync(async () => await CommittedAsync() == 3_000, "the commits");
        _ledger.ShouldHold(await Admin.HighWatermarksAsync(Topic, Cancellation));
        _ledger.Repeated.ShouldBe(0);
        await second.Stop().Eventually();
    }

    [Fact]
    public async Task A_member_that_no_partition_is_left_for_is_ready_stops_and_takes_over()
    {
        await ProduceAsync(1_200, Partitions);
        var members = new List<(IControl Control, Task Done)>();
        for (var i = 0; i <= Partitions; i++)
        {
            members.Add(Join(_ledger, $"member-{i}"));
        }

        await Task.WhenAll(members.Select(member => member.Control.Assigned)).Eventually();
        await UntilAsync(async () => await CommittedAsync() == 1_200, "the commits");
        foreach (var (control, done) in members.Take(Partitions))
        {
            await control.Stop().Eventually();
            await done.Eventually();
        }

        // Whoever had nothing: six have gone, and six partitions are the last one's.
        await ProduceAsync(1_200, Partitions);
        await UntilAsync(async () => await CommittedAsync() == 2_400, "the commits of the last");
        await members[Partitions].Control.Stop().Eventually();
        _ledger.ShouldHold(await Admin.HighWatermarksAsync(Topic, Cancellation));
    }

    [Fact]
    public async Task Each_partition_has_a_stream_that_ends_when_it_goes()
    {
        await ProduceAsync(3_000, Partitions);
        var (control, ended) = RunPartitioned();
        await UntilAsync(() => _ledger.Written == 3_000, "the records");
        var (other, _) = Join(_ledger, "other");
        await UntilAsync(() => ended.Count > 0, "a partition to go");

        await ProduceAsync(1_200, Partitions);
        await UntilAsync(async () => await CommittedAsync() == 4_200, "the commits");
        ended.Count.ShouldBeLessThan(Partitions);
        await control.Stop().Eventually();
        await UntilAsync(() => ended.Count == Partitions, "the ends of all"); // told by streams of their own
        await other.Stop().Eventually();
        _ledger.ShouldHold(await Admin.HighWatermarksAsync(Topic, Cancellation));
    }

    [Fact]
    public async Task A_partition_whose_stream_is_not_run_holds_up_no_other_and_keeps_its_records()
    {
        await ProduceAsync(12_000, Partitions);
        var settings = ConsumerSettings() with { PauseDelay = TimeSpan.FromMilliseconds(100) };
        var (control, _) = KafkaConsumer.CommittablePartitionedSource(settings, Topic)
            .Where(partition => partition.Partition.Partition.Value != 0)
            .MergeMany(Partitions, partition => Write(partition.Batches, []))
            .ToMaterialized(Sink.Ignore<int>(), Keep.Both).Run(Materializer);

        await UntilAsync(() => _ledger.Written == 10_000, "the other partitions");
        await UntilAsync(() => control.Statistics.Pauses > 0, "the pause");
        control.Statistics.Records.ShouldBeLessThan(12_000);
        await control.Stop().Eventually();
        (await Admin.CommittedAsync(Topic, Group, Cancellation)).ContainsKey(0).ShouldBeFalse();
    }

    [Fact]
    public async Task A_stream_that_is_stuck_stays_in_its_group_and_commits_nothing()
    {
        await ProduceAsync(12_000, Partitions);
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var settings = ConsumerSettings().WithProperty("session.timeout.ms", "6000").WithProperty("max.poll.interval.ms", "6000");
        var (control, _) = KafkaConsumer.CommittableBatchSource(settings, Topic)
            .SelectAsync(1, async batch =>
            {
                await go.Task;
                _ledger.Write("member", batch);
                return batch;
            })
            .Select(batch => batch.CommitAsync())
            .ToMaterialized(Sink.Ignore<Task<CommitOutcome>>(), Keep.Both).Run(Materializer);
        await UntilAsync(() => control.Statistics.Pauses > 0, "the pause");
        await Task.Delay(TimeSpan.FromSeconds(7), Cancellation); // longer than a member may be silent: what is tested

        var held = control.Statistics;
        (held.PartitionsLost, held.Rebalances, held.Commits).ShouldBe((0, 1, 0));
        held.Records.ShouldBeLessThan(2_000);
        go.SetResult();
        await UntilAsync(async () => await CommittedAsync() == 12_000, "the commits");
        _ledger.Repeated.ShouldBe(0);
        await control.Stop().Eventually();
    }

    private (IControl Control, List<TopicPartition> Ended) RunPartitioned()
    {
        var ended = new List<TopicPartition>();
        var control = KafkaConsumer.CommittablePartitionedSource(ConsumerSettings(), Topic)
            .MergeMany(Partitions * 2, partition => Write(partition.Batches, ended, partition.Partition))
            .ToMaterialized(Sink.Ignore<int>(), Keep.Left).Run(Materializer);
        return (control, ended);
    }

    private Source<int, IControl> Write(
        Source<KafkaBatch<byte[], byte[]>, NotUsed> batches, List<TopicPartition> ended, TopicPartition? partition = null) => batches
        .Select(batch =>
        {
            _ledger.Write("partitioned", batch);
            _ = batch.CommitAsync();
            return batch.Records.Count;
        })
        .WatchTermination((_, done) => done.ContinueWith(
            _ =>
            {
                lock (ended)
                {
                    ended.Add(partition!);
                }
            },
            TaskScheduler.Default))
        .MapMaterializedValue(_ => default(IControl)!);
}
