namespace OtpActors.Cql.Protocol;

/// <summary>The versions of the native protocol that are spoken here.</summary>
public enum ProtocolVersion : byte
{
    /// <summary>Cassandra 2.1 and later.</summary>
    V3 = 3,

    /// <summary>Cassandra 2.2 and later, ScyllaDB.</summary>
    V4 = 4,
}
