using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using OtpActors.Notifications;
using OtpActors.Stores;
using OtpActors.Stores.Cassandra;
using OtpActors.Stores.Mongo;
using OtpActors.Telemetry;
using OtpActors.Topics;
using OtpActors.Topics.Kafka;
using OtpActors.Workflow;
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

    [ValidateObjectMembers]
    public LogOptions Log { get; set; } = new();

    /// <summary>How long stopping may take: what is in progress is finished, committed and journaled. Default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan ShutdownTimeout { get; set; } = TimeSpan.FromSeconds(30);

    [ValidateObjectMembers]
    public HttpOptions Http { get; set; } = new();

    [ValidateObjectMembers]
    public TelemetryOptions Telemetry { get; set; } = new();

    [ValidateObjectMembers]
    public TopicOptions Topic { get; set; } = new();

    [ValidateObjectMembers]
    public KafkaOptions Kafka { get; set; } = new();

    [ValidateObjectMembers]
    public CassandraOptions Cassandra { get; set; } = new();

    [ValidateObjectMembers]
    public MongoOptions Mongo { get; set; } = new();

    [ValidateObjectMembers]
    public StoresOptions Stores { get; set; } = new();

    [ValidateObjectMembers]
    public JournalOptions Journal { get; set; } = new();

    [ValidateObjectMembers]
    public WorkflowOptions Workflow { get; set; } = new();

    [ValidateObjectMembers]
    public MailOptions Mail { get; set; } = new();

    [ValidateObjectMembers]
    public SlackOptions Slack { get; set; } = new();

    [ValidateObjectMembers]
    public TriggersOptions Triggers { get; set; } = new();

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

public sealed class TopicOptions
{
    /// <summary>What the topic is made of.</summary>
    public TopicProvider Provider { get; set; } = TopicProvider.Embedded;

    /// <summary>The topic of runs that name none. Default <c>email_topic</c>.</summary>
    [RegularExpression("[a-zA-Z0-9._-]{1,245}", ErrorMessage = "{0} must be 1 to 245 of the characters a-z A-Z 0-9 . _ -")]
    [Shown]
    public string Name { get; set; } = "email_topic";

    /// <summary>Partitions of a topic that is created. Default 1.</summary>
    [Range(1, 1_000)]
    public int Partitions { get; set; } = 1;

    /// <summary>Replicas of a topic that is created, where there are brokers. Default 3.</summary>
    [Range(1, 100)]
    public short ReplicationFactor { get; set; } = 3;

    /// <summary>
    /// Whether <c>serve</c> keeps the sinks consuming the topic between runs, so that records of any producer are stored.
    /// Default false.
    /// </summary>
    public bool Continuous { get; set; }
}

public enum TopicProvider
{
    /// <summary>A log in SQLite, in the data directory.</summary>
    Embedded,

    /// <summary>The brokers of the section <c>OtpActors:Kafka</c>.</summary>
    Kafka,
}

public sealed class StoresOptions : IValidatableObject
{
    [ValidateObjectMembers]
    public StoreOptions Cassandra { get; set; } = new() { ConsumerGroup = "cassandra_consumer_group" };

    [ValidateObjectMembers]
    public StoreOptions Mongo { get; set; } = new() { ConsumerGroup = "mongodb_consumer_group" };

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (Mongo.Provider == StoreProvider.Cassandra)
        {
            yield return new ValidationResult(
                "Stores.Mongo.Provider: Cassandra is the store cassandra's alone, since it keeps one password an address.");
        }

        if (Cassandra.Provider == StoreProvider.MongoDB)
        {
            yield return new ValidationResult(
                "Stores.Cassandra.Provider: MongoDB is the store mongo's alone, since it keeps many passwords an address.");
        }
    }
}

public sealed class StoreOptions
{
    /// <summary>What the store is made of.</summary>
    public StoreProvider Provider { get; set; } = StoreProvider.Embedded;

    /// <summary>What happens to a record whose identity is there already. Default <c>Skip</c>.</summary>
    public OnExisting OnExisting { get; set; } = OnExisting.Skip;

    /// <summary>The group the store's sink consumes as.</summary>
    [Required]
    [Shown]
    public string ConsumerGroup { get; set; } = "";
}

public enum StoreProvider
{
    /// <summary>SQLite, in the data directory, with the identity rule of the store it stands for.</summary>
    Embedded,

    /// <summary>A Cassandra cluster: <see cref="OtpActorsOptions.Cassandra"/>. For the store of this name alone.</summary>
    Cassandra,

    /// <summary>A collection of MongoDB: <see cref="OtpActorsOptions.Mongo"/>. For the store <c>mongo</c> alone.</summary>
    MongoDB,
}

public sealed class WorkflowOptions
{
    /// <summary>How long draining waits for a sink that stores nothing more. Default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "1.00:00:00")]
    public TimeSpan Window { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Addresses a store that are mailed and posted at most; a negative number for all. Default 100.</summary>
    public long NotifyLimit { get; set; } = 100;

    /// <summary>A run that is not done this long after it began is ended; default: never.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "365.00:00:00")]
    public TimeSpan? Deadline { get; set; }

    /// <summary>How long a step waits for a part that is out before the step is given up. Default 15 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "365.00:00:00")]
    public TimeSpan HoldFor { get; set; } = RunSpec.DefaultHoldFor;

    /// <summary>Runs that ended longer ago are removed; null for never. Default 30 days.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "36500.00:00:00")]
    public TimeSpan? Retention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Of the runs that ended, the newest this many are kept; null for all. Default 10,000.</summary>
    [Range(1, 100_000_000)]
    public int? RetainedRuns { get; set; } = 10_000;

    /// <summary>Attempts, waits and time limits of each kind of step.</summary>
    [ValidateObjectMembers]
    public StepPolicies Steps { get; set; } = new();
}
