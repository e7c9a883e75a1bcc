using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using OtpActors.Cql.Protocol;

namespace OtpActors.Tests.Cql;

/// <summary>A request as it came over the wire.</summary>
internal sealed record FakeRequest(byte Version, short Stream, Opcode Opcode, byte[] Body)
{
    /// <summary>The query of QUERY and PREPARE.</summary>
    public string Query
    {
        get
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(Body);
            return System.Text.Encoding.UTF8.GetString(Body.AsSpan(4, length));
        }
    }
}

/// <summary>
/// A scripted node on 127.0.0.1 and a port of its own. It greets and tells of a cluster of one node by itself; what
/// <see cref="Script"/> answers, it answers instead.
/// </summary>
internal sealed class FakeServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<FakeConnection, bool> _connections = new();
    private readonly CancellationTokenSource _ended = new();

    public FakeServer(byte version = 4)
    {
        Version = version;
        _listener.Start();
        _ = AcceptAsync();
    }

    public byte Version { get; }

    public Guid HostId { get; } = Guid.NewGuid();

    public string Datacenter { get; init; } = "dc1";

    /// <summary>The others of its cluster; null for a server that knows no <c>system.peers_v2</c> and is alone.</summary>
    public IReadOnlyList<FakeServer>? Peers { get; set; }

    /// <summary>Its place in the ring.</summary>
    public long Token { get; set; }

    /// <summary>Replicas of every partition of the keyspace ks; 0 where there is none.</summary>
    public int ReplicationFactor { get; set; }

    /// <summary>What it tells of the schema's version on a node, itself or a peer.</summary>
    public Func<FakeServer, Guid?> SchemaVersion { get; set; } = _ => Guid.Empty;

    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>Deals with a request and returns true, or leaves it to the server.</summary>
    public Func<FakeConnection, FakeRequest, Task<bool>> Script { get; set; } = (_, _) => Task.FromResult(false);

    public IEnumerable<FakeConnection> Connections => _connections.Keys;

    /// <summary>Everything that came, in order.</summary>
    public ConcurrentQueue<FakeRequest> Requests { get; } = new();

    /// <summary>Connections that were made in all.</summary>
    public int Accepted { get; private set; }

    /// <summary>As many servers of one cluster.</summary>
    public static FakeServer[] Cluster(int count)
    {
        var servers = Enumerable.Range(0, count).Select(_ => new FakeServer()).ToArray();
        foreach (var server in servers)
        {
            server.Peers = [.. servers.Where(peer => peer != server)];
            server.Token = long.MinValue / 2 / count * Array.IndexOf(servers, server) * 2;
        }

        return servers;
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        _listener.Dispose();
        foreach (var connection in Connections)
        {
            connection.Close();
        }
    }

    private async Task AcceptAsync()
    {
        while (!_ended.IsCancellationRequested)
        {
            try
            {
                var connection = new FakeConnection(await _listener.AcceptSocketAsync(_ended.Token), this);
                Accepted++;
                _connections.TryAdd(connection, true);
                _ = ServeAsync(connection);
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(FakeConnection connection)
    {
        try
        {
            while (await connection.ReadAsync() is { } request)
            {
                Requests.Enqueue(request);
                if (!await Script(connection, request))
                {
                    await GreetAsync(connection, request);
                }
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or IOException)
        {
            // closed, by whichever side
        }
        finally
        {
            _connections.TryRemove(connection, out _);
            connection.Close();
        }
    }

    private Task GreetAsync(FakeConnection connection, FakeRequest request)
    {
        if (request.Version > Version)
        {
            return connection.SendAsync(Frames.Response(
                Version, 0, Opcode.Error, Frames.Error(0x000A, "Invalid or unsupported protocol version (5)")));
        }

        var body = request.Opcode switch
        {
            Opcode.Options => Frames.Body(writer => writer.WriteShort(0)),
            Opcode.Startup or Opcode.Register => [],
            Opcode.Query => Answer(request.Query),
            _ => Frames.Void,
        };
        var opcode = request.Opcode switch
        {
            Opcode.Options => Opcode.Supported,
            Opcode.Startup or Opcode.Register => Opcode.Ready,
            Opcode.Query when Peers is null && request.Query.Contains("peers_v2", StringComparison.Ordinal) => Opcode.Error,
            _ => Opcode.Result,
        };
        return connection.SendAsync(Frames.Response(request.Version, request.Stream, opcode, body));
    }

    private byte[] Answer(string query)
    {
        if (query.Contains("system.local", StringComparison.Ordinal))
        {
            return Frames.Rows(
                [("host_id", 0x000C), ("data_center", 0x000D), ("rack", 0x000D), ("tokens", 0x0022), ("schema_version", 0x000C)],
                [Node(this)]);
        }

        if (query.Contains("peers_v2", StringComparison.Ordinal))
        {
            return Peers is null ? Frames.Error(0x2200, "unconfigured table peers_v2") : Frames.Rows(
                [
                    ("host_id", 0x000C), ("data_center", 0x000D), ("rack", 0x000D), ("tokens", 0x0022), ("schema_version", 0x000C),
                    ("native_address", 0x0010), ("native_port", 0x0009),
                ],
                [.. Peers.Select(peer => (byte[]?[])[.. Node(peer), peer.EndPoint.Address.GetAddressBytes(), Frames.Int(peer.EndPoint.Port)])]);
        }

        return query.Contains("keyspaces", StringComparison.Ordinal)
            ? Frames.Rows(
                [("keyspace_name", 0x000D), ("replication", 0x0021)],
                ReplicationFactor == 0 ? [] : [[Frames.Text("ks"), Frames.TextMap(("class", "SimpleStrategy"), ("replication_factor", $"{ReplicationFactor}"))]])
            : query.Contains("system.peers", StringComparison.Ordinal) ? Frames.Rows([("peer", 0x0010)], [])
            : Frames.Void;
    }

    private byte[]?[] Node(FakeServer node) =>
    [
        node.HostId.ToByteArray(bigEndian: true), Frames.Text(node.Datacenter), Frames.Text("rack1"),
        Frames.TextSet($"{node.Token}"), SchemaVersion(node)?.ToByteArray(bigEndian: true),
    ];
}

/// <summary>One connection to a <see cref="FakeServer"/>, from the server's side.</summary>
internal sealed class FakeConnection(Socket socket, FakeServer server)
{
    private readonly SemaphoreSlim _sending = new(1);

    public FakeServer Server => server;

    /// <summary>Null at the end.</summary>
    public async Task<FakeRequest?> ReadAsync()
    {
        var header = new byte[9];
        if (!await FillAsync(header))
        {
            return null;
        }

        var body = new byte[BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5))];
        return await FillAsync(body)
            ? new FakeRequest(header[0], BinaryPrimitives.ReadInt16BigEndian(header.AsSpan(2)), (Opcode)header[4], body)
            : null;
    }

    public async Task SendAsync(byte[] bytes)
    {
        await _sending.WaitAsync();
        try
        {
            for (var sent = 0; sent < bytes.Length;)
            {
                sent += await socket.SendAsync(bytes.AsMemory(sent));
            }
        }
        finally
        {
            _sending.Release();
        }
    }

    public Task ReplyAsync(FakeRequest request, Opcode opcode, byte[] body) =>
        SendAsync(Frames.Response(request.Version, request.Stream, opcode, body));

    public Task FailAsync(FakeRequest request, int code, string message, params byte[] rest) =>
        ReplyAsync(request, Opcode.Error, [.. Frames.Error(code, message), .. rest]);

    /// <summary>Ends it with RST.</summary>
    public void Reset()
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Dispose();
    }

    public void Close() => socket.Dispose();

    private async Task<bool> FillAsync(Memory<byte> memory)
    {
        while (!memory.IsEmpty)
        {
            var read = await socket.ReceiveAsync(memory);
            if (read == 0)
            {
                return false;
            }

            memory = memory[read..];
        }

        return true;
    }
}
