using System.Text;
using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Topics;
using OtpActors.Infrastructure.Topics.Embedded;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Topics.Embedded;

public sealed class EmbeddedTopicSpecs : OtpTopicContract
{
    private readonly TempDirectory _directory = new();

    [Fact]
    public async Task A_newer_member_fences_the_older_one()
    {
        await EnsureAsync();
        await AppendAsync(Records(0, 10));
        var older = Consume();
        var batches = await older.ReadAsync(10);
        var newer = Consume();
        await newer.Control.Assigned.Eventually();

        (await Should.ThrowAsync<TopicException>(older.NextAsync)).Message.ShouldContain("taken over");
        await older.Control.Stopped.Eventually();
        await Should.ThrowAsync<TopicException>(() => CommitAsync(batches));
        (await Topics.CommittedAsync(Name, "group", Cancellation)).ShouldBeEmpty();
        Values(await newer.ReadAsync(10)).ShouldBe(Numbers(0, 10));
    }

    [Fact]
    public async Task Slow_pulling_holds_the_log_back()
    {
        await EnsureAsync();
        await AppendAsync(Records(0, 40_000));
        var consumer = Consume();
        var read = (await consumer.NextAsync()).ShouldNotBeNull();
        var drained = await consumer.DrainAsync();

        // Two read ahead, one under way, one in the buffer of the test's own sink.
        drained.Count.ShouldBeLessThanOrEqualTo(4);
        Values([read, .. drained]).ShouldBe(Numbers(0, 2_000 * (1 + drained.Count)));
    }

    [Fact]
    public async Task A_batch_is_bounded_by_count_and_by_size()
    {
        await EnsureAsync();
        await AppendAsync(Records(0, 2_500));
        var large = new byte[3 << 20];
        await AppendAsync([.. Enumerable.Range(2_500, 3).Select(i => new ProducerRecord(i, null, large, At(0)))]);
        var counts = (await Consume().ReadAsync(2_503)).Select(batch => batch.Records.Count);

        counts.ShouldBe([2_000, 501, 1, 1]);
    }

    [Fact]
    public async Task A_full_partition_does_not_starve_the_others()
    {
        await EnsureAsync(partitions: 2);
        var (one, other) = (KeyOf(partition: 0), KeyOf(partition: 1));
        await AppendAsync([.. Enumerable.Range(0, 10_000).Select(i => Record(i, one, "value"))]);
        await AppendAsync([Record(10_000, other, "value")]);
        var consumer = Consume();
        var first = new[] { await consumer.NextAsync(), await consumer.NextAsync() };

        first.Select(batch => batch.ShouldNotBeNull().Partition).ShouldBe([0, 1]);
    }

    [Fact]
    public async Task Everything_is_there_after_reopening()
    {
        await EnsureAsync(partitions: 2);
        await AppendAsync(Records(0, 100));
        var ends = await Topics.HighWatermarksAsync(Name, Cancellation);
        var consumer = Consume();
        await CommitAsync(await consumer.ReadAsync(100));
        await consumer.DrainAsync();

        await CloseAsync(Topics);
        await using var reopened = new EmbeddedTopic(_directory.File("topic.db"));

        (await reopened.EnsureAsync(new TopicSpec(Name), Cancellation))
            .ShouldBe(new TopicEnsured(TopicOutcome.Exists, 2));
        (await reopened.HighWatermarksAsync(Name, Cancellation)).ShouldBe(ends);
        (await reopened.CommittedAsync(Name, "group", Cancellation)).ShouldBe(ends);
        (await reopened.ResumeSequenceAsync(Name, "producer", Cancellation)).ShouldBe(100);
    }

    [Fact]
    public async Task A_closed_log_says_so()
    {
        await EnsureAsync();
        await CloseAsync(Topics);

        (await Should.ThrowAsync<TopicException>(() => EnsureAsync())).Message.ShouldContain("closed");
    }

    [Fact]
    public async Task A_damaged_file_is_named()
    {
        await File.WriteAllTextAsync(_directory.File("damaged.db"), new string('x', 8192), Cancellation);
        await using var damaged = new EmbeddedTopic(_directory.File("damaged.db"));

        var failure = await Should.ThrowAsync<TopicException>(
            () => damaged.EnsureAsync(new TopicSpec(Name), Cancellation));
        failure.Message.ShouldContain(_directory.File("damaged.db"));
        failure.Message.ShouldContain("damaged");
    }

    [Fact]
    public async Task A_full_disk_refuses_whole_batches_and_loses_none()
    {
        var file = _directory.File("full.db");
        var value = new byte[10_000];
        ProducerRecord[] Batch(int number) =>
            [.. Enumerable.Range(number * 5, 5).Select(i => new ProducerRecord(i, null, value, At(0)))];
        var acknowledged = 0;
        await using (var small = new EmbeddedTopic(file, maxBytes: 1 << 20))
        {
            await small.EnsureAsync(new TopicSpec(Name), Cancellation);
            var failure = await Should.ThrowAsync<TopicException>(async () =>
            {
                for (; acknowledged < 100; acknowledged++)
                {
                    await AppendAsync(small, Batch(acknowledged));
                }
            });
            failure.Message.ShouldContain($"the disk that holds {file} is full");
            (await small.HighWatermarksAsync(Name, Cancellation))[0].ShouldBe(acknowledged * 5);
        }

        acknowledged.ShouldBeGreaterThan(0);
        await using var larger = new EmbeddedTopic(file);
        (await larger.ResumeSequenceAsync(Name, "producer", Cancellation)).ShouldBe(acknowledged * 5);
        (await AppendAsync(larger, Batch(acknowledged))).NextSequence.ShouldBe(acknowledged * 5 + 5);
        (await larger.HighWatermarksAsync(Name, Cancellation))[0].ShouldBe(acknowledged * 5 + 5);
    }

    [Fact]
    public async Task A_killed_process_loses_nothing_that_was_acknowledged()
    {
        var acknowledged = await KilledChild.RunAsync(
            nameof(KilledChild.Appends_until_it_is_killed), _directory.Path, acknowledgements: 20);
        await using var reopened = new EmbeddedTopic(_directory.File(KilledChild.TopicFile));

        var high = (await reopened.HighWatermarksAsync(KilledChild.Topic, Cancellation))[0];
        high.ShouldBeGreaterThanOrEqualTo(acknowledged);
        (high % KilledChild.Batch).ShouldBe(0);
        (await reopened.ResumeSequenceAsync(KilledChild.Topic, "producer", Cancellation)).ShouldBe(high);
        var read = new TestConsumer(reopened, KilledChild.Topic, "group", Materializer);
        Values(await read.ReadAsync((int)high)).ShouldBe(Numbers(0, (int)high));
        await read.DrainAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _directory.Dispose();
        GC.SuppressFinalize(this);
    }

    protected override Task<IOtpTopic> OpenAsync() =>
        Task.FromResult<IOtpTopic>(new EmbeddedTopic(_directory.File("topic.db")));

    protected override async Task CloseAsync(IOtpTopic log) => await ((EmbeddedTopic)log).DisposeAsync();

    private static string KeyOf(int partition) => Enumerable.Range(0, 100).Select(i => $"key-{i}")
        .First(key => KafkaPartitioner.Partition(Encoding.UTF8.GetBytes(key), 2) == partition);
}
