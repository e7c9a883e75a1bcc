using Confluent.Kafka;

namespace OtpActors.Streams.Kafka;

/// <summary>A record as it came.</summary>
/// <param name="Timestamp">
/// As the producer wrote it, any 64-bit number: its <c>UtcDateTime</c> throws beyond the years 1 to 9999. Of the type
/// <c>NotAvailable</c> where the log keeps none (before Kafka 0.10).
/// </param>
/// <param name="Headers">Null where there are none. Names may repeat, values be null or any bytes.</param>
public readonly record struct KafkaRecord<TKey, TValue>(
    long Offset, Decoded<TKey> Key, Decoded<TValue> Value, Timestamp Timestamp, Headers? Headers)
{
    /// <summary>What a record's headers take: anybody may send as many as a record has room for.</summary>
    internal static long SizeOf(Headers? headers)
    {
        var size = 0L;
        for (var i = 0; i < (headers?.Count ?? 0); i++)
        {
            size += headers![i].Key.Length + (headers[i].GetValueBytes()?.Length ?? 0);
        }

        return size;
    }
}

/// <summary>How a commit ended.</summary>
public enum CommitOutcome
{
    /// <summary>The brokers have the offset.</summary>
    Committed,

    /// <summary>The partition has been taken away: its next owner reads the batch again. Nothing was committed.</summary>
    Revoked,

    /// <summary>The consumer has been closed before. Nothing was committed.</summary>
    Closed,
}

/// <summary>Consecutive records of one partition, and the handle that commits them.</summary>
public sealed class KafkaBatch<TKey, TValue>
{
    private readonly Func<KafkaBatch<TKey, TValue>, bool, Task<CommitOutcome>> _commit;

    internal KafkaBatch(
        TopicPartition partition, int epoch, long sequence, IReadOnlyList<KafkaRecord<TKey, TValue>> records,
        int? leaderEpoch, Func<KafkaBatch<TKey, TValue>, bool, Task<CommitOutcome>> commit)
    {
        (TopicPartition, Epoch, Sequence, Records, LeaderEpoch) = (partition, epoch, sequence, records, leaderEpoch);
        _commit = commit;
    }

    /// <summary>Where its records lie.</summary>
    public TopicPartition TopicPartition { get; }

    /// <summary>Counts the assignments of this consumer: a batch of an older one cannot be committed any more.</summary>
    public int Epoch { get; }

    /// <summary>Counts the batches of a partition within an epoch, from 0.</summary>
    public long Sequence { get; }

    /// <summary>At least one, in offset order.</summary>
    public IReadOnlyList<KafkaRecord<TKey, TValue>> Records { get; }

    /// <summary>The offset of the first record.</summary>
    public long FirstOffset => Records[0].Offset;

    /// <summary>The offset after the last record: what a commit writes.</summary>
    public long NextOffset => Records[^1].Offset + 1;

    internal int? LeaderEpoch { get; }

    /// <summary>
    /// Says that this batch is done. Its offset is committed once every earlier batch of its partition is done too, so
    /// batches may finish in any order; completes when the brokers have it. Any thread, any number of times.
    /// </summary>
    public Task<CommitOutcome> CommitAsync() => _commit(this, false);

    /// <summary>Says that this batch and every earlier one of its partition are done.</summary>
    public Task<CommitOutcome> CommitThroughAsync() => _commit(this, true);
}
