using Akka.Streams;
using Akka.Streams.Dsl;
using Confluent.Kafka;
using OtpActors.Streams.Kafka;
using OtpActors.Streams.Kafka.Consumers;
using OtpActors.Tests.Servers;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Streams.Kafka;

public sealed class ConsumerFaultSpecs() : MockKafkaSpecs(brokers: 3)
{
    private readonly Ledger _ledger = new();

    [Theory]
    [InlineData(ErrorCode.GroupLoadInProgress)]
    [InlineData(ErrorCode.NotCoordinatorForGroup)]
    [InlineData(ErrorCode.RequestTimedOut)]
    public async Task A_commit_that_brokers_refuse_for_now_is_made_later(ErrorCode error)
    {
        await ProduceAsync(1_000);
        Kafka.Fail(MockRequest.OffsetCommit, error, error, error);
        var (control, _) = Join(_ledger);

        await UntilAsync(async () => await CommittedAsync() == 1_000, "the commit");
        await control.Stop().Eventually();
    }

    [Theory]
    [InlineData(ErrorCode.IllegalGeneration)]
    [InlineData(ErrorCode.UnknownMemberId)]
    public async Task A_member_that_was_thrown_out_joins_again_and_loses_nothing(ErrorCode error)
    {
        await ProduceAsync(1_000);
        var (control, _) = Join(_ledger);
        await UntilAsync(() => _ledger.Written == 1_000, "the records");
        Kafka.Fail(MockRequest.Heartbeat, error);
        await UntilAsync(() => control.Statistics.PartitionsLost > 0, "the loss");

        await ProduceAsync(1_000);
        await UntilAsync(async () => await CommittedAsync() == 2_000, "the commit");
        _ledger.ShouldHold(await Admin.HighWatermarksAsync(Topic, Cancellation));
        await control.Stop().Eventually();
    }

    [Fact]
    public async Task A_batch_of_a_lost_partition_cannot_be_committed_any_more()
    {
        await ProduceAsync(100);
        var (control, queue) = KafkaConsumer.CommittableBatchSource(ConsumerSettings(batch: 100), Topic)
            .ToMaterialized(Sink.Queue<KafkaBatch<byte[], byte[]>>().WithAttributes(Attributes.CreateInputBuffer(1, 1)), Keep.Both)
            .Run(Materializer);
        var batch = (await queue.PullAsync().Eventually()).Value;
        Kafka.Fail(MockRequest.Heartbeat, ErrorCode.IllegalGeneration);
        await UntilAsync(() => control.Statistics.PartitionsLost > 0, "the loss");

        (await batch.CommitAsync().Eventually()).ShouldBe(CommitOutcome.Revoked);
        (await CommittedAsync()).ShouldBe(0);
        var again = (await queue.PullAsync().Eventually()).Value;
        (again.Epoch > batch.Epoch, again.FirstOffset).ShouldBe((true, 0));
        (await again.CommitAsync().Eventually()).ShouldBe(CommitOutcome.Committed);
        await control.Stop().Eventually();
        (await again.CommitAsync().Eventually()).ShouldBe(CommitOutcome.Closed);
    }

    [Fact]
    public async Task A_fenced_member_fails_its_stream_for_good()
    {
        await ProduceAsync(100);
        var (control, done) = Join(_ledger, settings: ConsumerSettings().WithProperty("group.instance.id", "one"));
        await UntilAsync(() => _ledger.Written == 100, "the records");
        Kafka.Fail(MockRequest.Heartbeat, ErrorCode.FencedInstanceId);

        (await Should.ThrowAsync<KafkaStreamException>(() => done.Eventually())).Failure.ShouldBe(KafkaFailure.Fatal);
        await control.IsShutdown.Eventually();
    }

    [Fact]
    public async Task An_outage_of_all_brokers_is_waited_for()
    {
        await ProduceAsync(500);
        var (control, done) = Join(_ledger);
        await UntilAsync(() => _ledger.Written == 500, "the records before");
        Kafka.SetDown(-1);
        await UntilAsync(() => control.Statistics.Errors > 0, "the outage to be seen");
        Kafka.SetUp(-1);
        await ProduceAsync(500);

        await UntilAsync(() => _ledger.Written == 1_000, "the records after");
        await UntilAsync(async () => await CommittedAsync() == 1_000, "the commit");
        done.IsCompleted.ShouldBeFalse();
        await control.Stop().Eventually();
    }

    [Fact]
    public async Task A_new_coordinator_and_a_new_leader_lose_nothing()
    {
        Kafka.SetCoordinator(Group, 1);
        Kafka.SetLeader(Topic, 0, 1);
        await ProduceAsync(500);
        var (control, _) = Join(_ledger);
        await UntilAsync(() => _ledger.Written == 500, "the records before");
        Kafka.SetCoordinator(Group, 2);
        Kafka.SetLeader(Topic, 0, 3);
        await ProduceAsync(500);

        await UntilAsync(() => _ledger.Written == 1_000, "the records after");
        await UntilAsync(async () => await CommittedAsync() == 1_000, "the commit");
        _ledger.ShouldHold(await Admin.HighWatermarksAsync(Topic, Cancellation));
        await control.Stop().Eventually();
    }

