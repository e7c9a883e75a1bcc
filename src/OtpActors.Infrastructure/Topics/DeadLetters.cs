using System.Globalization;
using OtpActors.Domain.Records;

namespace OtpActors.Infrastructure.Topics;

/// <summary>
/// Records that cannot be stored, kept as they came beside what was wrong with them. The topic is the origin's name
/// with <c>.dlq</c>; key and value are the origin's, the rest lies in headers.
/// </summary>
/// <remarks>
/// A record may be as large as a log allows, and its letter is larger. So that it finds room, what is beyond 64 KiB of the
/// key and 512 KiB of the value is left out, and headers tell how long they were. Where the log refuses that too, the letter
/// comes without any of its value.
/// </remarks>
public static class DeadLetters
{
    public const string Suffix = ".dlq";
    public const string TopicHeader = "origin-topic";
    public const string PartitionHeader = "origin-partition";
    public const string OffsetHeader = "origin-offset";
    public const string TimestampHeader = "origin-timestamp";
    public const string SinkHeader = "sink";
    public const string ReasonHeader = "reason";

    /// <summary>The origin's length in bytes; there where the letter has less of it.</summary>
    public const string KeyBytesHeader = "origin-key-bytes";
    public const string ValueBytesHeader = "origin-value-bytes";

    public const int MaxKeyBytes = 64 * 1024;
    public const int MaxValueBytes = 512 * 1024;

    public static string TopicOf(string topic) => topic + Suffix;

    /// <param name="reason">Free of the record's content.</param>
    /// <param name="now">
    /// The letter's own time; the record's is in a header. Brokers may refuse a time that is far from theirs, and what
    /// looks old is the first to be deleted.
    /// </param>
    public static ProducerRecord Wrap(
        TopicRecord record, string topic, int partition, string sink, string reason, DateTimeOffset now)
    {
        var headers = new Dictionary<string, string>
        {
            [TopicHeader] = topic,
            [PartitionHeader] = partition.ToString(CultureInfo.InvariantCulture),
            [OffsetHeader] = record.Offset.ToString(CultureInfo.InvariantCulture),
            [TimestampHeader] = record.Timestamp.ToString(),
            [SinkHeader] = sink,
            [ReasonHeader] = reason,
        };
        var key = Cut(record.Key, MaxKeyBytes, KeyBytesHeader, headers);
        var value = Cut(record.Value, MaxValueBytes, ValueBytesHeader, headers);
        return new ProducerRecord(record.Offset, key, value, now, headers);
    }

    /// <summary>A letter for a log that does not take all of it: the value is left out, and the header tells its length.</summary>
    public static ProducerRecord WithoutValue(ProducerRecord letter)
    {
        var headers = new Dictionary<string, string>(letter.Headers ?? new Dictionary<string, string>());
        headers.TryAdd(ValueBytesHeader, (letter.Value?.Length ?? 0).ToString(CultureInfo.InvariantCulture));
        return letter with { Value = [], Headers = headers };
    }

    /// <summary>The time of a letter's record; the letter's own where it does not say.</summary>
    public static RecordTime TimeOf(TopicRecord letter) =>
        RecordTime.TryParse(letter.Headers?.GetValueOrDefault(TimestampHeader)) ?? letter.Timestamp;

    private static byte[]? Cut(byte[]? bytes, int max, string header, Dictionary<string, string> headers)
    {
        if (bytes is null || bytes.Length <= max)
        {
            return bytes;
        }

        headers[header] = bytes.Length.ToString(CultureInfo.InvariantCulture);
        return bytes[..max];
    }
}
