using Akka.Actor;
using Confluent.Kafka;
using Config = Akka.Configuration.Config;

namespace OtpActors.Streams.Kafka;

/// <summary>What a source needs to know. Defaults, with their units, are those of <c>reference.conf</c>.</summary>
public sealed record ConsumerSettings<TKey, TValue>
{
    /// <summary>
    /// Runs on the poll thread. May throw: the record then carries the error (<see cref="Decoded{T}"/>).
    /// </summary>
    public required IDeserializer<TKey> KeyDeserializer { get; init; }

    /// <summary>
    /// Runs on the poll thread. May throw: the record then carries the error (<see cref="Decoded{T}"/>).
    /// </summary>
    public required IDeserializer<TValue> ValueDeserializer { get; init; }

    /// <summary>
    /// How long the poll thread waits for a record before it looks after commits, pauses and its own end. Default 20
    /// ms.
    /// </summary>
    public required TimeSpan PollInterval { get; init; }

    /// <summary>A batch is closed at this many records. Default 500.</summary>
    public required int MaxBatchRecords { get; init; }

    /// <summary>
    /// A batch is closed at this many bytes of keys and values; a larger record comes alone. Default 256 KiB.
    /// </summary>
    public required long MaxBatchBytes { get; init; }

    /// <summary>Closed batches waiting for the stream at which fetching is held back. Default 4.</summary>
    public required int MaxQueuedBatches { get; init; }

    /// <summary>Waiting batches at which held back partitions go on. Default 1.</summary>
    public required int ResumeAtBatches { get; init; }

    /// <summary>
    /// How long a stream may be slow before its partitions are paused at the client library. Default 250 ms.
    /// </summary>
    public required TimeSpan PauseDelay { get; init; }

    /// <summary>How often finished offsets are committed. Default 200 ms.</summary>
    public required TimeSpan CommitInterval { get; init; }

    /// <summary>
    /// How long batches with the stream may still be finished when their partition goes to another member. Default 3 s.
    /// </summary>
    public required TimeSpan RevokeTimeout { get; init; }

    /// <summary>
    /// How long batches with the stream may still be finished when the source is stopped. Default 3 s.
    /// </summary>
    public required TimeSpan StopTimeout { get; init; }

    /// <summary>
    /// How long the client may take to close before the source counts as shut down all the same. Default 15 s.
    /// </summary>
    public required TimeSpan CloseTimeout { get; init; }

    /// <summary>Limit of one question to the brokers (metadata, offsets). Default 10 s.</summary>
    public required TimeSpan OperationTimeout { get; init; }

    /// <summary>
    /// How long no record may come of those that lie in a partition before the source fails; zero for ever. Default 60
    /// s.
    /// </summary>
    public required TimeSpan StallTimeout { get; init; }

    /// <summary>
    /// Whether the source fails at its start if a topic is not there; otherwise it waits for it. Default true.
    /// </summary>
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

    /// <summary>The brokers to begin with: <c>host:port</c>, separated by commas.</summary>
    public ConsumerSettings<TKey, TValue> WithBootstrapServers(string servers) =>
        WithProperty("bootstrap.servers", servers);

    /// <summary>The consumer group, whose offsets are committed. Required.</summary>
    public ConsumerSettings<TKey, TValue> WithGroupId(string group) => WithProperty("group.id", group);

    /// <summary>
    /// Any property of librdkafka, in place of one of the same name. <see cref="Validate"/> checks it.
    /// </summary>
    public ConsumerSettings<TKey, TValue> WithProperty(string name, string value) =>
        this with { Properties = new Dictionary<string, string>(Properties) { [name] = value } };

    /// <summary>Several properties of librdkafka, each as <see cref="WithProperty"/>.</summary>
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
