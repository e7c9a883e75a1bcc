using OtpActors.Infrastructure.Topics;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Topics;

public abstract partial class OtpTopicContract
{
    [Fact]
    public void Whether_producers_positions_are_kept_is_said() => Topics.SupportsIdempotentProducer.ShouldBe(SupportsIdempotentProducer);

    [Fact]
    public async Task A_look_at_a_partition_gives_its_records_from_an_offset_on()
    {
        await EnsureAsync();
        await AppendAsync(Records(0, 50));

        var read = await LookAsync(0, 20, 10);
        read.Select(record => record.Offset).ShouldBe(Enumerable.Range(20, 10).Select(i => (long)i));
        read.Select(record => Text(record.Value)).ShouldBe(Numbers(20, 10));
        read.Select(record => Text(record.Key)).ShouldBe(Enumerable.Range(0, 10).Select(i => $"key-{i}"));
        if (KeepsTimes)
        {
            read[0].Timestamp.ShouldBe(At(20));
        }

        (await LookAsync(0, -5, 3)).Select(record => Text(record.Value)).ShouldBe(Numbers(0, 3));
        (await LookAsync(0, 45, 100)).Select(record => Text(record.Value)).ShouldBe(Numbers(45, 5));
        (await LookAsync(0, 50, 10)).ShouldBeEmpty();
        (await LookAsync(0, long.MaxValue, 10)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_look_sees_what_consumers_see_and_leaves_them_alone()
    {
        await EnsureAsync(partitions: 3);
        await AppendAsync(Records(0, 60));
        var consumer = Consume();
        var consumed = (await consumer.ReadAsync(60)).GroupBy(batch => batch.Partition)
            .ToDictionary(each => each.Key, each => Values(each).ToList());

        foreach (var partition in Enumerable.Range(0, 3))
        {
            (await LookAsync(partition, 0, 100)).Select(record => Text(record.Value))
                .ShouldBe(consumed.GetValueOrDefault(partition, []));
        }

        (await Topics.CommittedAsync(Name, "group", Cancellation)).ShouldBeEmpty();
        await AppendAsync(Records(60, 1));
        Values([(await consumer.NextAsync()).ShouldNotBeNull()]).ShouldBe(["60"]); // still the owner
    }

    [Fact]
    public async Task A_look_is_bounded_by_size_too_and_gives_one_record_at_least()
    {
        await EnsureAsync();
        var large = new byte[700_000];
        for (var i = 0; i < 4; i++)
        {
            await AppendAsync([new ProducerRecord(i, null, large, At(i))]);
        }

        (await LookAsync(0, 0, 100)).Select(record => record.Offset).ShouldBe([0, 1]);
        (await LookAsync(0, 2, 100)).Select(record => record.Offset).ShouldBe([2, 3]);
    }

    [Fact]
    public async Task Headers_are_seen_in_a_look()
    {
        Assert.SkipUnless(SupportsHeaders, "this log drops headers");
        await EnsureAsync();
        await AppendAsync([Record(0, "key", "value") with { Headers = new Dictionary<string, string> { ["reason"] = "none" } }, Record(1, "key", "value")]);

        var read = await LookAsync(0, 0, 10);
        read[0].Headers.ShouldNotBeNull()["reason"].ShouldBe("none");
        read[1].Headers.ShouldBeNull();
        Text(read[0].Value).ShouldBe("value");
    }

    [Fact]
    public async Task A_topic_tells_its_partitions_and_what_they_hold()
    {
        (await Topics.DescribeAsync(Name, Cancellation).Eventually()).ShouldBeNull();
        await EnsureAsync(partitions: 3);
        (await Topics.DescribeAsync(Name, Cancellation).Eventually())
            .ShouldBe([new PartitionWatermarks(0, 0, 0), new PartitionWatermarks(1, 0, 0), new PartitionWatermarks(2, 0, 0)]);
        await AppendAsync(Records(0, 100));

        var extents = (await Topics.DescribeAsync(Name, Cancellation).Eventually()).ShouldNotBeNull();
        extents.Select(extent => extent.Partition).ShouldBe([0, 1, 2]);
        extents.ShouldAllBe(extent => extent.Low == 0);
        extents.Sum(extent => extent.High).ShouldBe(100);
    }

    [Fact]
    public async Task Topics_are_listed_by_name_with_their_partitions()
    {
        (await Topics.ListAsync(Cancellation).Eventually()).Select(topic => topic.Name).ShouldNotContain(Name);
        await EnsureAsync(partitions: 3);
        var listed = await Topics.ListAsync(Cancellation).Eventually();
        listed.ShouldContain(new TopicSummary(Name, 3));
        listed.Select(topic => topic.Name).ShouldBe(listed.Select(topic => topic.Name).Order(StringComparer.Ordinal));
        listed.ShouldAllBe(topic => !topic.Name.StartsWith("__", StringComparison.Ordinal)); // the brokers' own
    }

    [Fact]
    public async Task There_is_nothing_to_see_where_there_is_no_such_topic_or_partition()
    {
        (await Should.ThrowAsync<TopicException>(() => LookAsync(0, 0, 1))).Message.ShouldContain(Name);
        await EnsureAsync(partitions: 2);
        (await Should.ThrowAsync<TopicException>(() => LookAsync(2, 0, 1))).Message.ShouldContain("no partition 2");
        (await Should.ThrowAsync<TopicException>(() => LookAsync(-1, 0, 1))).Message.ShouldContain("no partition -1");
    }

    private Task<IReadOnlyList<TopicRecord>> LookAsync(int partition, long offset, int maxRecords) =>
        Topics.ReadAsync(Name, partition, offset, maxRecords, Cancellation).Eventually();
}
