using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace OtpActors.Tests.Servers;

/// <summary>
/// As much of ZooKeeper's protocol as a test needs: its 0.9 brokers have no request that creates a topic, but make one
/// whose layout appears here. One request at a time, a connection each.
/// </summary>
internal sealed class ZooKeeperClient : IDisposable
{
    private const int CreateOp = 1;
    private const int GetDataOp = 4;
    private const int GetChildrenOp = 8;
    private const int NodeExists = -110;
    private const int NoNode = -101;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    private readonly TcpClient _tcp = new();
    private int _request;

    public static async Task<ZooKeeperClient> ConnectAsync(IPEndPoint server, CancellationToken cancellationToken)
    {
        var client = new ZooKeeperClient();
        try
        {
            await client._tcp.ConnectAsync(server, cancellationToken);
            var hello = new Writer().Int(0).Long(0).Int(10_000).Long(0).Bytes(new byte[16]);
            await client.SendAsync(hello, cancellationToken);
            await client.ReceiveAsync(cancellationToken);
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Lays out a topic; its partitions' replicas go round the brokers. False if there is one of that name.
    /// </summary>
    public async Task<bool> CreateTopicAsync(
        string topic, int partitions, int replicas, IReadOnlyList<int> brokers, CancellationToken cancellationToken)
    {
        var layout = Enumerable.Range(0, partitions).Select(partition => string.Create(
            CultureInfo.InvariantCulture,
            $"\"{partition}\":[{string.Join(',', Enumerable.Range(0, replicas).Select(i => brokers[(partition + i) % brokers.Count]))}]"));
        var data = $"{{\"version\":1,\"partitions\":{{{string.Join(',', layout)}}}}}";
        var request = Request(CreateOp).Text($"/brokers/topics/{topic}").Bytes(Encoding.UTF8.GetBytes(data))
            .Int(1).Int(31).Text("world").Text("anyone").Int(0);
        var (error, _) = await AskAsync(request, cancellationToken);
        return error switch
        {
            0 => true,
            NodeExists => false,
            _ => throw new IOException($"ZooKeeper refused the topic {topic}: {error}"),
        };
    }

    /// <summary>The node's text; null if there is none.</summary>
    public async Task<string?> ReadAsync(string path, CancellationToken cancellationToken)
    {
        var (error, answer) = await AskAsync(Request(GetDataOp).Text(path).Flag(false), cancellationToken);
        if (error == NoNode)
        {
            return null;
        }

        var length = BinaryPrimitives.ReadInt32BigEndian(answer.Span);
        return Encoding.UTF8.GetString(answer.Span.Slice(4, length));
    }

    /// <summary>The names of the nodes under a path; none if it is not there.</summary>
    public async Task<IReadOnlyList<string>> ChildrenAsync(string path, CancellationToken cancellationToken)
    {
        var (error, answer) = await AskAsync(Request(GetChildrenOp).Text(path).Flag(false), cancellationToken);
        var names = new List<string>();
        for (var rest = error == NoNode ? default : answer[4..]; !rest.IsEmpty;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(rest.Span);
            names.Add(Encoding.UTF8.GetString(rest.Span.Slice(4, length)));
            rest = rest[(4 + length)..];
        }

        return names;
    }

    /// <summary>Returns once every partition of a topic has a leader.</summary>
    public async Task WaitForLeadersAsync(string topic, int partitions, CancellationToken cancellationToken)
    {
        for (var partition = 0; partition < partitions; partition++)
        {
            while (await ReadAsync($"/brokers/topics/{topic}/partitions/{partition}/state", cancellationToken) is null)
            {
                await Task.Delay(Poll, cancellationToken);
            }
        }
    }

    public void Dispose() => _tcp.Dispose();

    private Writer Request(int operation) => new Writer().Int(++_request).Int(operation);

    /// <returns>The error, and what follows the header.</returns>
    private async Task<(int Error, ReadOnlyMemory<byte> Answer)> AskAsync(Writer request, CancellationToken cancellationToken)
    {
        await SendAsync(request, cancellationToken);
        var answer = await ReceiveAsync(cancellationToken);
        return (BinaryPrimitives.ReadInt32BigEndian(answer.AsSpan(12)), answer.AsMemory(16));
    }

    private async Task SendAsync(Writer request, CancellationToken cancellationToken) =>
        await _tcp.GetStream().WriteAsync(request.Framed(), cancellationToken);

    private async Task<byte[]> ReceiveAsync(CancellationToken cancellationToken)
    {
        var length = new byte[4];
        await _tcp.GetStream().ReadExactlyAsync(length, cancellationToken);
        var body = new byte[BinaryPrimitives.ReadInt32BigEndian(length)];
        await _tcp.GetStream().ReadExactlyAsync(body, cancellationToken);
        return body;
    }

    private sealed class Writer
    {
        private readonly List<byte> _bytes = [];

        public Writer Int(int value)
        {
            var bytes = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(bytes, value);
            _bytes.AddRange(bytes);
            return this;
        }

        public Writer Long(long value) => Int((int)(value >> 32)).Int((int)value);

        public Writer Flag(bool value)
        {
            _bytes.Add(value ? (byte)1 : (byte)0);
            return this;
        }

        public Writer Bytes(byte[] bytes)
        {
            Int(bytes.Length);
            _bytes.AddRange(bytes);
            return this;
        }

        public Writer Text(string text) => Bytes(Encoding.UTF8.GetBytes(text));

        public byte[] Framed() => [.. new Writer().Bytes([.. _bytes])._bytes];
    }
}