    [Fact]
    public async Task Records_that_retention_took_are_reported_as_a_gap()
    {
        await ProduceAsync(1_000);
        var (first, _) = Join(_ledger);
        await UntilAsync(async () => await CommittedAsync() == 1_000, "the commit");
        await first.Stop().Eventually();
        await ProduceAsync(1_000);
        Kafka.DeleteRecords(Topic, 0, 1_600);

        var (control, _) = Join(_ledger, "second");
        await UntilAsync(() => _ledger.Written == 1_400, "the records that are left");
        (control.Statistics.Gaps, control.Statistics.MissingRecords).ShouldBe((1, 600));
        await control.Stop().Eventually();
    }

    [Fact]
    public async Task A_stream_that_polls_too_late_gets_its_partitions_again()
    {
        await ProduceAsync(300);
        using var slow = new SlowDecoder();
        var settings = ConsumerSettings<byte[], byte[]>.Create(Sys, slow, Deserializers.ByteArray)
            .WithProperties(ConsumerSettings().Properties)
            .WithProperty("max.poll.interval.ms", "2000") with
        { MaxBatchRecords = 50, CommitInterval = TimeSpan.FromMilliseconds(50), StallTimeout = TimeSpan.Zero };
        slow.Holds = true;
        var (control, _) = Join(_ledger, settings: settings);
        await slow.Held.Eventually();
        await Task.Delay(TimeSpan.FromSeconds(3), Cancellation); // more than the interval: what is tested
        slow.Release();

        await UntilAsync(() => control.Statistics.PartitionsLost > 0, "the loss");
        await UntilAsync(async () => await CommittedAsync() == 300, "the commit");
        _ledger.ShouldHold(await Admin.HighWatermarksAsync(Topic, Cancellation));
        await control.Stop().Eventually();
    }

    [Fact]
    public async Task Bytes_that_cannot_be_decoded_come_as_errors_and_hold_nothing_up()
    {
        await ProduceAsync(300);
        var settings = ConsumerSettings<byte[], byte[]>.Create(Sys, Deserializers.ByteArray, new Picky())
            .WithProperties(ConsumerSettings().Properties);
        var (control, read) = KafkaConsumer.CommittableBatchSource(settings, Topic).SelectMany(batch => batch.Records).Take(300)
            .ToMaterialized(Sink.Seq<KafkaRecord<byte[], byte[]>>(), Keep.Both).Run(Materializer);
        var records = await read.Eventually();

        records.Select(record => record.Offset).ShouldBe(Enumerable.Range(0, 300).Select(i => (long)i));
        records.Count(record => record.Value.IsError).ShouldBe(100);
        records[0].Value.Error.ShouldNotBeNull().Raw.Length.ShouldBe(20);
        control.Statistics.DecodeErrors.ShouldBeGreaterThanOrEqualTo(100);
        await control.IsShutdown.Eventually();
    }

    [Fact]
    public async Task Batches_may_be_done_in_any_order_and_commits_wait_for_the_first()
    {
        await ProduceAsync(300);
        var (control, queue) = KafkaConsumer.CommittableBatchSource(ConsumerSettings(batch: 100), Topic)
            .ToMaterialized(Sink.Queue<KafkaBatch<byte[], byte[]>>(), Keep.Both).Run(Materializer);
        var batches = new List<KafkaBatch<byte[], byte[]>>();
        while (batches.Sum(batch => batch.Records.Count) < 300)
        {
            batches.Add((await queue.PullAsync().Eventually()).Value);
        }

        var later = batches.Skip(1).Select(batch => batch.CommitAsync()).ToList();
        await Task.Delay(200, Cancellation); // four commit intervals
        later.ShouldAllBe(commit => !commit.IsCompleted);
        (await CommittedAsync()).ShouldBe(0);
        (await batches[0].CommitAsync().Eventually()).ShouldBe(CommitOutcome.Committed);
        (await Task.WhenAll(later).Eventually()).ShouldAllBe(outcome => outcome == CommitOutcome.Committed);
        (await CommittedAsync()).ShouldBe(300);
        await control.Stop().Eventually();
    }

    [Fact]
    public async Task Stopping_while_brokers_are_down_ends()
    {
        await ProduceAsync(100);
        var (control, _) = Join(_ledger, settings: ConsumerSettings() with { CloseTimeout = TimeSpan.FromSeconds(3) });
        await UntilAsync(() => _ledger.Written == 100, "the records");
        Kafka.SetDown(-1);
        await control.Stop().Eventually();
        Kafka.SetUp(-1);
    }

    /// <summary>Blocks the poll thread, as nothing but a bad deserializer can.</summary>
    private sealed class SlowDecoder : IDeserializer<byte[]>, IDisposable
    {
        private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _go = new();

        public bool Holds { get; set; }

        public Task Held => _held.Task;

        public byte[] Deserialize(ReadOnlySpan<byte> data, bool isNull, SerializationContext context)
        {
            if (Holds)
            {
                _held.TrySetResult();
                _go.Wait(TimeSpan.FromSeconds(30));
            }

            return data.ToArray();
        }

        public void Release()
        {
            Holds = false;
            _go.Set();
        }

        public void Dispose() => _go.Dispose();
    }

    private sealed class Picky : IDeserializer<byte[]>
    {
        private int _count;

        public byte[] Deserialize(ReadOnlySpan<byte> data, bool isNull, SerializationContext context) =>
            _count++ % 3 == 0 ? throw new FormatException("not this one") : data.ToArray();
    }
}
