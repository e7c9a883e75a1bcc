using Confluent.Kafka;
using OtpActors.Streams.Kafka;

namespace OtpActors.Infrastructure.Topics.Kafka;

/// <summary>Looking at a topic.</summary>
public sealed partial class KafkaTopic
{
    /// <summary>What a look at a partition takes into memory at most; a larger record comes alone.</summary>
    private const int ReadBytes = 1 << 20;

    /// <summary>False: brokers do not tell, and so what is sent again lies there again.</summary>
    public bool SupportsIdempotentProducer => false;

    public Task<IReadOnlyList<TopicSummary>> ListAsync(CancellationToken cancellationToken) => RunAsync<IReadOnlyList<TopicSummary>>(
        async () => [.. (await _admin.TopicsAsync(cancellationToken).ConfigureAwait(false))
            .OrderBy(topic => topic.Key, StringComparer.Ordinal).Select(topic => new TopicSummary(topic.Key, topic.Value))],
        "the list of topics");

    public Task<IReadOnlyList<PartitionWatermarks>?> DescribeAsync(string topic, CancellationToken cancellationToken)
    {
        TopicRules.CheckName(topic);
        return RunAsync<IReadOnlyList<PartitionWatermarks>?>(
            async () =>
            {
                try
                {
                    var ends = await _admin.WatermarksAsync(topic, cancellationToken).ConfigureAwait(false);
                    return [.. ends.OrderBy(each => each.Key)
                        .Select(each => new PartitionWatermarks(each.Key, each.Value.Low.Value, each.Value.High.Value))];
                }
                catch (KafkaStreamException e) when (e.Failure == KafkaFailure.UnknownTopic)
                {
                    return null;
                }
            },
            topic);
    }

    public Task<IReadOnlyList<TopicRecord>> ReadAsync(
        string topic, int partition, long offset, int maxRecords, CancellationToken cancellationToken)
    {
        TopicRules.CheckName(topic);
        return RunAsync<IReadOnlyList<TopicRecord>>(
            async () => [.. (await _admin.ReadAsync(
                new TopicPartition(topic, partition), offset, maxRecords, ReadBytes, cancellationToken).ConfigureAwait(false)).Select(ToRecord)],
            topic);
    }
}
