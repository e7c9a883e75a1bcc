using Confluent.Kafka;
using OtpActors.Streams.Kafka;

namespace OtpActors.Infrastructure.Topics.Kafka;

/// <summary>What the service's clients are given.</summary>
internal static class KafkaClients
{
    /// <summary>What a batch holds at most; a larger record comes alone.</summary>
    private const int MaxRecords = 2_000;
    private const int MaxBytes = 1 << 20;

    /// <summary>Of every client.</summary>
    public static Dictionary<string, string> Common(KafkaOptions options) =>
        new(options.Properties.Select(each => KeyValuePair.Create(each.Key, each.Value.Reveal())))
        {
            ["bootstrap.servers"] = options.BootstrapServers,
        };

    public static ProducerSettings<byte[]?, byte[]?> Producing(KafkaOptions options)
    {
        var settings = ProducerSettings<byte[]?, byte[]?>
            .Create((Akka.Configuration.Config?)null, Serializers.ByteArray, Serializers.ByteArray)
            .WithProperty("partitioner", "murmur2_random") // as Java's clients and the embedded log choose
            .WithProperties(Common(options));
        return options.IsBefore011 ? settings.WithoutIdempotence() : settings;
    }

    /// <summary>Without the group.</summary>
    public static ConsumerSettings<byte[]?, byte[]?> Consuming(KafkaOptions options) =>
        ConsumerSettings<byte[]?, byte[]?>
            .Create((Akka.Configuration.Config?)null, Deserializers.ByteArray, Deserializers.ByteArray)
            .WithProperty("session.timeout.ms", "10000") // how long a killed process keeps its partitions
            .WithProperty("heartbeat.interval.ms", "2000")
            .WithProperties(Common(options)) with
        {
            MaxBatchRecords = MaxRecords,
            MaxBatchBytes = MaxBytes,
            CommitInterval = TimeSpan.FromMilliseconds(100),
            StopTimeout = options.StopTimeout,
            OperationTimeout = options.OperationTimeout,
            StallTimeout = options.StallTimeout,
        };

    /// <summary>Null, or what the client library has against the options.</summary>
    public static string? RejectionReason(KafkaOptions options)
    {
        try
        {
            Producing(options).Validate();
            Consuming(options).Validate();
            return null;
        }
        catch (KafkaStreamException e)
        {
            return e.Message;
        }
    }
}
