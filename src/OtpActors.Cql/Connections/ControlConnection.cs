using System.Net;
using OtpActors.Cql.Metadata;
using OtpActors.Cql.Protocol;
using OtpActors.Cql.Protocol.Requests;
using OtpActors.Cql.Protocol.Responses;

namespace OtpActors.Cql.Connections;

/// <summary>
/// The connection on which events come and the system tables are read. When it ends another is made, to any node, and
/// everything is read anew, since events were missed.
/// </summary>
internal sealed class ControlConnection(ClusterOptions options, ConnectionSettings settings, Reconnection reconnection) : IDisposable
{
    private readonly CancellationTokenSource _ended = new();
    private readonly SemaphoreSlim _refreshing = new(1);
    private readonly Lock _gate = new();
    private Connection? _connection;
    private Topology _topology = Topology.Empty;
    private bool _refreshDue;
    private string? _localDatacenter = options.LocalDatacenter;

    public ProtocolVersion Version { get; private set; } = options.MaxProtocolVersion;

    public Topology Topology => Volatile.Read(ref _topology);

    /// <summary>Reads over the control connection.</summary>
    public SystemTables Tables => new(
        Volatile.Read(ref _connection) ?? throw new NoHostAvailableException(new Dictionary<IPEndPoint, Exception>()), options.QueryTimeout);

