using System.Collections.Concurrent;
using System.Net;

namespace OtpActors.Cql.Connections;

/// <summary>What all connections of a cluster share.</summary>
internal sealed record ConnectionSettings(Sweeper Sweeper)
{
    /// <summary>Milliseconds that an orphan may have before it counts as stale.</summary>
    public const long OrphanPatience = 1_000;

    public static readonly TimeSpan HeartbeatTimeout = TimeSpan.FromSeconds(5);

    public IAuthProvider? Auth { get; init; }

    public SslOptions? Tls { get; init; }

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Requests in flight; as many again may wait for a stream id.</summary>
    public int MaxRequests { get; init; } = 2048;

    /// <summary>A connection with more stale orphans than this is replaced: half of its streams, and no more than 1,024.</summary>
    public int MaxStaleOrphans => Math.Min(1024, MaxRequests / 2);

    /// <summary>Connections beyond this are read asynchronously, without a thread each.</summary>
    public int MaxReaderThreads { get; init; } = 32;

    /// <summary>Encoded and unsent bytes from which on requests wait.</summary>
    public int SendBudget { get; init; } = 1024 * 1024;

    public int MaxFrameLength { get; init; } = 256 * 1024 * 1024;

    /// <summary>The names that hosts were given by; their certificates must bear them.</summary>
    public ConcurrentDictionary<IPAddress, string> HostNames { get; } = new();

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
