using System.Globalization;
using System.Net;
using OtpActors.Cql.Connections;
using OtpActors.Cql.Metadata;
using OtpActors.Cql.Protocol;

namespace OtpActors.Cql;

/// <summary>
/// A Cassandra cluster: finds its nodes, keeps one connection to each of the local data centre and one for events.
/// One of these a process is enough; for any number of threads.
/// </summary>
public sealed class Cluster : IAsyncDisposable
{
    private readonly ClusterOptions _options;
    private readonly Sweeper _sweeper;
    private readonly ConnectionSettings _settings;
    private readonly Reconnection _reconnection;
    private readonly SemaphoreSlim _connecting = new(1);
    private ControlConnection? _control;
    private bool _disposed;

    /// <summary>
    /// Checks nothing and connects to nothing yet: <see cref="ClusterBuilder.Build"/> checks, <see
    /// cref="ConnectAsync"/> connects.
    /// </summary>
    public Cluster(ClusterOptions options)
    {
        _options = options;
        _sweeper = new Sweeper(options.TimeProvider);
        _settings = new ConnectionSettings(_sweeper)
        {
            Auth = options.AuthProvider,
            Tls = options.Ssl,
            ConnectTimeout = options.ConnectTimeout,
            HeartbeatInterval = options.HeartbeatInterval,
            MaxRequests = options.MaxRequestsPerConnection,
            MaxFrameLength = options.MaxFrameLength,
            Time = options.TimeProvider,
        };
        _reconnection = new Reconnection(options.ReconnectDelay, options.MaxReconnectDelay, options.Random);
        Prepared = new PreparedCache(this);
        Metadata = new ClusterMetadata(this);
        SchemaAgreement = new SchemaAgreement(this);
    }

    /// <summary>Begins with the defaults of <see cref="ClusterOptions"/>.</summary>
    public static ClusterBuilder Builder() => new();

    /// <summary>The nodes of all data centres, as last seen.</summary>
    public IReadOnlyList<Host> AllHosts => Topology.All;

    /// <summary>What the cluster was made with. May hold a password in its provider: do not log it.</summary>
    public ClusterOptions Options => _options;

    /// <summary>Nodes, replicas and token ranges; empty until the first <see cref="ConnectAsync"/>.</summary>
    public ClusterMetadata Metadata { get; }

    /// <summary>The version agreed on; known once connected.</summary>
    public ProtocolVersion ProtocolVersion => _control?.Version ?? _options.MaxProtocolVersion;

    internal Topology Topology => _control?.Topology ?? Topology.Empty;

    internal bool IsDisposed => _disposed;

    internal PreparedCache Prepared { get; }

    internal SchemaAgreement SchemaAgreement { get; }

    /// <summary>Open connections; for tests.</summary>
    internal IEnumerable<Connection> Connections => _sweeper.All;

    internal ControlConnection Control => _control ?? throw new InvalidOperationException("the cluster is not connected");

    /// <summary>
    /// A session; the first call connects. Sessions share everything, so one is enough. A failed call can be made again.
    /// </summary>
    /// <exception cref="NoHostAvailableException">No contact point can be reached.</exception>
    /// <exception cref="AuthenticationException">The user name or password is wrong.</exception>
    /// <exception cref="TlsException">TLS could not be agreed on.</exception>
    public async Task<ISession> ConnectAsync(CancellationToken cancellationToken = default)
    {
        await _connecting.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_control is null)
            {
                var control = new ControlConnection(_options, _settings, _reconnection);
                try
                {
                    await control.ConnectAsync(cancellationToken).ConfigureAwait(false);
                }
                catch
                {
                    control.Dispose();
                    throw;
                }

                _control = control;
            }
        }
        finally
        {
            _connecting.Release();
        }

        // Every host is tried before the first query, so that it finds all that are there.
        await Task.WhenAll(Topology.Local.Select(host => host.Pool!.FirstAttempt)).WaitAsync(cancellationToken).ConfigureAwait(false);
        return new Session(this);
    }

    /// <summary>Closes every connection; what is in flight fails.</summary>
    public ValueTask DisposeAsync()
    {
        _disposed = true;
        _control?.Dispose();
        foreach (var connection in _sweeper.All)
        {
            connection.Dispose();
        }

        _sweeper.Dispose();
        return ValueTask.CompletedTask;
    }

    internal static async Task<List<(IPEndPoint EndPoint, string? Name)>> ResolveAsync(
        ClusterOptions options, CancellationToken cancellationToken)
    {
        var endPoints = new List<(IPEndPoint, string?)>();
        foreach (var point in options.ContactPoints)
        {
            if (IPAddress.TryParse(point, out var address))
            {
                endPoints.Add((new IPEndPoint(address, options.Port), null));
                continue;
            }

            if (IPEndPoint.TryParse(point, out var endPoint))
            {
                endPoints.Add((endPoint, null));
                continue;
            }

            var colon = point.LastIndexOf(':');
            var (name, port) = colon > 0 && int.TryParse(point.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var given)
                ? (point[..colon], given)
                : (point, options.Port);
            try
            {
                foreach (var found in await Dns.GetHostAddressesAsync(name, cancellationToken).ConfigureAwait(false))
                {
                    endPoints.Add((new IPEndPoint(found, port), name));
                }
            }
            catch (System.Net.Sockets.SocketException exception)
            {
                if (options.ContactPoints.Count == 1)
                {
                    throw new NoHostAvailableException(
                        new Dictionary<IPEndPoint, Exception>(), $"the contact point {name} has no address: {exception.Message}");
                }
            }
        }

        return endPoints;
    }
}