    /// <summary>Connects to the first contact point that answers.</summary>
    public async Task ConnectAsync(CancellationToken cancellationToken)
    {
        var errors = new Dictionary<IPEndPoint, Exception>();
        foreach (var (endPoint, name) in await Cluster.ResolveAsync(options, cancellationToken).ConfigureAwait(false))
        {
            if (name is not null)
            {
                settings.HostNames.TryAdd(endPoint.Address, name);
            }

            try
            {
                await UseAsync(endPoint, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (DriverException exception)
            {
                errors[endPoint] = exception;
            }
        }

        // What all say with one voice is not an outage.
        if (errors.Count > 0 && errors.Values.All(e => e is AuthenticationException or TlsException or UnsupportedProtocolVersionException))
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(errors.Values.First());
        }

        throw new NoHostAvailableException(errors);
    }

    /// <summary>Reads nodes and keyspaces anew.</summary>
    public async Task RefreshAsync()
    {
        await _refreshing.WaitAsync(_ended.Token).ConfigureAwait(false);
        try
        {
            var tables = Tables;
            var nodes = await tables.NodesAsync().ConfigureAwait(false);
            var keyspaces = await tables.KeyspacesAsync().ConfigureAwait(false);
            Apply(nodes, keyspaces);
        }
        finally
        {
            _refreshing.Release();
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _ended.Cancel();
            foreach (var host in Topology.All)
            {
                host.Pool?.Dispose();
            }
        }

        Volatile.Read(ref _connection)?.Dispose();
    }

    private async Task UseAsync(IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        var connection = await OpenAsync(endPoint, cancellationToken).ConfigureAwait(false);
        try
        {
            connection.OnEvent = OnEvent;
            await connection.RequestAsync(RegisterRequest.Opcode, settings.ConnectTimeout, RegisterRequest.Write).ConfigureAwait(false);
            Volatile.Write(ref _connection, connection);
            await RefreshAsync().ConfigureAwait(false);
        }
        catch
        {
            Volatile.Write(ref _connection, null);
            connection.Dispose();
            throw;
        }

        connection.OnClosed = (_, _) => _ = ReconnectAsync();
        if (!connection.IsOpen)
        {
            _ = ReconnectAsync();
        }
    }

    /// <summary>A server that does not know the version spoils the socket: the older one is tried on a new one.</summary>
    private async Task<Connection> OpenAsync(IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        try
        {
            return await Handshake.OpenAsync(endPoint, Version, settings, cancellationToken).ConfigureAwait(false);
        }
        catch (UnsupportedProtocolVersionException) when (Version > ProtocolVersion.V3)
        {
            var connection = await Handshake.OpenAsync(endPoint, ProtocolVersion.V3, settings, cancellationToken).ConfigureAwait(false);
            Version = ProtocolVersion.V3;
            return connection;
        }
    }

    private async Task ReconnectAsync()
    {
        if (Interlocked.Exchange(ref _connection, null) is null)
        {
            return; // another call is at it
        }

        for (var failures = 0; !_ended.IsCancellationRequested; failures++)
        {
            // Those that are connected first.
            var all = Topology.All.OrderByDescending(host => host.IsUp).Select(host => host.Address).ToList();
            foreach (var endPoint in all)
            {
                try
                {
                    await UseAsync(endPoint, _ended.Token).ConfigureAwait(false);
                    return;
                }
                catch (Exception exception) when (exception is DriverException or OperationCanceledException)
                {
                    // the next one
                }
            }

            try
            {
                await Task.Delay(reconnection.Delay(Math.Min(failures, 3)), settings.Time, _ended.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>Events come in swarms, some twice and some before what they tell is so: one look at all, a little later.</summary>
    private void OnEvent(EventMessage message)
    {
        if (message is { Type: "SCHEMA_CHANGE", Schema.Target: not "KEYSPACE" })
        {
            return;
        }

        lock (_gate)
        {
            if (_refreshDue || _ended.IsCancellationRequested)
            {
                return;
            }

            _refreshDue = true;
        }

        _ = RefreshLaterAsync();
    }

    private async Task RefreshLaterAsync()
    {
        try
        {
            await Task.Delay(options.EventDebounce, settings.Time, _ended.Token).ConfigureAwait(false);
            lock (_gate)
            {
                _refreshDue = false;
            }

            await RefreshAsync().ConfigureAwait(false);
            foreach (var host in Topology.Local.Where(host => !host.IsUp))
            {
                host.Pool!.Wake();
            }
        }
        catch (Exception exception) when (exception is DriverException or OperationCanceledException)
        {
            // The connection has ended: the next one reads everything.
        }
    }

    private void Apply(List<NodeInfo> nodes, Dictionary<string, ReplicationStrategy> keyspaces)
    {
        if (nodes.Count == 0)
        {
            return;
        }

        _localDatacenter ??= nodes[0].Datacenter;
        lock (_gate)
        {
            if (_ended.IsCancellationRequested)
            {
                return;
            }

            var before = Topology.All.ToDictionary(host => host.HostId);
            var all = nodes.DistinctBy(node => node.HostId).Select(node => HostOf(node, before)).ToArray();
            foreach (var gone in before.Values)
            {
                gone.Pool?.Dispose();
            }

            var local = Array.FindAll(all, host => host.Datacenter == _localDatacenter);
            Volatile.Write(ref _topology, new Topology(all, local, new TokenMap(all, keyspaces, _localDatacenter), _localDatacenter));
        }
    }

    /// <summary>The host as it was where nothing has changed; its connection is kept as long as its address is.</summary>
    private Host HostOf(NodeInfo node, Dictionary<Guid, Host> before)
    {
        before.TryGetValue(node.HostId, out var known);
        var isSame = known is not null && known.Address.Equals(node.Address) && known.Datacenter == node.Datacenter
            && known.Rack == node.Rack && known.Tokens.SequenceEqual(node.Tokens);
        if (isSame)
        {
            before.Remove(node.HostId);
            return known!;
        }

        var host = new Host(node.HostId, node.Address, node.Datacenter, node.Rack, node.Tokens);
        if (known?.Pool is { } pool && known.Address.Equals(node.Address))
        {
            before.Remove(node.HostId);
            host.Pool = pool;
        }
        else if (node.Datacenter == _localDatacenter)
        {
            host.Pool = new HostPool(node.Address, Version, settings, reconnection);
        }

        return host;
    }
}
