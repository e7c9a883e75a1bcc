using Akka.Streams.Dsl;
using OtpActors.Infrastructure.Topics;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;
using OffsetMap = System.Collections.Immutable.ImmutableSortedDictionary<int, long>;

namespace OtpActors.Tests.Infrastructure.Topics;

public abstract partial class OtpTopicContract
{
    [Fact]
    public async Task A_partition_keeps_its_order()
    {
        await EnsureAsync(partitions: 3);
        for (var i = 0; i < 10; i++)
        {
            await AppendAsync(Records(i * 100, 100));
        }

        var batches = await Consume().ReadAsync(1000);
        foreach (var partition in batches.GroupBy(batch => batch.Partition))
        {
            var records = partition.SelectMany(batch => batch.Records).ToList();
            records.Select(record => record.Offset).ShouldBe(Enumerable.Range(0, records.Count).Select(i => (long)i));
            records.Select(record => int.Parse(Text(record.Value), null)).ShouldBeInOrder();
        }
    }

    [Fact]
    public async Task A_new_group_starts_at_the_earliest_record()
    {
        await EnsureAsync(partitions: 2);
        await AppendAsync(Records(0, 20));
        var consumer = Consume();

        (await consumer.Control.Assigned.Eventually()).ShouldBe(Offsets((0, 0), (1, 0)));
        (await consumer.ReadAsync(20)).ShouldNotBeEmpty();
    }

    [Fact]
    public async Task A_group_goes_on_after_what_it_committed()
    {
        await EnsureAsync();
        await AppendAsync(Records(0, 10));
        var first = Consume();
        await CommitAsync(await first.ReadAsync(10));
        await first.DrainAsync();
        await AppendAsync(Records(10, 10));

        var second = Consume();
        (await second.Control.Assigned.Eventually()).ShouldBe(Offsets((0, 10)));
        Values(await second.ReadAsync(10)).ShouldBe(Numbers(10, 10));
        (await Topics.CommittedAsync(Name, "group", Cancellation)).ShouldBe(Offsets((0, 10)));
    }

    [Fact]
    public async Task A_group_reads_again_what_it_did_not_commit()
    {
        await EnsureAsync();
        await AppendAsync(Records(0, 10));
        var first = Consume();
        await first.ReadAsync(10);
        await first.DrainAsync();

        Values(await Consume().ReadAsync(10)).ShouldBe(Numbers(0, 10));
    }

    [Fact]
    public async Task A_commit_never_moves_a_group_backwards()
    {
        await EnsureAsync();
        var consumer = Consume();
        await AppendAsync(Records(0, 5));
        var early = await consumer.ReadAsync(5);
        await AppendAsync(Records(5, 5));
        var late = await consumer.ReadAsync(5);

        await CommitAsync(late);
        await CommitAsync(early);

        (await Topics.CommittedAsync(Name, "group", Cancellation)).ShouldBe(Offsets((0, 10)));
    }

    [Fact]
    public async Task Two_groups_do_not_know_of_each_other()
    {
        await EnsureAsync();
        await AppendAsync(Records(0, 10));
        var (one, other) = (Consume("one"), Consume("other"));
        await CommitAsync(await one.ReadAsync(10));

        Values(await other.ReadAsync(10)).ShouldBe(Numbers(0, 10));
        (await Topics.CommittedAsync(Name, "one", Cancellation)).ShouldBe(Offsets((0, 10)));
        (await Topics.CommittedAsync(Name, "other", Cancellation)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Two_topics_do_not_know_of_each_other()
    {
        await EnsureAsync();
        await Topics.EnsureAsync(new TopicSpec($"{Name}.dlq", 1, 1), Cancellation).Eventually();
        await AppendAsync(Records(0, 3));
        var batches = await Consume().ReadAsync(3);
        await CommitAsync(batches);

        (await Topics.HighWatermarksAsync($"{Name}.dlq", Cancellation)).ShouldBe(Offsets((0, 0)));
        (await Topics.CommittedAsync($"{Name}.dlq", "group", Cancellation)).ShouldBeEmpty();
        (await Topics.ResumeSequenceAsync($"{Name}.dlq", "producer", Cancellation)).ShouldBe(0);
    }

    [Fact]
    public async Task High_watermarks_are_the_offsets_after_the_newest_records()
    {
        await EnsureAsync(partitions: 3);
        (await Topics.HighWatermarksAsync(Name, Cancellation)).ShouldBe(Offsets((0, 0), (1, 0), (2, 0)));
        await AppendAsync(Records(0, 100));

        (await Topics.HighWatermarksAsync(Name, Cancellation)).Values.Sum().ShouldBe(100);
    }

    [Fact]
    public async Task A_waiting_consumer_wakes_when_something_is_appended()
    {
        await EnsureAsync();
        var consumer = Consume();
        await consumer.Control.Assigned.Eventually();
        var next = consumer.NextAsync();
        next.IsCompleted.ShouldBeFalse();
        await AppendAsync(Records(0, 1));

        Values([(await next).ShouldNotBeNull()]).ShouldBe(["0"]);
    }

    [Fact]
    public async Task Draining_ends_a_consumer_that_waits()
    {
        await EnsureAsync();
        var consumer = Consume();
        await consumer.Control.Assigned.Eventually();

        (await consumer.DrainAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Draining_emits_what_was_fetched_and_then_ends()
    {
        await EnsureAsync();
        await AppendAsync(Records(0, 100));
        var consumer = Consume();
        var read = (await consumer.NextAsync()).ShouldNotBeNull();
        var drained = await consumer.DrainAsync();

        Values([read, .. drained]).ShouldBe(Numbers(0, read.Records.Count + drained.Sum(batch => batch.Records.Count)));
    }

    [Fact]
    public async Task A_batch_can_be_committed_after_its_source_has_ended()
    {
        Assert.SkipUnless(CommitsAfterwards, "these brokers take commits of members alone");
        await EnsureAsync();
        await AppendAsync(Records(0, 10));
        var consumer = Consume();
        var batches = await consumer.ReadAsync(10);
        await consumer.DrainAsync();
        await CommitAsync(batches);

        (await Topics.CommittedAsync(Name, "group", Cancellation)).ShouldBe(Offsets((0, 10)));
    }

    [Fact]
    public async Task A_source_that_nobody_reads_any_more_stops()
    {
        await EnsureAsync();
        await AppendAsync(Records(0, 10));
        var (control, first) = Topics.Consume(Name, "group")
            .ToMaterialized(Sink.First<PartitionBatch>(), Keep.Both).Run(Materializer);

        (await first.Eventually()).Records.ShouldNotBeEmpty();
        await control.Stopped.Eventually();
    }

    [Fact]
    public async Task Consuming_an_absent_topic_fails()
    {
        var consumer = Consume();

        (await Should.ThrowAsync<TopicException>(() => consumer.Control.Assigned.Eventually())).Message.ShouldContain(Name);
        await Should.ThrowAsync<TopicException>(consumer.NextAsync);
        await consumer.Control.Stopped.Eventually();
    }

    private static OffsetMap Offsets(params (int Partition, long Offset)[] offsets) =>
        OffsetMap.Empty.AddRange(offsets.Select(each => KeyValuePair.Create(each.Partition, each.Offset)));
}
