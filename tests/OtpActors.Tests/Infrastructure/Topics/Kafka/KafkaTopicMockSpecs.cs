using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using OtpActors.Infrastructure.Topics;
using OtpActors.Infrastructure.Topics.Kafka;
using OtpActors.Tests.Servers;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Topics.Kafka;

/// <summary>The contract where brokers have headers, timestamps and idempotent producers: on the client library's own.</summary>
public sealed class KafkaTopicMockSpecs : OtpTopicContract
{
    private readonly MockKafka _kafka = new(brokers: 1);

    protected override bool SupportsIdempotentProducer => false;

    protected override bool CommitsAfterwards => false;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _kafka.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_producer_that_has_failed_for_good_is_replaced()
    {
        await EnsureAsync();
        _kafka.Fail(MockRequest.InitProducerId, ErrorCode.ClusterAuthorizationFailed);
        var failure = await Should.ThrowAsync<TopicException>(() => AppendAsync(Records(0, 10)));
        failure.Message.ShouldContain("ClusterAuthorizationFailed");

        await AppendAsync(Records(0, 10));
        (await Topics.HighWatermarksAsync(Name, Cancellation))[0].ShouldBe(10);
    }

    /// <summary>What a sink goes by that writes a dead letter.</summary>
    [Theory]
    [InlineData(ErrorCode.MsgSizeTooLarge)]
    [InlineData(ErrorCode.InvalidRecord)]
    [InlineData(ErrorCode.TopicAuthorizationFailed)]
    public async Task What_the_brokers_refuse_for_good_is_a_refusal(ErrorCode error)
    {
        await EnsureAsync();
        _kafka.Fail(MockRequest.Produce, error);
        (await Should.ThrowAsync<TopicException>(() => AppendAsync(Records(0, 1)))).IsRefusal.ShouldBeTrue();
    }

    [Fact]
    public async Task A_record_beyond_the_client_s_limit_is_a_refusal()
    {
        await EnsureAsync();
        var record = new ProducerRecord(0, [.. "jane@example.com"u8], new byte[1_500_000], DateTimeOffset.UnixEpoch);
        (await Should.ThrowAsync<TopicException>(() => AppendAsync([record]))).IsRefusal.ShouldBeTrue();
    }

    protected override Task<IOtpTopic> OpenAsync() => Task.FromResult<IOtpTopic>(new KafkaTopic(
        new KafkaOptions
        {
            BootstrapServers = _kafka.BootstrapServers,
            StopTimeout = TimeSpan.FromMilliseconds(50),
            Properties = { ["session.timeout.ms"] = "1000", ["heartbeat.interval.ms"] = "200" }, // they wait for it when a member leaves
        },
        TimeProvider.System, NullLogger<KafkaTopic>.Instance, CreateAsync));

    protected override async Task CloseAsync(IOtpTopic log) => await ((KafkaTopic)log).DisposeAsync();

    private Task<bool> CreateAsync(string topic, int partitions, short replicas, CancellationToken cancellationToken)
    {
        _kafka.CreateTopic(topic, partitions);
        return Task.FromResult(true);
    }
}
