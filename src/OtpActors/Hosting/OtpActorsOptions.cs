using System.ComponentModel.DataAnnotations;
using OtpActors.Api;
using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Configuration;
using OtpActors.Infrastructure.Journal;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Stores.Cassandra;
using OtpActors.Infrastructure.Stores.Mongo;
using OtpActors.Infrastructure.Topics;
using OtpActors.Infrastructure.Topics.Kafka;
using OtpActors.Runs;
using OtpActors.Telemetry;
using OtpActors.Triggers;
using Serilog.Events;

namespace OtpActors.Hosting;

/// <summary>The service's settings: the section <c>OtpActors</c> of the configuration.</summary>
public sealed class OtpActorsOptions : IValidatableObject
{
    public const string Section = "OtpActors";

    /// <summary>Where everything durable of the embedded parts lies. Default <c>./data</c>.</summary>
    [Required]
    [Shown]
    public string Data { get; set; } = "data";

    /// <summary>The least level that is logged. Default <c>Information</c>.</summary>
    public LogEventLevel LogLevel { get; set; } = LogEventLevel.Information;

    public LogOptions Log { get; set; } = new();

    /// <summary>How long stopping may take: what is in progress is finished, committed and journaled. Default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan ShutdownTimeout { get; set; } = TimeSpan.FromSeconds(30);

    public HttpOptions Http { get; set; } = new();

    public TelemetryOptions Telemetry { get; set; } = new();

    public TopicOptions Topic { get; set; } = new();

    public KafkaOptions Kafka { get; set; } = new();

    public CassandraOptions Cassandra { get; set; } = new();

    public MongoOptions Mongo { get; set; } = new();

    public StoresOptions Stores { get; set; } = new();

    public JournalOptions Journal { get; set; } = new();

    public WorkflowOptions Workflow { get; set; } = new();

    public MailOptions Mail { get; set; } = new();

    public SlackOptions Slack { get; set; } = new();

    public TriggersOptions Triggers { get; set; } = new();

    /// <summary>What runs take from these settings.</summary>
    internal RunDefaults RunDefaults => new(Topic, Workflow, Triggers.Commands);

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (Triggers.Commands.Topic == Topic.Name)
        {
            yield return new ValidationResult($"Triggers.Commands.Topic: {Topic.Name} is the topic of records; commands want one of their own.");
        }

        if (Topic.Name.EndsWith(DeadLetters.Suffix, StringComparison.Ordinal)
            || Triggers.Commands.Topic.EndsWith(DeadLetters.Suffix, StringComparison.Ordinal))
        {
            yield return new ValidationResult(
                $"Topic.Name, Triggers.Commands.Topic: a topic that ends in {DeadLetters.Suffix} is for dead letters alone.");
        }
    }
}
