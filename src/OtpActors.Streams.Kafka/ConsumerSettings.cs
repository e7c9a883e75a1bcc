using Akka.Actor;
using Confluent.Kafka;
using Config = Akka.Configuration.Config;

namespace OtpActors.Streams.Kafka;

/// <summary>What a source needs to know. Defaults, with their units, are those of <c>reference.conf</c>.</summary>
public sealed record ConsumerSettings<TKey, TValue>
{
    public required IDeserializer<TKey> KeyDeserializer { get; init; }

    public required IDeserializer<TValue> ValueDeserializer { get; init; }

    public required TimeSpan PollInterval { get; init; }

    public required int MaxBatchRecords { get; init; }

    public required long MaxBatchBytes { get; init; }

    public required int MaxQueuedBatches { get; init; }

    public required int ResumeAtBatches { get; init; }

    public required TimeSpan PauseDelay { get; init; }

    public required TimeSpan CommitInterval { get; init; }

    public required TimeSpan RevokeTimeout { get; init; }

    public required TimeSpan StopTimeout { get; init; }

    public required TimeSpan CloseTimeout { get; init; }

    public required TimeSpan OperationTimeout { get; init; }

    public required TimeSpan StallTimeout { get; init; }

    public required bool VerifyTopics { get; init; }

    /// <summary>librdkafka's, by name. May hold secrets: never log it.</summary>
    public required IReadOnlyDictionary<string, string> Properties { get; init; }

    /// <summary>The settings of <c>akka.kafka.consumer</c>, over the defaults.</summary>
    public static ConsumerSettings<TKey, TValue> Create(
        ActorSystem system, IDeserializer<TKey> keys, IDeserializer<TValue> values) =>
        Create(system.Settings.Config.GetConfig("akka.kafka.consumer"), keys, values);

    /// <param name="config">A section shaped as <c>akka.kafka.consumer</c>; null for the defaults.</param>
    public static ConsumerSettings<TKey, TValue> Create(
        Config? config, IDeserializer<TKey> keys, IDeserializer<TValue> values)
    {
        var c = Reference.Section("akka.kafka.consumer", config);
        return new ConsumerSettings<TKey, TValue>
        {
            KeyDeserializer = keys,
            ValueDeserializer = values,
            PollInterval = c.GetTimeSpan("poll-interval"),
            MaxBatchRecords = c.GetInt("max-batch-records"),
            MaxBatchBytes = c.GetByteSize("max-batch-bytes")!.Value,
            MaxQueuedBatches = c.GetInt("max-queued-batches"),
            ResumeAtBatches = c.GetInt("resume-at-batches"),
            PauseDelay = c.GetTimeSpan("pause-delay"),
            CommitInterval = c.GetTimeSpan("commit-interval"),
            RevokeTimeout = c.GetTimeSpan("revoke-timeout"),
            StopTimeout = c.GetTimeSpan("stop-timeout"),
            CloseTimeout = c.GetTimeSpan("close-timeout"),
            OperationTimeout = c.GetTimeSpan("operation-timeout"),
            StallTimeout = c.GetTimeSpan("stall-timeout"),
            VerifyTopics = c.GetBoolean("verify-topics"),
            Properties = Reference.Properties(c),
        };
    }

    public ConsumerSettings<TKey, TValue> WithBootstrapServers(string servers) =>
        WithProperty("bootstrap.servers", servers);

    public ConsumerSettings<TKey, TValue> WithGroupId(string group) => WithProperty("group.id", group);

    public ConsumerSettings<TKey, TValue> WithProperty(string name, string value) =>
        this with { Properties = new Dictionary<string, string>(Properties) { [name] = value } };

    public ConsumerSettings<TKey, TValue> WithProperties(IEnumerable<KeyValuePair<string, string>> properties) =>
        properties.Aggregate(this, (settings, property) => settings.WithProperty(property.Key, property.Value));

    /// <summary>Has the client library look at every property. No connection is made.</summary>
    /// <exception cref="KafkaStreamException">It refuses one; the message names it.</exception>
    public void Validate()
    {
        var alone = ClientProperties(oneTopic: true);
        alone.Remove("bootstrap.servers");
        alone.TryAdd("group.id", "none");
        try
        {
            new ConsumerBuilder<Ignore, Ignore>(alone).SetLogHandler((_, _) => { }).Build().Dispose();
        }
        catch (Exception e) when (KafkaStreamException.IsRefusal(e))
        {
            throw KafkaStreamException.Refusal(e);
        }
    }

    /// <summary>What the client is given: the properties, and over them what the guarantees rest on.</summary>
    internal Dictionary<string, string> ClientProperties(bool oneTopic) => new(Properties)
    {
        ["enable.auto.commit"] = "true",
        ["enable.auto.offset.store"] = "false", // only what a stream has finished is stored, and so committed
        ["auto.commit.interval.ms"] = Reference.Milliseconds(CommitInterval),
        ["enable.partition.eof"] = "true", // tells of holes at the end, where no record follows
        ["dotnet.consumer.consume.result.fields"] = oneTopic ? "headers,timestamp" : "all", // a topic's name costs a string a record
    };
}
