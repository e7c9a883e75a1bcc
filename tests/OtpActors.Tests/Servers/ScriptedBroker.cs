using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace OtpActors.Tests.Servers;

/// <summary>
/// One broker that speaks ApiVersions, Metadata and CreateTopics, over TCP, and answers the latter as a test says. Old
/// versions of each: ApiVersions 0, Metadata 1, CreateTopics 1.
/// </summary>
internal sealed class ScriptedBroker : IAsyncDisposable
{
    private const short Metadata = 3;
    private const short ApiVersions = 18;
    private const short CreateTopics = 19;
    private const short UnsupportedVersion = 35;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, int> _topics = new();
    private readonly Task _serving;
    private readonly int _port;

    public ScriptedBroker()
    {
        _listener.Start();
        _port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _serving = ServeAsync();
    }

    public string Address => $"127.0.0.1:{_port}";

    /// <summary>What was asked for.</summary>
    public ConcurrentQueue<(string Name, int Partitions, short Replicas)> Asked { get; } = new();

    /// <summary>The error of the answer, 0 for none; null: no answer ever comes.</summary>
    public Func<string, short?> OnCreate { get; set; } = _ => 0;

    public void Add(string topic, int partitions) => _topics[topic] = partitions;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _serving;
    }

    private async Task ServeAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var connection = client;
        var stream = connection.GetStream();
        try
        {
            while (true)
            {
                var request = await ReadAsync(stream);
                if (Answer(request) is { } answer)
                {
                    await stream.WriteAsync(answer.Framed(request.Correlation), _stop.Token);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // the client has gone, or this broker goes
        }
    }

    /// <summary>Frame: size, then api key, version, correlation id, client id, body.</summary>
    private async Task<Reader> ReadAsync(NetworkStream stream)
    {
        var size = new byte[4];
        await stream.ReadExactlyAsync(size, _stop.Token);
        var frame = new byte[BinaryPrimitives.ReadInt32BigEndian(size)];
        await stream.ReadExactlyAsync(frame, _stop.Token);
        return new Reader(frame);
    }

    private Writer? Answer(Reader request) => (request.Key, request.Version) switch
    {
        (ApiVersions, 0) => new Writer().Short(0).Int(3)
            .Short(Metadata).Short(0).Short(1)
            .Short(ApiVersions).Short(0).Short(0)
            .Short(CreateTopics).Short(0).Short(1),
        (ApiVersions, _) => new Writer().Short(UnsupportedVersion).Int(0),
        (Metadata, 1) => Describe(request),
        (CreateTopics, 1) => Create(request),
        _ => throw new IOException($"request {request.Key} version {request.Version} is not in the script"),
    };

    private Writer Describe(Reader request)
    {
        var asked = request.Strings();
        var topics = asked ?? [.. _topics.Keys];
        var answer = new Writer()
            .Int(1).Int(1).Text("127.0.0.1").Int(_port).Short(-1)
            .Int(1)
            .Int(topics.Count);
        foreach (var topic in topics)
        {
            var partitions = _topics.GetValueOrDefault(topic);
            answer.Short(partitions == 0 ? (short)3 : (short)0).Text(topic).Byte(0).Int(partitions);
            for (var partition = 0; partition < partitions; partition++)
            {
                answer.Short(0).Int(partition).Int(1).Int(1).Int(1).Int(1).Int(1);
            }
        }

        return answer;
    }

    private Writer? Create(Reader request)
    {
        request.Int(); // always one topic
        var (name, partitions, replicas) = (request.Text()!, request.Int(), request.Short());
        Asked.Enqueue((name, partitions, replicas));
        if (OnCreate(name) is not { } error)
        {
            return null;
        }

        if (error == 0)
        {
            Add(name, partitions);
        }

        return new Writer().Int(1).Text(name).Short(error).Short(-1);
    }

    private sealed class Reader
    {
        private readonly byte[] _frame;
        private int _at;

        public Reader(byte[] frame)
        {
            _frame = frame;
            (Key, Version, Correlation) = (Short(), Short(), Int());
            Text(); // the client's name
        }

        public short Key { get; }

        public short Version { get; }

        public int Correlation { get; }

        public short Short() => BinaryPrimitives.ReadInt16BigEndian(Take(2));

        public int Int() => BinaryPrimitives.ReadInt32BigEndian(Take(4));

        public string? Text() => Short() is var length and >= 0 ? Encoding.UTF8.GetString(Take(length)) : null;

        public List<string>? Strings() =>
            Int() is var count and >= 0 ? [.. Enumerable.Range(0, count).Select(_ => Text()!)] : null;

        private ReadOnlySpan<byte> Take(int count) => _frame.AsSpan((_at += count) - count, count);
    }

    private sealed class Writer
    {
        private readonly MemoryStream _bytes = new();

        public Writer Byte(byte value)
        {
            _bytes.WriteByte(value);
            return this;
        }

        public Writer Short(short value) => Byte((byte)(value >> 8)).Byte((byte)value);

        public Writer Int(int value) => Short((short)(value >> 16)).Short((short)value);

        public Writer Text(string text)
        {
            Short((short)Encoding.UTF8.GetByteCount(text));
            _bytes.Write(Encoding.UTF8.GetBytes(text));
            return this;
        }

        public byte[] Framed(int correlation)
        {
            var head = new Writer().Int((int)_bytes.Length + 4).Int(correlation);
            return [.. head._bytes.ToArray(), .. _bytes.ToArray()];
        }
    }
}
