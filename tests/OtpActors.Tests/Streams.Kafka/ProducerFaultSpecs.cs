using Confluent.Kafka;
using OtpActors.Streams.Kafka;
using OtpActors.Tests.Servers;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Streams.Kafka;

public sealed class ProducerFaultSpecs() : MockKafkaSpecs(brokers: 1, partitions: 2)
{
    [Fact]
    public async Task A_full_queue_is_waited_for_and_loses_nothing()
    {
        var acks = await ProduceAsync(5_000, 2, ProducerSettings().WithProperty("queue.buffering.max.messages", "60"));

        acks.Select(ack => ack.PassThrough).ShouldBe(Enumerable.Range(0, 50));
        (await Admin.HighWatermarksAsync(Topic, Cancellation)).Values.ShouldBe([2_500, 2_500]);
    }

    [Fact]
    public async Task An_acknowledgement_tells_where_the_batch_ended()
    {
        var acks = await ProduceAsync(300, 2);

        acks.Select(ack => ack.Next[new TopicPartition(Topic, 0)]).ShouldBe([50, 100, 150]);
        acks.Select(ack => ack.Next[new TopicPartition(Topic, 1)]).ShouldBe([50, 100, 150]);
    }

    [Theory]
    [InlineData(ErrorCode.NotLeaderForPartition)]
    [InlineData(ErrorCode.NotEnoughReplicas)]
    public async Task What_passes_is_tried_again_and_appended_once(ErrorCode error)
    {
        Kafka.Fail(MockRequest.Produce, error, error);
        await ProduceAsync(2_000, 2);

        (await Admin.HighWatermarksAsync(Topic, Cancellation)).Values.ShouldBe([1_000, 1_000]);
    }

    /// <summary>These brokers do not look at sequence numbers: what they had when the connection broke comes twice here.</summary>
    [Fact]
    public async Task A_connection_that_breaks_costs_no_record()
    {
        Kafka.Fail(MockRequest.Produce, ErrorCode.Local_Transport, ErrorCode.Local_Transport);
        var acks = await ProduceAsync(2_000, 2);

        acks.Count.ShouldBe(20);
        (await Admin.HighWatermarksAsync(Topic, Cancellation)).Values.ShouldAllBe(end => end >= 1_000);
    }

    [Fact]
    public async Task A_record_that_is_refused_fails_the_flow()
    {
        Kafka.Fail(MockRequest.Produce, ErrorCode.TopicAuthorizationFailed);

        (await Should.ThrowAsync<KafkaStreamException>(() => ProduceAsync(100, 2))).Failure.ShouldBe(KafkaFailure.Denied);
    }

    [Fact]
    public async Task Brokers_that_stay_away_fail_the_flow_in_time()
    {
        await ProduceAsync(100, 2);
        Kafka.SetDown(-1);

        var settings = ProducerSettings().WithProperty("message.timeout.ms", "1500") with { FlushTimeout = TimeSpan.FromSeconds(2) };
        (await Should.ThrowAsync<KafkaStreamException>(() => ProduceAsync(100, 2, settings))).Failure.ShouldBe(KafkaFailure.Unavailable);
        Kafka.SetUp(-1);
    }

    [Fact]
    public async Task A_setting_that_the_client_does_not_know_is_named()
    {
        var failure = await Should.ThrowAsync<KafkaStreamException>(() => ProduceAsync(100, 2, ProducerSettings().WithProperty("no.such", "1")));

        (failure.Failure, failure.Message.Contains("no.such", StringComparison.Ordinal)).ShouldBe((KafkaFailure.Refused, true));
    }
}
