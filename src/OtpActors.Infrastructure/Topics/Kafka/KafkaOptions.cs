using System.ComponentModel.DataAnnotations;
using System.Reflection;
using OtpActors.Infrastructure.Configuration;

namespace OtpActors.Infrastructure.Topics.Kafka;

/// <summary>The section <c>OtpActors:Kafka</c>; it counts where <c>OtpActors:Topic:Provider</c> is <c>Kafka</c>.</summary>
public sealed class KafkaOptions : IValidatableObject
{
    private const string Section = "OtpActors:Kafka";

    /// <summary>Brokers to begin with, as <c>host:port,host:port</c>. Default <c>localhost:9092</c>.</summary>
    [Required]
    [RegularExpression("[^@]*", ErrorMessage = "{0} must be host:port, with commas between; users and passwords have settings of their own")]
    [Shown]
    public string BootstrapServers { get; set; } = "localhost:9092";

    /// <summary>
    /// How long one question to the brokers may take: metadata, offsets, the creation of a topic. Default 10 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan OperationTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a consumer that stops may finish and commit what it has in progress before it leaves its group. Default 3 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// A sink whose partition holds records that do not come for this long, and as long again, is begun anew; zero turns this
    /// off. Default 60 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan StallTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Any property of librdkafka by its own name: TLS, SASL, <c>broker.version.fallback</c>. Shown are those alone that can
    /// hold no secret.
    /// </summary>
    [Shown(
        "allow.auto.create.topics", "api.version.fallback.ms", "api.version.request", "api.version.request.timeout.ms", "batch.num.messages",
        "batch.size", "broker.address.family", "broker.address.ttl", "broker.version.fallback", "check.crcs", "client.dns.lookup", "client.id",
        "client.rack", "compression.codec", "compression.level", "compression.type", "connections.max.idle.ms", "debug", "fetch.error.backoff.ms",
        "fetch.max.bytes", "fetch.message.max.bytes", "fetch.min.bytes", "fetch.queue.backoff.ms", "fetch.wait.max.ms", "heartbeat.interval.ms",
        "isolation.level", "linger.ms", "log_level", "max.partition.fetch.bytes", "max.poll.interval.ms", "message.max.bytes",
        "message.send.max.retries", "message.timeout.ms", "metadata.max.age.ms", "queue.buffering.max.kbytes", "queue.buffering.max.messages",
        "queue.buffering.max.ms", "queued.max.messages.kbytes", "queued.min.messages", "reconnect.backoff.max.ms", "reconnect.backoff.ms",
        "request.timeout.ms", "retries", "retry.backoff.max.ms", "retry.backoff.ms", "sasl.kerberos.keytab", "sasl.mechanism", "sasl.mechanisms",
        "security.protocol", "session.timeout.ms", "socket.connection.setup.timeout.ms", "socket.keepalive.enable", "socket.nagle.disable",
        "socket.timeout.ms", "ssl.ca.location", "ssl.certificate.location", "ssl.cipher.suites", "ssl.crl.location", "ssl.curves.list",
        "ssl.endpoint.identification.algorithm", "ssl.key.location", "ssl.keystore.location", "ssl.providers", "ssl.sigalgs.list",
        "statistics.interval.ms", "topic.metadata.refresh.interval.ms")]
    public Dictionary<string, Secret> Properties { get; set; } = [];

    /// <summary>
    /// Whether the brokers are known to keep headers and to have idempotent producers, as all from 0.11 on are. Older ones
    /// cannot be asked: <c>broker.version.fallback</c> says it, where <c>api.version.request</c> is false.
    /// </summary>
    internal bool IsBefore011 =>
        Get("api.version.request") is "false" or "0"
        && Version.TryParse(Get("broker.version.fallback") ?? "0.10.0", out var version) && version < new Version(0, 11);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        var refused = Properties.Keys.Select(name => (Name: name, Why: KafkaProperties.RejectionReason(name)))
            .Where(each => each.Why is not null)
            .Select(each => $"{Section}:Properties:{each.Name} cannot be set: {each.Why}.").ToList();
        if (refused.Count == 0 && Properties.Count > 0 && KafkaClients.RejectionReason(this) is { } said)
        {
            var why = WithoutSecrets(said);

            // The client names the one it stopped at, in its own way: "SASL mechanism".
            var name = Properties.Keys.OrderByDescending(each => each.Length)
                .FirstOrDefault(each => said.Replace(' ', '.').Contains(each, StringComparison.OrdinalIgnoreCase));
            refused.Add(name is null ? $"{Section}:Properties: {why}" : $"{Section}:Properties:{name} is wrong: {why}");
        }

        return refused.Select(message => new ValidationResult(message));
    }

    /// <summary>The client repeats the value that it refuses, or the part of a list.</summary>
    private string WithoutSecrets(string said)
    {
        const int shortest = 4; // what is shorter stands in any sentence
        var shown = typeof(KafkaOptions).GetProperty(nameof(Properties))!.GetCustomAttribute<ShownAttribute>()!.Entries;
        var hidden = Properties.Where(each => !shown.Contains(each.Key, StringComparer.OrdinalIgnoreCase)).Select(each => each.Value.Reveal()).ToList();
        var masked = hidden.Where(value => value.Length > 0)
            .Aggregate(said, (text, value) => text.Replace($"\"{value}\"", Secret.Mask, StringComparison.Ordinal));
        return hidden.SelectMany(value => value.Split([',', ';', ' ', '='], StringSplitOptions.RemoveEmptyEntries).Append(value))
            .Any(part => part.Length >= shortest && masked.Contains(part, StringComparison.Ordinal))
            ? "the Kafka client does not accept the value; librdkafka's CONFIGURATION.md has what it takes"
            : masked;
    }

    private string? Get(string property) => Properties.GetValueOrDefault(property)?.Reveal();
}
