namespace OtpActors.Streams.Kafka.Consumers;

/// <summary>What a source has done since its start. Counted on the poll thread; a snapshot may lag by a record.</summary>
/// <param name="Records">Taken up.</param>
/// <param name="Bytes">Of their keys and values.</param>
/// <param name="Batches">Made of them.</param>
/// <param name="Commits">Offsets that brokers have confirmed.</param>
/// <param name="CommitErrors">Offsets that they refused; tried again while the partition is ours.</param>
/// <param name="Gaps">Places where offsets jumped ahead: retention, compaction or transaction markers.</param>
/// <param name="MissingRecords">Offsets jumped over.</param>
/// <param name="Duplicates">Records dropped since the client gave them twice.</param>
/// <param name="Rewinds">Times that a partition was found shorter than the group's offset, and read again from its start.</param>
/// <param name="DecodeErrors">Keys and values that their deserializer refused.</param>
/// <param name="Rebalances">Changes of what is assigned.</param>
/// <param name="PartitionsLost">Taken away without notice.</param>
/// <param name="Pauses">Times that a slow stream had fetching paused.</param>
/// <param name="Errors">Errors the client reported, those it recovered from included.</param>
/// <param name="ClientJson">librdkafka's own statistics, where <c>statistics.interval.ms</c> asks for them.</param>
public sealed record ConsumerStatistics(
    long Records, long Bytes, long Batches, long Commits, long CommitErrors, long Gaps, long MissingRecords, long Duplicates,
    long Rewinds, long DecodeErrors, long Rebalances, long PartitionsLost, long Pauses, long Errors, string? ClientJson);

/// <summary>The counters behind it; fields, so that the poll thread pays an increment and no more.</summary>
internal sealed class ConsumerCounters
{
    public long Records;
    public long Bytes;
    public long Batches;
    public long Commits;
    public long CommitErrors;
    public long Gaps;
    public long MissingRecords;
    public long Duplicates;
    public long Rewinds;
    public long DecodeErrors;
    public long Rebalances;
    public long PartitionsLost;
    public long Pauses;
    public long Errors;
    public volatile string? ClientJson;

    public ConsumerStatistics Snapshot() => new(
        Records, Bytes, Batches, Commits, CommitErrors, Gaps, MissingRecords, Duplicates, Rewinds, DecodeErrors, Rebalances,
        PartitionsLost, Pauses, Errors, ClientJson);
}
