using Akka.Actor;
using Confluent.Kafka;
using Config = Akka.Configuration.Config;

namespace OtpActors.Streams.Kafka;

/// <summary>What a flow needs to know. Defaults, with their units, are those of <c>reference.conf</c>.</summary>
public sealed record ProducerSettings<TKey, TValue>
{
    /// <summary>Runs on a stream thread. What it throws fails the flow.</summary>
    public required ISerializer<TKey> KeySerializer { get; init; }

    /// <summary>Runs on a stream thread. What it throws fails the flow.</summary>
    public required ISerializer<TValue> ValueSerializer { get; init; }

    /// <summary>Batches that may be under way at a time. Default 4.</summary>
    public required int Parallelism { get; init; }

    /// <summary>
    /// How long to wait when the client's queue is full before the rest of a batch is tried again. Default 5 ms.
    /// </summary>
    public required TimeSpan QueueFullRetry { get; init; }

    /// <summary>How long the end of a producer waits for what it still holds. Default 30 s.</summary>
    public required TimeSpan FlushTimeout { get; init; }

    /// <summary>librdkafka's, by name. May hold secrets: never log it.</summary>
    public required IReadOnlyDictionary<string, string> Properties { get; init; }

    /// <summary>The settings of <c>akka.kafka.producer</c>, over the defaults.</summary>
    public static ProducerSettings<TKey, TValue> Create(
        ActorSystem system, ISerializer<TKey> keys, ISerializer<TValue> values) =>
        Create(system.Settings.Config.GetConfig("akka.kafka.producer"), keys, values);

    /// <param name="config">A section shaped as <c>akka.kafka.producer</c>; null for the defaults.</param>
    public static ProducerSettings<TKey, TValue> Create(
        Config? config, ISerializer<TKey> keys, ISerializer<TValue> values)
    {
        var c = Reference.Section("akka.kafka.producer", config);
        return new ProducerSettings<TKey, TValue>
        {
            KeySerializer = keys,
            ValueSerializer = values,
            Parallelism = c.GetInt("parallelism"),
            QueueFullRetry = c.GetTimeSpan("queue-full-retry"),
            FlushTimeout = c.GetTimeSpan("flush-timeout"),
            Properties = Reference.Properties(c),
        };
    }

    /// <summary>The brokers to begin with: <c>host:port</c>, separated by commas.</summary>
    public ProducerSettings<TKey, TValue> WithBootstrapServers(string servers) =>
        WithProperty("bootstrap.servers", servers);

    /// <summary>
    /// Any property of librdkafka, in place of one of the same name. <see cref="Validate"/> checks it.
    /// </summary>
    public ProducerSettings<TKey, TValue> WithProperty(string name, string value) =>
        this with { Properties = new Dictionary<string, string>(Properties) { [name] = value } };

    /// <summary>Several properties of librdkafka, each as <see cref="WithProperty"/>.</summary>
    public ProducerSettings<TKey, TValue> WithProperties(IEnumerable<KeyValuePair<string, string>> properties) =>
        properties.Aggregate(this, (settings, property) => settings.WithProperty(property.Key, property.Value));

    /// <summary>
    /// For brokers before 0.11, which know no idempotence: one request is under way at a time, so that a retry cannot
    /// overtake.
    /// </summary>
    public ProducerSettings<TKey, TValue> WithoutIdempotence() =>
        WithProperty("enable.idempotence", "false").WithProperty("max.in.flight.requests.per.connection", "1");

    /// <summary>Has the client library look at every property. No connection is made.</summary>
    /// <exception cref="KafkaStreamException">It refuses one; the message names it.</exception>
    public void Validate()
    {
        var alone = ClientProperties();
        alone.Remove("bootstrap.servers");
        try
        {
            new ProducerBuilder<Null, Null>(alone).SetLogHandler((_, _) => { }).Build().Dispose();
        }
        catch (Exception e) when (KafkaStreamException.IsRefusal(e))
        {
            throw KafkaStreamException.Refusal(e);
        }
    }

    /// <summary>What the client is given: the properties, and over them what a flow needs to know of each record.</summary>
    internal Dictionary<string, string> ClientProperties() => new(Properties)
    {
        ["dotnet.producer.enable.delivery.reports"] = "true",
        ["dotnet.producer.enable.background.poll"] = "true",
        ["dotnet.producer.delivery.report.fields"] = "status", // the others cost an allocation each, a record
    };
}
