using System.Text.Json.Serialization;
using OtpActors.Domain.Records;

namespace OtpActors.Domain.Runs;

/// <summary>Everything a run is asked to do; fixed when it is requested.</summary>
public sealed record RunSpec
{
    public static readonly TimeSpan DefaultHoldFor = TimeSpan.FromMinutes(15);

    /// <summary>The topic, created if it is absent.</summary>
    public required string Topic { get; init; }

    /// <summary>Partitions of a topic that is created. Default 1.</summary>
    public int Partitions { get; init; } = 1;

    /// <summary>Replicas of a topic that is created, where the topic has brokers. Default 3.</summary>
    public short ReplicationFactor { get; init; } = 3;

    /// <summary>What is produced, checked and notified.</summary>
    public required RecordSpec Records { get; init; }

    /// <summary>How long draining waits for a sink that stores nothing more. Default 30 s.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>At most this many addresses a store are mailed and posted; null for all of them. Default 100.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)] // null means all; left out, it would mean the default
    public long? NotifyLimit { get; init; } = 100;

    /// <summary>The run is ended as timed out this long after it began; null (default) for never.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>A step that waits for a part that is out is given up after this; null means <see cref="DefaultHoldFor"/>.</summary>
    public TimeSpan? HoldFor { get; init; }

    /// <summary>How long records of the one address were asked for; null where that is not what was asked, or not known.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>What was asked to become of the run where its topic is taken; null where nobody said.</summary>
    public OverlapPolicy? Overlap { get; init; }

    public StepPolicies Policies { get; init; } = new();

    /// <summary>Who asked for the run; null where nobody said.</summary>
    public RunTrigger? Trigger { get; init; }
}

/// <summary>Who asked for a run, and how that is known again: one trigger makes one run.</summary>
/// <param name="Kind">By which way it came.</param>
/// <param name="Key">
/// The schedule and its time, the command's place in its topic, or the caller's idempotency key as a digest; null where
/// the same request may be made again.
/// </param>
/// <param name="Fingerprint">A digest of what was asked for, to tell a repeated request from another one under the same key.</param>
/// <param name="TraceParent">The request's place in a trace (W3C Trace Context §3.2); null where none was recorded.</param>
public sealed record RunTrigger(TriggerKind Kind, string? Key = null, string? Fingerprint = null, string? TraceParent = null);

public enum TriggerKind
{
    CommandLine,
    Http,
    CommandTopic,
    Schedule,
}
