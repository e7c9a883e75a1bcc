using OtpActors.Cql.Protocol;

namespace OtpActors.Cql;

/// <summary>How a cluster is reached. See <see cref="Cluster.Builder"/>.</summary>
public sealed record ClusterOptions
{
    /// <summary>Names or addresses of some nodes, each with a port or without; the others are found through them.</summary>
    public IReadOnlyList<string> ContactPoints { get; init; } = [];

    /// <summary>The port of contact points that have none, and of peers. Default 9042.</summary>
    public int Port { get; init; } = 9042;

    /// <summary>The data centre whose hosts are asked. Default: that of the first contact point that answers.</summary>
    public string? LocalDatacenter { get; init; }

    /// <summary>How to authenticate. Default null: not at all, which a server that requires it refuses.</summary>
    public IAuthProvider? AuthProvider { get; init; }

    /// <summary>Null for no TLS.</summary>
    public SslOptions? Ssl { get; init; }

    /// <summary>The highest version that is tried. Default v4; servers that do not know it are asked in v3.</summary>
    public ProtocolVersion MaxProtocolVersion { get; init; } = ProtocolVersion.V4;

    /// <summary>Of statements that have none. Default LocalOne.</summary>
    public ConsistencyLevel ConsistencyLevel { get; init; } = ConsistencyLevel.LocalOne;

    /// <summary>Rows of a page. Default 5,000.</summary>
    public int PageSize { get; init; } = 5_000;

    /// <summary>Limit of each attempt of a query. Default 12 s, above what servers allow themselves.</summary>
    public TimeSpan QueryTimeout { get; init; } = TimeSpan.FromSeconds(12);

    /// <summary>Limit for connecting: socket, TLS and handshake. Default 5 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A connection on which nothing was received for so long is probed. Default 30 s.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>First wait before connecting again. Default 1 s.</summary>
    public TimeSpan ReconnectDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait before connecting again. Default 60 s.</summary>
    public TimeSpan MaxReconnectDelay { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long events are gathered before the cluster is looked at anew. Default 1 s.</summary>
    public TimeSpan EventDebounce { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a change of the schema waits for all nodes to have it; then it completes all the same, with
    /// <see cref="RowSet.IsInSchemaAgreement"/> false. Default 10 s.
    /// </summary>
    public TimeSpan MaxSchemaAgreementWait { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Requests in flight on a connection; as many again may wait. 1 to 32767, default 2,048.</summary>
    public int MaxRequestsPerConnection { get; init; } = 2_048;

    /// <summary>The longest response body that is accepted, in bytes. Default 256 MiB, the protocol's own limit.</summary>
    public int MaxFrameLength { get; init; } = 256 * 1024 * 1024;

    /// <summary>
    /// Whether what awaits a result goes on right on the thread that received it. That saves a change of threads, and
    /// whoever blocks there holds up every response of the connection. Default false.
    /// </summary>
    public bool InlineContinuations { get; init; }

    /// <summary>The clock of time limits, heartbeats and waits. Default the system's.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>For the jitter of reconnection.</summary>
    public Random Random { get; init; } = new();
}
