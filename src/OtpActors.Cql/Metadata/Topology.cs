namespace OtpActors.Cql.Metadata;

/// <summary>What is known of the cluster at a time. Immutable.</summary>
/// <param name="Local">Hosts of the local data centre.</param>
internal sealed record Topology(Host[] All, Host[] Local, TokenMap Tokens, string LocalDatacenter)
{
    public static Topology Empty { get; } =
        new([], [], new TokenMap([], new Dictionary<string, ReplicationStrategy>(), null), "");
}
