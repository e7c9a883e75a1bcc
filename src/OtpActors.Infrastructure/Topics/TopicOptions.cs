using System.ComponentModel.DataAnnotations;
using OtpActors.Infrastructure.Configuration;

namespace OtpActors.Infrastructure.Topics;

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
