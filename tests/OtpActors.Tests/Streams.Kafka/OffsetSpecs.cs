using Confluent.Kafka;
using OtpActors.Tests.Servers;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Streams.Kafka;

/// <summary>Logs whose offsets do not follow each other, or go back.</summary>
public sealed class OffsetSpecs() : MockKafkaSpecs(partitions: 1)
{
    private readonly Ledger _ledger = new();

    [Fact]
    public async Task A_group_whose_offset_lies_beyond_the_end_starts_again_and_its_offset_goes_back()
    {
        await ProduceAsync(100);
        await Admin.CommitForEmptyGroupAsync(new TopicPartitionOffset(Topic, 0, 700), Group, Cancellation);
        var (control, _) = Join(_ledger);

        (await control.Assigned.Eventually()).ShouldHaveSingleItem().Offset.Value.ShouldBe(0);
        (await CommittedAsync()).ShouldBeLessThanOrEqualTo(100); // before anybody can take 700 for what was read
        await UntilAsync(async () => await CommittedAsync() == 100, "the commit");
        (control.Statistics.Rewinds, control.Statistics.Records, control.Statistics.Duplicates).ShouldBe((1, 100, 0));
        await control.Stop().Eventually();
        (await CommittedAsync()).ShouldBe(100);
    }

    [Fact]
    public async Task A_group_whose_offset_lies_beyond_the_end_of_an_empty_log_reads_what_comes()
    {
        await Admin.CommitForEmptyGroupAsync(new TopicPartitionOffset(Topic, 0, 700), Group, Cancellation);
        var (control, _) = Join(_ledger);
        await control.Assigned.Eventually();
        (await CommittedAsync()).ShouldBe(0);
        await ProduceAsync(100);

        await UntilAsync(async () => await CommittedAsync() == 100, "the commit");
        _ledger.ShouldHold(await Admin.HighWatermarksAsync(Topic, Cancellation));
        await control.Stop().Eventually();
    }

    /// <summary>What a fetch is answered with where the log has been cut, and then the log's start.</summary>
    [Fact]
    public async Task A_log_that_is_cut_while_it_is_read_is_read_again_from_its_start()
    {
        await ProduceAsync(300);
        var (control, done) = Join(_ledger);
        await UntilAsync(async () => await CommittedAsync() == 300, "the records before");
        Kafka.Fail(MockRequest.Fetch, ErrorCode.OffsetOutOfRange);
        await UntilAsync(() => control.Statistics.Rewinds == 1, "the cut to be seen");

        await ProduceAsync(100);
        await UntilAsync(() => control.Statistics.Records == 700, "everything again, and what came since");
        await UntilAsync(async () => await CommittedAsync() == 400, "the commit");
        (control.Statistics.Duplicates, done.IsCompleted).ShouldBe((0, false));
        _ledger.ShouldHold(await Admin.HighWatermarksAsync(Topic, Cancellation));
        await control.Stop().Eventually();
    }

    [Fact]
    public async Task A_topic_that_is_made_anew_is_read_from_its_start()
    {
        await ProduceAsync(300);
        var (control, _) = Join(_ledger);
        await UntilAsync(async () => await CommittedAsync() == 300, "the records before");
        Kafka.DeleteTopic(Topic);
        Kafka.CreateTopic(Topic, 1);
        await ProduceAsync(100);

        await UntilAsync(() => control.Statistics.Records == 400, "the new records");
        await UntilAsync(async () => await CommittedAsync() == 100, "the commit");
        await control.Stop().Eventually();
    }

    [Fact]
    public async Task A_log_that_ends_in_a_transactions_marker_is_read_to_its_end()
    {
        using var producer = new ProducerBuilder<byte[], byte[]>(new Dictionary<string, string>
        {
            ["bootstrap.servers"] = Kafka.BootstrapServers,
            ["transactional.id"] = "other",
        }).Build();
        producer.InitTransactions(TimeSpan.FromSeconds(10));
        var (control, _) = Join(_ledger);
        for (var transaction = 0; transaction < 3; transaction++)
        {
            producer.BeginTransaction();
            for (var i = 0; i < 10; i++)
            {
                producer.Produce(Topic, new Message<byte[], byte[]> { Value = [1] });
            }

            producer.CommitTransaction(TimeSpan.FromSeconds(10));
        }

        (await Admin.HighWatermarksAsync(Topic, Cancellation))[0].ShouldBe(33);
        await UntilAsync(async () => await CommittedAsync() == 33, "the commit over the marker");
        control.Statistics.Records.ShouldBe(30);
        await control.Stop().Eventually();
    }

    [Fact]
    public async Task What_retention_took_to_the_last_record_is_reported_and_counts_as_read()
    {
        await ProduceAsync(1_000);
        Kafka.DeleteRecords(Topic, 0, 1_000);
        await Admin.CommitForEmptyGroupAsync(new TopicPartitionOffset(Topic, 0, 400), Group, Cancellation);
        var (control, _) = Join(_ledger);

        await UntilAsync(async () => await CommittedAsync() == 1_000, "the commit");
        (control.Statistics.Gaps, control.Statistics.MissingRecords, control.Statistics.Records).ShouldBe((1, 600, 0));
        await control.Stop().Eventually();
    }
}
