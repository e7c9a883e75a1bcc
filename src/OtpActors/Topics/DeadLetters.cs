using System.Globalization;

namespace OtpActors.Topics;

/// <summary>
/// Records that cannot be stored, kept as they came beside what was wrong with them. The topic is the origin's name
/// with <c>.dlq</c>; key and value are the origin's, the rest lies in headers.
/// </summary>
public static class DeadLetters
{
    public const string Suffix = ".dlq";
    public const string TopicHeader = "origin-topic";
    public const string PartitionHeader = "origin-partition";
    public const string OffsetHeader = "origin-offset";
    public const string TimestampHeader = "origin-timestamp";
    public const string SinkHeader = "sink";
    public const string ReasonHeader = "reason";

    public static string TopicOf(string topic) => topic + Suffix;

    /// <param name="reason">Free of the record's content.</param>
    public static ProducerRecord Wrap(TopicRecord record, string topic, int partition, string sink, string reason) => new(
        record.Offset, record.Key, record.Value, record.Timestamp, new Dictionary<string, string>
        {
            [TopicHeader] = topic,
            [PartitionHeader] = partition.ToString(CultureInfo.InvariantCulture),
            [OffsetHeader] = record.Offset.ToString(CultureInfo.InvariantCulture),
            [TimestampHeader] = record.Timestamp.ToString("O", CultureInfo.InvariantCulture),
            [SinkHeader] = sink,
            [ReasonHeader] = reason,
        });
}
