using Akka;
using Akka.Streams.Dsl;
using Confluent.Kafka;

namespace OtpActors.Streams.Kafka.Consumers;

/// <summary>
/// Sources of a group's records, at least once: a record comes again unless its offset was committed, and an offset is
/// committed only when the stream has said that everything before it in the partition is done. A partition keeps its
/// order. What is read ahead is bounded, and a stream that is slow or stuck stays in its group.
/// </summary>
/// <remarks>
/// One thread a source owns the client. A failure of the client that trying again does not mend (authentication,
/// fencing) fails the stream with <see cref="KafkaStreamException"/>; an outage of the brokers does not.
/// </remarks>
public static class KafkaConsumer
{
    /// <summary>Batches of all the partitions that this member owns, in one stream.</summary>
    public static Source<KafkaBatch<TKey, TValue>, IControl> CommittableBatchSource<TKey, TValue>(
        ConsumerSettings<TKey, TValue> settings, params IReadOnlyList<string> topics) =>
        Source.FromGraph(new BatchStage<TKey, TValue>(settings, topics));

    /// <summary>
    /// A stream for each partition that this member is given, for as long as it has it. Each is held back on its own. A
    /// partition that is handed over completes its stream, one that is lost fails it with
    /// <see cref="KafkaFailure.PartitionLost"/>; if it comes again it is a new stream. Merge at least as many streams as
    /// there can be partitions: one that is not run, or is cancelled, keeps its partition paused until that goes.
    /// </summary>
    public static Source<(TopicPartition Partition, Source<KafkaBatch<TKey, TValue>, NotUsed> Batches), IControl>
        CommittablePartitionedSource<TKey, TValue>(
            ConsumerSettings<TKey, TValue> settings, params IReadOnlyList<string> topics) =>
        Source.FromGraph(new PartitionedStage<TKey, TValue>(settings, topics));
}
