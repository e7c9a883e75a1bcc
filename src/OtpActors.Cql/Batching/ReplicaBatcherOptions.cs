namespace OtpActors.Cql;

/// <summary>How full the batches of an <see cref="IReplicaBatcher{T}"/> get.</summary>
public enum BatchProfile
{
    /// <summary>Within what servers accept without a warning: 10 rows, 4 KiB.</summary>
    Safe,

    /// <summary>Within what servers accept: 100 rows, 32 KiB. They write warnings into their log.</summary>
    Throughput,
}

/// <summary>How a <see cref="ReplicaBatcher{T}"/> fills and sends its batches.</summary>
public sealed record ReplicaBatcherOptions
{
    /// <summary>
    /// How full batches get unless <see cref="MaxRows"/> or <see cref="MaxBytes"/> say otherwise. Default Safe.
    /// </summary>
    public BatchProfile Profile { get; init; } = BatchProfile.Safe;

    /// <summary>Rows of a batch; null for the profile's.</summary>
    public int? MaxRows { get; init; }

    /// <summary>Size of a batch as a server counts it, in bytes; null for the profile's.</summary>
    public int? MaxBytes { get; init; }

    /// <summary>Batches under way, over all calls. Default 64.</summary>
    public int MaxInFlight { get; init; } = 64;

    /// <summary>Batches that are being filled, over all replica sets of a call; the fullest goes first. Default 32.</summary>
    public int MaxOpen { get; init; } = 32;

    /// <summary>Null for the statement's or session's.</summary>
    public ConsistencyLevel? ConsistencyLevel { get; init; }
}
