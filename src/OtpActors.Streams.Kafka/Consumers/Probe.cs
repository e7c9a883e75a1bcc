using Confluent.Kafka;

namespace OtpActors.Streams.Kafka.Consumers;

/// <summary>A client of its own, outside the group, that looks whether there is a record to read.</summary>
internal static class Probe
{
    public static bool HasRecord(
        IReadOnlyDictionary<string, string> properties, TopicPartition partition, long from, TimeSpan timeout)
    {
        var settings = new Dictionary<string, string>(properties)
        {
            ["enable.auto.commit"] = "false",
            ["enable.partition.eof"] = "true",
        };
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(settings).SetLogHandler((_, _) => { }).Build();
        consumer.Assign(new TopicPartitionOffset(partition, from));
        return consumer.Consume(timeout) is { IsPartitionEOF: false };
    }
}
