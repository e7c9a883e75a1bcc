using Akka;
using Akka.Streams.Dsl;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;

namespace OtpActors.Infrastructure.Topics;

/// <summary>
/// A partitioned, durable log with consumer groups. Implementations: <c>Embedded/</c> (SQLite, the default) and Kafka.
/// Guarantees: a record is acknowledged once it is durable; records of one key lie in one partition; a partition keeps
/// its order; a group goes on after its last committed offset.
/// </summary>
/// <remarks>Every method can be called from any thread; a failure of the log itself is a <see cref="TopicException"/>.</remarks>
public interface IOtpTopic
{
    /// <summary>Whether a record's headers lie beside its value; if not, a record with headers is none that others can read.</summary>
    bool SupportsHeaders { get; }

    /// <summary>Creates the topic unless it exists. An existing topic keeps the partitions it has.</summary>
    Task<TopicEnsured> EnsureAsync(TopicSpec spec, CancellationToken cancellationToken);

    /// <summary>
    /// Batches in, an acknowledgement a batch out, in order. A record whose <see cref="ProducerRecord.Sequence"/> this
    /// producer has already appended is acknowledged and not appended again, where the log can tell
    /// (<see cref="ResumeSequenceAsync"/>).
    /// </summary>
    /// <param name="topic">The topic; it must exist.</param>
    /// <param name="producerId">Names the sequence of records, across restarts.</param>
    Flow<IReadOnlyList<ProducerRecord>, ProducerAck, NotUsed> ProducerFlow(string topic, string producerId);

    /// <summary>
    /// The first sequence that this producer has not appended for certain: 0 for a new producer, and for a log that
    /// does not keep producers' positions.
    /// </summary>
    Task<long> ResumeSequenceAsync(string topic, string producerId, CancellationToken cancellationToken);

    /// <summary>
    /// The group's records from its committed offset on (from the earliest for a new group), as batches of one
    /// partition each, until the control drains it. Pulling slowly holds the log back; nothing is buffered without bound.
    /// A second member of the same group takes its partitions over: the first fails with <see cref="TopicException"/>
    /// or goes on with what is left to it, and its late commits are refused.
    /// </summary>
    Source<PartitionBatch, IConsumerControl> Consume(string topic, string group);

    /// <summary>The offset after the newest record, by partition.</summary>
    Task<OffsetMap> HighWatermarksAsync(string topic, CancellationToken cancellationToken);

    /// <summary>The offset the group goes on from, by partition; a partition without a commit is absent.</summary>
    Task<OffsetMap> CommittedAsync(string topic, string group, CancellationToken cancellationToken);

    /// <summary>Whether the log knows what a producer has appended, across restarts (<see cref="ResumeSequenceAsync"/>).</summary>
    bool SupportsIdempotentProducer { get; }

    /// <summary>The topics by name, in ordinal order; without those that brokers keep for themselves.</summary>
    Task<IReadOnlyList<TopicSummary>> ListAsync(CancellationToken cancellationToken);

    /// <summary>The partitions in order, and what each holds; null where there is no such topic.</summary>
    Task<IReadOnlyList<PartitionWatermarks>?> DescribeAsync(string topic, CancellationToken cancellationToken);

    /// <summary>
    /// Records of a partition from an offset on, for looking at: no group takes part, nothing is committed. From the
    /// oldest that is kept where the offset lies before it, and none at the end. Fewer than asked for where they are
    /// large: the next page begins after the last.
    /// </summary>
    /// <exception cref="TopicException">There is no such topic or partition, or the log is out.</exception>
    Task<IReadOnlyList<TopicRecord>> ReadAsync(
        string topic, int partition, long offset, int maxRecords, CancellationToken cancellationToken);
}

/// <summary>A topic in the list.</summary>
public sealed record TopicSummary(string Name, int Partitions);

/// <summary>What a partition holds.</summary>
/// <param name="Low">The oldest record's offset; where it is empty, the same as <paramref name="High"/>.</param>
/// <param name="High">The offset after the newest record.</param>
public sealed record PartitionWatermarks(int Partition, long Low, long High);

/// <summary>The topic wanted. Partitions and replication count only for a topic that is created.</summary>
public sealed record TopicSpec(string Name, int Partitions = 1, short ReplicationFactor = 3);

/// <summary>A record to append.</summary>
/// <param name="Sequence">Grows along a producer's records; gaps are allowed.</param>
/// <param name="Key">Decides the partition; null goes to partition 0.</param>
/// <param name="Value">The payload; may be null.</param>
/// <param name="Timestamp">When the record came to be.</param>
/// <param name="Headers">Small texts beside the payload; null where there are none.</param>
public readonly record struct ProducerRecord(
    long Sequence, byte[]? Key, byte[]? Value, RecordTime Timestamp, IReadOnlyDictionary<string, string>? Headers = null);

/// <param name="NextSequence">The sequence after the batch's last record.</param>
/// <param name="Count">The batch's records, all durable now, those appended earlier included.</param>
public sealed record ProducerAck(long NextSequence, int Count);

/// <summary>A record as it lies in the log: whatever any producer has put there.</summary>
public readonly record struct TopicRecord(
    long Offset, byte[]? Key, byte[]? Value, RecordTime Timestamp, IReadOnlyDictionary<string, string>? Headers = null);

/// <summary>Consecutive records of one partition.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Records">At least one, in offset order.</param>
/// <param name="CommitAsync">
/// Commits every record of the partition up to this batch's last. Never moves a group backwards; refused with
/// <see cref="TopicException"/> once the partition has another owner.
/// </param>
public sealed record PartitionBatch(
    int Partition, IReadOnlyList<TopicRecord> Records, Func<CancellationToken, Task> CommitAsync)
{
    /// <summary>The offset after the last record: what a commit of this batch writes.</summary>
    public long NextOffset => Records[^1].Offset + 1;
}

/// <summary>The handle on a running consumer.</summary>
public interface IConsumerControl
{
    /// <summary>
    /// Completes when partitions are assigned, with the offset each starts from; faults when that fails.
    /// </summary>
    Task<OffsetMap> Assigned { get; }

    /// <summary>Stops fetching; batches already fetched are still emitted, then the source completes.</summary>
    void Drain();

    /// <summary>Completes when the source has ended, in whichever way, and holds nothing any more.</summary>
    Task Stopped { get; }
}

/// <summary>The log refused or failed; the message says what and, where it helps, what to do. Never holds a record.</summary>
public sealed class TopicException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whether the log is well and the topic is just not there.</summary>
    public bool IsMissing { get; init; }

    /// <summary>Whether it is an outage: the same call can succeed later, with nothing changed but the log's state.</summary>
    public bool CanPass { get; init; }

    /// <summary>
    /// Whether the group has taken the partition away, as it does when its brokers were out for longer than the session: a
    /// consumer that begins anew goes on from the last commit.
    /// </summary>
    public bool IsLost { get; init; }

    /// <summary>Whether the log is there and does not take what it was given, however often that is tried.</summary>
    public bool IsRefusal => !(IsMissing || CanPass || IsLost);

    internal static TopicException NoTopic(string topic) => new($"there is no topic {topic}: create it first") { IsMissing = true };
}
