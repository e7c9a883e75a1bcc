using System.Collections.Concurrent;
using System.Net;

namespace OtpActors.Cql.Connections;

/// <summary>What all connections of a cluster share.</summary>
internal sealed record ConnectionSettings(Sweeper Sweeper)
{
    /// <summary>Connections beyond this are read asynchronously, without a thread each.</summary>
    public const int MaxReaderThreads = 32;

    /// <summary>A connection with more orphans than this, each older than <see cref="OrphanPatience"/> ms, is replaced.</summary>
    public const int MaxStaleOrphans = 1024;

    public const long OrphanPatience = 1_000;

    public static readonly TimeSpan HeartbeatTimeout = TimeSpan.FromSeconds(5);

    public IAuthProvider? Auth { get; init; }

    public SslOptions? Tls { get; init; }

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Requests in flight; as many again may wait for a stream id.</summary>
    public int MaxRequests { get; init; } = 2048;

    /// <summary>Encoded and unsent bytes from which on requests wait.</summary>
    public int SendBudget { get; init; } = 1024 * 1024;

    public int MaxFrameLength { get; init; } = 256 * 1024 * 1024;

    /// <summary>The names that hosts were given by; their certificates must bear them.</summary>
    public ConcurrentDictionary<IPAddress, string> HostNames { get; } = new();

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
