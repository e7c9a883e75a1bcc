using System.Globalization;
using Confluent.Kafka;

namespace OtpActors.Streams.Kafka;

/// <summary>Looking at a topic: no group takes part, and nothing is committed.</summary>
public sealed partial class KafkaAdmin
{
    /// <summary>How long a look waits before it sees whether it is to end.</summary>
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(250);

    /// <summary>The oldest record's offset and the one after the newest, by partition.</summary>
    public Task<IReadOnlyDictionary<int, WatermarkOffsets>> WatermarksAsync(string topic, CancellationToken cancellationToken) =>
        AskAsync<IReadOnlyDictionary<int, WatermarkOffsets>>($"reading the bounds of {topic}", () =>
        {
            var consumer = Group("none");
            return Partitions(topic).ToDictionary(partition => partition.Partition.Value, partition =>
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                return consumer.QueryWatermarkOffsets(partition, _timeout);
            });
        }, cancellationToken);

    /// <summary>
    /// Records from an offset on, or from the oldest that is kept where that is later; none at the end. A client of its
    /// own reads them and is closed again.
    /// </summary>
    /// <param name="maxBytes">Of keys, values and headers together; the record that goes beyond it is the last.</param>
    public Task<IReadOnlyList<KafkaRecord<byte[]?, byte[]?>>> ReadAsync(
        TopicPartition partition, long offset, int maxRecords, long maxBytes, CancellationToken cancellationToken) =>
        AskAsync<IReadOnlyList<KafkaRecord<byte[]?, byte[]?>>>(
            $"reading {partition.Topic}", () => Read(partition, offset, maxRecords, maxBytes), cancellationToken);

    private List<KafkaRecord<byte[]?, byte[]?>> Read(TopicPartition partition, long offset, int maxRecords, long maxBytes)
    {
        if (!Partitions(partition.Topic).Contains(partition))
        {
            throw new KafkaStreamException(
                KafkaFailure.UnknownTopic, $"the topic {partition.Topic} has no partition {partition.Partition.Value}");
        }

        var records = new List<KafkaRecord<byte[]?, byte[]?>>();
        var ends = Group("none").QueryWatermarkOffsets(partition, _timeout);
        var from = Math.Clamp(offset, ends.Low.Value, ends.High.Value);
        if (from == ends.High.Value)
        {
            return records;
        }

        using var consumer = Reader(maxRecords);
        consumer.Assign(new TopicPartitionOffset(partition, from));
        var (since, bytes) = (_time.GetTimestamp(), 0L);
        while (records.Count < maxRecords && bytes < maxBytes)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var left = _timeout - _time.GetElapsedTime(since);
            var result = left > TimeSpan.Zero ? consumer.Consume(left < Slice ? left : Slice) : null;
            if (result is null && left > TimeSpan.Zero && records.Count == 0)
            {
                continue;
            }

            if (result is null && records.Count == 0)
            {
                throw new KafkaStreamException(KafkaFailure.Unavailable, $"reading {partition.Topic}: no answer within {_timeout}");
            }

            if (result is null or { IsPartitionEOF: true })
            {
                break;
            }

            var message = result.Message;
            bytes += (message.Key?.Length ?? 0) + (message.Value?.Length ?? 0) + KafkaRecord<byte[]?, byte[]?>.SizeOf(message.Headers);
            records.Add(new KafkaRecord<byte[]?, byte[]?>(
                result.Offset.Value, Decoded<byte[]?>.Of(message.Key), Decoded<byte[]?>.Of(message.Value),
                message.Timestamp, message.Headers is { Count: > 0 } headers ? headers : null));
        }

        return records;
    }

    private IConsumer<byte[]?, byte[]?> Reader(int maxRecords)
    {
        var properties = new Dictionary<string, string>(_properties)
        {
            ["group.id"] = "none",
            ["enable.auto.commit"] = "false",
            ["enable.partition.eof"] = "true",
            ["auto.offset.reset"] = "earliest",
            ["queued.min.messages"] = Math.Clamp(maxRecords, 1, 10_000_000).ToString(CultureInfo.InvariantCulture),
        };
        return new ConsumerBuilder<byte[]?, byte[]?>(properties)
            .SetKeyDeserializer(Deserializers.ByteArray).SetValueDeserializer(Deserializers.ByteArray)
            .SetLogHandler((_, message) => _log(message)).SetErrorHandler((_, _) => { }).Build();
    }
}
