namespace OtpActors.Cql;

/// <summary>How many replicas must answer. Native protocol v4 §3, [consistency].</summary>
public enum ConsistencyLevel : ushort
{
    /// <summary>Writes alone: one node has it, if only as a hint for a replica that is down.</summary>
    Any = 0x0000,
    /// <summary>One replica.</summary>
    One = 0x0001,
    /// <summary>Two replicas.</summary>
    Two = 0x0002,
    /// <summary>Three replicas.</summary>
    Three = 0x0003,
    /// <summary>More than half of the replicas of all data centres together.</summary>
    Quorum = 0x0004,
    /// <summary>Every replica: one that is down fails the request.</summary>
    All = 0x0005,
    /// <summary>More than half of the local data centre's replicas.</summary>
    LocalQuorum = 0x0006,
    /// <summary>Writes alone, in older servers: more than half of the replicas of each data centre.</summary>
    EachQuorum = 0x0007,
    /// <summary>Conditional writes and their reads: agreed on by all data centres.</summary>
    Serial = 0x0008,
    /// <summary>Conditional writes and their reads: agreed on within the local data centre.</summary>
    LocalSerial = 0x0009,
    /// <summary>One replica of the local data centre.</summary>
    LocalOne = 0x000A,
}
