using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using OtpActors.Tests.Servers.Cassandra;

namespace OtpActors.Tests.Servers;

/// <summary>ZooKeeper and Kafka 0.9 brokers on the loopback address, in a directory of their own.</summary>
internal sealed partial class KafkaCluster : IAsyncDisposable
{
    private const int OffsetsPartitions = 3;

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    private readonly TempDirectory _directory = new();
    private readonly Dictionary<int, ServerProcess> _brokers = [];
    private readonly Dictionary<int, int> _ports = [];
    private ServerProcess _zooKeeper = null!;
    private IPEndPoint _zooKeeperAddress = null!;
    private FaultProxy? _front;

    private KafkaCluster()
    {
    }

    public IReadOnlyList<int> BrokerIds { get; private init; } = [];

    public string BootstrapServers => string.Join(',', _ports.Values.Select(port => $"127.0.0.1:{port}"));

    /// <summary>What a client of these brokers has to set.</summary>
    public static IReadOnlyDictionary<string, string> Properties { get; } = new Dictionary<string, string>
    {
        ["api.version.request"] = "false",
        ["broker.version.fallback"] = "0.9.0.1",
    };

    /// <summary>One broker that names the proxy as its own address, so that clients come to it there alone.</summary>
    public static Task<KafkaCluster> StartBehindAsync(FaultProxy front)
    {
        front.Target = Ports.Free("127.0.0.1");
        return StartAsync(new KafkaCluster { BrokerIds = [1], _front = front });
    }

    public static Task<KafkaCluster> StartAsync(int brokers) => StartAsync(new KafkaCluster { BrokerIds = [.. Enumerable.Range(1, brokers)] });

