using System.Text;
using Akka.Streams.Dsl;
using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Topics;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Topics;

public abstract partial class OtpTopicContract
{
    private const string NoProducers = "this log does not keep producers' positions";

    [Fact]
    public async Task Ensuring_a_topic_creates_it_once_and_keeps_its_partitions()
    {
        (await EnsureAsync(partitions: 3)).ShouldBe(new TopicEnsured(TopicOutcome.Created, 3));
        (await EnsureAsync(partitions: 5)).ShouldBe(new TopicEnsured(TopicOutcome.Exists, 3));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("e mail")]
    [InlineData("a/b")]
    [InlineData("tópico")]
    [InlineData("line\n")]
    public async Task An_illegal_name_is_refused_with_the_rule(string name)
    {
        var refusal = await Should.ThrowAsync<TopicException>(
            () => Topics.EnsureAsync(new TopicSpec(name), Cancellation));
        refusal.Message.ShouldContain("249");
    }

    [Fact]
    public async Task A_name_has_at_most_249_characters()
    {
        await Should.ThrowAsync<TopicException>(
            () => Topics.EnsureAsync(new TopicSpec(new string('a', 250)), Cancellation));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public async Task A_topic_has_at_least_one_partition(int partitions)
    {
        var refusal = await Should.ThrowAsync<TopicException>(() => EnsureAsync(partitions));
        refusal.Message.ShouldContain($"{partitions} partitions");
    }

    [Fact]
    public async Task Appending_to_an_absent_topic_fails()
    {
        var refusal = await Should.ThrowAsync<TopicException>(() => AppendAsync(Records(0, 1)));
        refusal.Message.ShouldContain(Name);
    }

    [Fact]
    public async Task An_acknowledgement_tells_how_far_the_producer_has_come()
    {
        await EnsureAsync();
        var first = await AppendAsync(Records(0, 3));
        var second = await AppendAsync([Record(7, "key", "value")]);

        (first.NextSequence, first.Count).ShouldBe((3, 3));
        (second.NextSequence, second.Count).ShouldBe((8, 1));
        (await Topics.HighWatermarksAsync(Name, Cancellation))[0].ShouldBe(4);
    }

    [Fact]
    public async Task Acknowledgements_come_one_a_batch_and_in_order()
    {
        await EnsureAsync(partitions: 3);
        var batches = Enumerable.Range(0, 20).Select(i => (IReadOnlyList<ProducerRecord>)Records(i * 10, 10));
        var acks = await Source.From(batches).Via(Topics.ProducerFlow(Name, "producer"))
            .RunWith(Sink.Seq<ProducerAck>(), Materializer).Eventually();

        acks.Select(ack => ack.NextSequence).ShouldBe(Enumerable.Range(1, 20).Select(i => i * 10L));
        (await Topics.HighWatermarksAsync(Name, Cancellation)).Values.Sum().ShouldBe(200);
    }

    [Fact]
    public async Task Records_of_one_key_lie_in_one_partition()
    {
        await EnsureAsync(partitions: 4);
        await AppendAsync(Records(0, 200));
        var batches = await Consume().ReadAsync(200);

        var homes = batches
            .SelectMany(batch => batch.Records, (batch, record) => (Key: Text(record.Key), batch.Partition))
            .Distinct().ToList();
        homes.Count.ShouldBe(10);
        homes.Select(home => home.Partition).Distinct().Count().ShouldBeGreaterThan(1);
    }

    [Fact]
    public async Task A_record_without_a_key_goes_to_partition_0()
    {
        await EnsureAsync(partitions: 4);
        await AppendAsync([.. Enumerable.Range(0, 8).Select(i => Record(i, key: null, $"{i}"))]);

        (await Topics.HighWatermarksAsync(Name, Cancellation)).Where(end => end.Value > 0)
            .ShouldHaveSingleItem().ShouldBe(KeyValuePair.Create(0, 8L));
    }

    [Fact]
    public async Task Keys_values_and_times_come_back_as_they_went()
    {
        await EnsureAsync();
        var every = Enumerable.Range(0, 256).Select(i => (byte)i).ToArray();
        var sent = new ProducerRecord[]
        {
            new(0, every, every, At(1)),
            new(1, null, null, At(2)),
            new(2, [], [], At(3)),
            new(3, Encoding.UTF8.GetBytes("jürgen@例え.jp"), Encoding.UTF8.GetBytes("пароль"), At(999)),
        };
        await AppendAsync(sent);
        var read = (await Consume().ReadAsync(4)).SelectMany(batch => batch.Records).ToList();

        read.Select(record => record.Offset).ShouldBe([0, 1, 2, 3]);
        read.Select(record => record.Key).ShouldBe(sent.Select(record => record.Key));
        read.Select(record => record.Value).ShouldBe(sent.Select(record => record.Value));
        if (KeepsTimes)
        {
            read.Select(record => record.Timestamp).ShouldBe(sent.Select(record => record.Timestamp));
        }

        read.ShouldAllBe(record => record.Headers == null);
    }

    [Fact]
    public async Task Headers_come_back_as_they_went()
    {
        Assert.SkipUnless(SupportsHeaders, "this log drops headers");
        await EnsureAsync();
        var one = new Dictionary<string, string> { ["run"] = "42", ["reason"] = "пусто \"\\\n" };
        var other = new Dictionary<string, string> { ["run"] = "43" };
        var headers = new[] { one, one, null, other, new Dictionary<string, string>(other), one };
        await AppendAsync([.. headers.Select((each, i) => Record(i, "key", "value") with { Headers = each })]);

        var read = (await Consume().ReadAsync(headers.Length)).SelectMany(batch => batch.Records).ToList();
        for (var i = 0; i < headers.Length; i++)
        {
            if (headers[i] is { } sent)
            {
                read[i].Headers.ShouldNotBeNull().ShouldBe(sent, ignoreOrder: true);
            }
            else
            {
                read[i].Headers.ShouldBeNull();
            }
        }
    }

    [Fact]
    public async Task Replaying_a_batch_adds_nothing()
    {
        Assert.SkipUnless(SupportsIdempotentProducer, NoProducers);
        await EnsureAsync(partitions: 2);
        await AppendAsync(Records(0, 50));
        var again = await AppendAsync(Records(0, 50));

        (again.NextSequence, again.Count).ShouldBe((50, 50));
        (await Topics.HighWatermarksAsync(Name, Cancellation)).Values.Sum().ShouldBe(50);
    }

    [Fact]
    public async Task A_batch_appended_in_part_gets_the_rest()
    {
        Assert.SkipUnless(SupportsIdempotentProducer, NoProducers);
        await EnsureAsync();
        await AppendAsync(Records(0, 30));
        (await AppendAsync(Records(20, 30))).NextSequence.ShouldBe(50);

        Values(await Consume().ReadAsync(50)).ShouldBe(Numbers(0, 50));
    }

    [Fact]
    public async Task A_producer_goes_on_after_its_last_record()
    {
        Assert.SkipUnless(SupportsIdempotentProducer, NoProducers);
        await EnsureAsync();
        (await Topics.ResumeSequenceAsync(Name, "producer", Cancellation)).ShouldBe(0);
        await AppendAsync([Record(4, "key", "value")]);

        (await Topics.ResumeSequenceAsync(Name, "producer", Cancellation)).ShouldBe(5);
        (await Topics.ResumeSequenceAsync(Name, "another", Cancellation)).ShouldBe(0);
    }

    [Fact]
    public async Task Producers_have_sequences_of_their_own()
    {
        await EnsureAsync();
        await AppendAsync(Records(0, 5), "one");
        await AppendAsync(Records(0, 5), "another");

        (await Topics.HighWatermarksAsync(Name, Cancellation))[0].ShouldBe(10);
    }

    [Fact]
    public async Task Producers_at_the_same_time_lose_nothing_and_keep_their_order()
    {
        await EnsureAsync();
        var producers = Enumerable.Range(0, 4).ToList();
        await Task.WhenAll(producers.Select(producer => Source
            .From(Enumerable.Range(0, 10).Select(batch => (IReadOnlyList<ProducerRecord>)
                [.. Enumerable.Range(batch * 20, 20).Select(i => Record(i, $"{producer}", $"{i}"))]))
            .Via(Topics.ProducerFlow(Name, $"producer-{producer}"))
            .RunWith(Sink.Ignore<ProducerAck>(), Materializer))).Eventually();

        var read = (await Consume().ReadAsync(800)).SelectMany(batch => batch.Records).ToList();
        read.Select(record => record.Offset).ShouldBe(Enumerable.Range(0, 800).Select(i => (long)i));
        foreach (var producer in producers)
        {
            read.Where(record => Text(record.Key) == $"{producer}").Select(record => Text(record.Value))
                .ShouldBe(Numbers(0, 200));
        }
    }
}
