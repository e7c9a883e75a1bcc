using OtpActors.Cql.Metadata;

namespace OtpActors.Cql;

/// <summary>A part of the ring, <c>(After, UpTo]</c> in tokens, and the hosts that keep it.</summary>
public sealed record RingRange(long After, long UpTo, IReadOnlyList<Host> Replicas);

/// <summary>Nodes, replicas and ranges as last seen; every call looks at the newest. For any number of threads.</summary>
public sealed class ClusterMetadata
{
    private readonly Cluster _cluster;

    internal ClusterMetadata(Cluster cluster) => _cluster = cluster;

    /// <summary>The nodes of all data centres, up or not.</summary>
    public IReadOnlyList<Host> AllHosts => _cluster.Topology.All;

    /// <summary>The data centre whose hosts are asked.</summary>
    public string LocalDatacenter => _cluster.Topology.LocalDatacenter;

    /// <summary>The token of a partition key of one column, given as its bytes.</summary>
    public static long GetToken(ReadOnlySpan<byte> partitionKey) => Murmur3.Token(partitionKey);

    /// <summary>The hosts of all data centres that keep the token's partition; empty where the keyspace's rule is not known.</summary>
    public IReadOnlyList<Host> GetReplicas(string keyspace, long token) => _cluster.Topology.Tokens.Find(keyspace, token)?.All ?? [];

    /// <summary>
    /// A number that partitions of the same hosts have in common, for as long as the ring does not change; −1 where it is
    /// not known.
    /// </summary>
    public int GetReplicaSetId(string keyspace, long token) => _cluster.Topology.Tokens.Find(keyspace, token)?.Id ?? -1;

    /// <summary>The whole ring; one range where the keyspace's rule is not known.</summary>
    public IReadOnlyList<RingRange> GetTokenRanges(string keyspace)
    {
        var ranges = _cluster.Topology.Tokens.Ranges(keyspace);
        return ranges.Count > 0
            ? [.. ranges.Select(range => new RingRange(range.After, range.UpTo, range.Replicas.All))]
            : [new RingRange(long.MinValue, long.MaxValue, [])];
    }

    /// <summary>
    /// Whether all nodes of the local data centre that are up have the same schema, as one of them sees it now. Statements
    /// that change the schema wait for that by themselves.
    /// </summary>
    /// <exception cref="DriverException">No node could be asked.</exception>
    public Task<bool> CheckSchemaAgreementAsync() => _cluster.SchemaAgreement.IsAgreedAsync(_cluster.Control.Tables);

    /// <summary>How many replicas of a partition the keyspace keeps in all data centres; null where that is not known.</summary>
    public int? GetReplicationFactor(string keyspace) => _cluster.Topology.Tokens.Strategy(keyspace)?.Total;
}