    private static async Task<KafkaCluster> StartAsync(KafkaCluster cluster)
    {
        try
        {
            using var limit = new CancellationTokenSource(StartLimit);
            await cluster.StartAsync(limit.Token);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Creates a topic as the brokers' own tool does, and returns once every partition has a leader.</summary>
    public async Task<bool> CreateTopicAsync(string topic, int partitions, short replicas, CancellationToken cancellationToken)
    {
        using var client = await ZooKeeperClient.ConnectAsync(_zooKeeperAddress, cancellationToken);
        var created = await client.CreateTopicAsync(topic, partitions, replicas, BrokerIds, cancellationToken);
        await client.WaitForLeadersAsync(topic, partitions, cancellationToken);
        return created;
    }

    /// <summary>The broker that leads a partition now.</summary>
    public async Task<int> LeaderAsync(string topic, int partition, CancellationToken cancellationToken)
    {
        using var state = await StateAsync(topic, partition, cancellationToken);
        return state.RootElement.GetProperty("leader").GetInt32();
    }

    /// <summary>As a power cut would.</summary>
    public Task KillAsync(int broker) => _brokers[broker].KillAsync();

    /// <summary>Starts a broker that was killed, on the port it had.</summary>
    public async Task RestartAsync(int broker, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(StartLimit);
        cancellationToken = limit.Token;
        await _brokers[broker].DisposeAsync();
        using var client = await ZooKeeperClient.ConnectAsync(_zooKeeperAddress, cancellationToken);
        while (await client.ReadAsync($"/brokers/ids/{broker}", cancellationToken) is not null)
        {
            await Task.Delay(Poll, cancellationToken); // its registration outlives it for the session's time
        }

        await StartBrokerAsync(broker, cancellationToken);
        await WaitForBrokerAsync(broker, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var broker in _brokers.Values)
        {
            await broker.DisposeAsync();
        }

        if (_zooKeeper is not null)
        {
            await _zooKeeper.DisposeAsync();
        }

        _directory.Dispose();
    }

    private async Task<JsonDocument> StateAsync(string topic, int partition, CancellationToken cancellationToken)
    {
        using var client = await ZooKeeperClient.ConnectAsync(_zooKeeperAddress, cancellationToken);
        return JsonDocument.Parse(await client.ReadAsync($"/brokers/topics/{topic}/partitions/{partition}/state", cancellationToken)
            ?? throw new IOException($"{topic} has no partition {partition}"));
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        await File.WriteAllTextAsync(
            _directory.File("log4j.properties"),
            """
            log4j.rootLogger=WARN, out
            log4j.appender.out=org.apache.log4j.ConsoleAppender
            log4j.appender.out.layout=org.apache.log4j.PatternLayout
            log4j.appender.out.layout.ConversionPattern=%d %p %c: %m%n
            """,
            cancellationToken);
        await StartZooKeeperAsync(cancellationToken);
        foreach (var broker in BrokerIds)
        {
            await StartBrokerAsync(broker, cancellationToken);
        }

        foreach (var broker in BrokerIds)
        {
            await WaitForBrokerAsync(broker, cancellationToken);
        }
    }

    /// <summary>It cannot be told to choose a port and say which: one that was free a moment ago has to do.</summary>
    private async Task StartZooKeeperAsync(CancellationToken cancellationToken)
    {
        _zooKeeperAddress = FreeEndPoint();
        await File.WriteAllTextAsync(
            _directory.File("zookeeper.properties"),
            $"""
            tickTime=500
            dataDir={_directory.File("zookeeper")}
            clientPort={_zooKeeperAddress.Port}
            clientPortAddress=127.0.0.1
            maxClientCnxns=0
            """,
            cancellationToken);
        _zooKeeper = await ServerProcess.StartAsync(
            [.. KafkaDistribution.Java(96), "org.apache.zookeeper.server.quorum.QuorumPeerMain", "zookeeper.properties"],
            _directory.Path);
        while (!await TryZooKeeperAsync(cancellationToken))
        {
            await Task.Delay(Poll, cancellationToken);
        }
    }

    private async Task<bool> TryZooKeeperAsync(CancellationToken cancellationToken)
    {
        ThrowIfExited(_zooKeeper, "ZooKeeper");
        try
        {
            using var client = await ZooKeeperClient.ConnectAsync(_zooKeeperAddress, cancellationToken);
            return true;
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            return false; // not listening yet, or not serving yet
        }
    }

    private async Task StartBrokerAsync(int broker, CancellationToken cancellationToken)
    {
        var replicas = Math.Min(3, BrokerIds.Count);
        await File.WriteAllTextAsync(
            _directory.File($"broker-{broker}.properties"),
            $"""
            broker.id={broker}
            listeners=PLAINTEXT://127.0.0.1:{_front?.Target ?? _ports.GetValueOrDefault(broker)}
            {(_front is null ? "" : $"advertised.listeners=PLAINTEXT://127.0.0.1:{_front.Port}")}
            zookeeper.connect=127.0.0.1:{_zooKeeperAddress.Port}
            zookeeper.session.timeout.ms=8000
            log.dirs={_directory.File($"broker-{broker}")}
            log.cleaner.enable=false
            auto.create.topics.enable=false
            default.replication.factor=1
            min.insync.replicas=1
            unclean.leader.election.enable=false
            offsets.topic.num.partitions={OffsetsPartitions}
            offsets.topic.replication.factor={replicas}
            offsets.commit.required.acks=-1
            group.min.session.timeout.ms=1000
            replica.lag.time.max.ms=3000
            controlled.shutdown.enable=false
            num.network.threads=2
            num.io.threads=4
            """,
            cancellationToken);
        _brokers[broker] = await ServerProcess.StartAsync(
            [.. KafkaDistribution.Java(256), "kafka.Kafka", $"broker-{broker}.properties"], _directory.Path);
    }

    /// <summary>Registered, and so serving; tells the port it was given.</summary>
    private async Task WaitForBrokerAsync(int broker, CancellationToken cancellationToken)
    {
        using var client = await ZooKeeperClient.ConnectAsync(_zooKeeperAddress, cancellationToken);
        while (true)
        {
            ThrowIfExited(_brokers[broker], $"broker {broker}");
            if (await client.ReadAsync($"/brokers/ids/{broker}", cancellationToken) is { } registration)
            {
                _ports[broker] = int.Parse(Address().Match(registration).Groups[1].ValueSpan, CultureInfo.InvariantCulture);
                return;
            }

            await Task.Delay(Poll, cancellationToken);
        }
    }

    private static void ThrowIfExited(ServerProcess server, string name)
    {
        if (server.HasExited)
        {
            throw new InvalidOperationException($"{name} has ended while it was started:\n{server.Output}");
        }
    }

    private static IPEndPoint FreeEndPoint()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return (IPEndPoint)listener.LocalEndpoint;
    }

    [GeneratedRegex("""PLAINTEXT://127\.0\.0\.1:(\d+)""")]
    private static partial Regex Address();
}
