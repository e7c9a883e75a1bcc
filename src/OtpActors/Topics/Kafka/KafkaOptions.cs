using System.ComponentModel.DataAnnotations;

namespace OtpActors.Topics.Kafka;

/// <summary>The section <c>OtpActors:Kafka</c>; it counts where <c>OtpActors:Topic:Provider</c> is <c>Kafka</c>.</summary>
public sealed class KafkaOptions : IValidatableObject
{
    private const string Section = "OtpActors:Kafka";

    /// <summary>Brokers to begin with, as <c>host:port,host:port</c>. Default <c>localhost:9092</c>.</summary>
    [Required]
    public string BootstrapServers { get; set; } = "localhost:9092";

    /// <summary>
    /// How long one question to the brokers may take: metadata, offsets, the creation of a topic. Default 10 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan OperationTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a consumer that stops may finish and commit what it has in hand before it leaves its group. Default 3 s.
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
    /// Any property of librdkafka by its own name: TLS, SASL, <c>broker.version.fallback</c>. It can hold secrets.
    /// </summary>
    public Dictionary<string, string> Properties { get; set; } = [];

    /// <summary>
    /// Whether the brokers are known to keep headers and to have idempotent producers, as all from 0.11 on are. Older ones
    /// cannot be asked: <c>broker.version.fallback</c> says it, where <c>api.version.request</c> is false.
    /// </summary>
    internal bool IsBefore011 =>
        Get("api.version.request") is "false" or "0"
        && Version.TryParse(Get("broker.version.fallback") ?? "0.10.0", out var version) && version < new Version(0, 11);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        var refused = Properties.Keys.Select(name => (Name: name, Why: KafkaProperties.WhyRefused(name)))
            .Where(each => each.Why is not null)
            .Select(each => $"{Section}:Properties:{each.Name} cannot be set: {each.Why}.").ToList();
        if (refused.Count == 0 && Properties.Count > 0 && KafkaClients.WhyRefused(this) is { } why)
        {
            // The client names the one it stopped at, in its own way: "SASL mechanism".
            var name = Properties.Keys.OrderByDescending(each => each.Length)
                .FirstOrDefault(each => why.Replace(' ', '.').Contains(each, StringComparison.OrdinalIgnoreCase));
            refused.Add(name is null ? $"{Section}:Properties: {why}" : $"{Section}:Properties:{name} is wrong: {why}");
        }

        return refused.Select(message => new ValidationResult(message));
    }

    private string? Get(string property) => Properties.GetValueOrDefault(property);
}
