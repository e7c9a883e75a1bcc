using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using OtpActors.Cql;
using OtpActors.Tests.Servers.Cassandra;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Cql;

/// <summary>Three real nodes with three replicas, under load, two of which fail in turn.</summary>
[Collection(ThreeNodes.Name)]
public sealed class FaultSpecs(CassandraServers servers, ThreeNodes three, ITestOutputHelper output) : IAsyncLifetime
{
    private const string Table = "fault.ledger";
    private const int Writers = 32;

    private static readonly TimeSpan Frozen = TimeSpan.FromSeconds(20);

    private readonly ConcurrentDictionary<string, bool> _acknowledged = new();
    private readonly ConcurrentQueue<(long At, double Milliseconds)> _latencies = new();
    private CassandraNode[] _nodes = [];
    private int _next;
    private int _failures;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _nodes = await three.StartAsync(servers);

    public ValueTask DisposeAsync() => three.DisposeAsync();

    [Fact]
    public async Task No_acknowledged_write_is_lost_while_nodes_die_and_freeze()
    {
        await using var cluster = three.Client()
            .With(options => options with { ReconnectDelay = TimeSpan.FromMilliseconds(200), MaxReconnectDelay = TimeSpan.FromSeconds(2) })
            .Build();
        var session = await cluster.ConnectAsync(Cancellation).Eventually();
        await UntilAsync(() => cluster.AllHosts.All(host => host.IsUp));
        await session.ExecuteAsync("CREATE KEYSPACE fault WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}");
        await session.ExecuteAsync("CREATE KEYSPACE two WITH replication = {'class': 'NetworkTopologyStrategy', 'datacenter1': 2}");
        await session.ExecuteAsync($"CREATE TABLE {Table} (k text PRIMARY KEY, v int)");
        await session.ExecuteAsync("CREATE TABLE two.t (k text PRIMARY KEY)");
        await ReplicasShouldAgreeAsync(cluster, "two");
        await ReplicasShouldAgreeAsync(cluster, "fault");

        var insert = (await session.PrepareAsync($"INSERT INTO {Table} (k, v) VALUES (?, ?)", Cancellation))
            .SetIdempotence(true).SetConsistencyLevel(ConsistencyLevel.LocalQuorum);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var load = Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => WriteAsync(session, insert, stop.Token)));
        await ProgressAsync(2_000);
        var usual = Median(0);

        await _nodes[1].KillAsync();
        await ProgressAsync(2_000);
        await _nodes[1].StartAsync();
        await UntilAsync(() => cluster.AllHosts.All(host => host.IsUp));
        await ProgressAsync(2_000); // the restarted node has forgotten the prepared statement

        await _nodes[2].FreezeAsync();
        var frozen = Task.Delay(Frozen, Cancellation);
        await ProgressAsync(500); // the load goes on
        await frozen;
        await _nodes[2].ThawAsync();
        await UntilAsync(() => cluster.AllHosts.All(host => host.IsUp));
        var last = await RecoveryAsync(Math.Max(50, 10 * usual));
        await stop.CancelAsync();
        await load;
        output.WriteLine($"{_acknowledged.Count} acknowledged, {_failures} failed; median {usual:F1} ms at first, {last:F1} ms in the end");
        await LedgerShouldBeStoredAsync(session);
        await UntilAsync(() => cluster.Connections.All(connection => connection.InFlight == 0));
    }

    private async Task WriteAsync(ISession session, PreparedStatement insert, CancellationToken stop)
    {
        using var bound = insert.Bind().SetReadTimeout(TimeSpan.FromSeconds(2));
        while (!stop.IsCancellationRequested)
        {
            var number = Interlocked.Increment(ref _next);
            var key = number.ToString(CultureInfo.InvariantCulture);
            var began = Stopwatch.GetTimestamp();
            try
            {
                await session.ExecuteVoidAsync(bound.Clear().Set(0, key).Set(1, number), CancellationToken.None);
                _acknowledged.TryAdd(key, true);
                _latencies.Enqueue((began, Stopwatch.GetElapsedTime(began).TotalMilliseconds));
            }
            catch (DriverException)
            {
                // Not acknowledged: it may be there or not. The next one goes on.
                Interlocked.Increment(ref _failures);
                await Task.Delay(10, CancellationToken.None);
            }
        }
    }

    private async Task LedgerShouldBeStoredAsync(ISession session)
    {
        var stored = new HashSet<string>();
        var all = new SimpleStatement($"SELECT k FROM {Table}").SetConsistencyLevel(ConsistencyLevel.Quorum).SetPageSize(1_000);
        await foreach (var row in await session.ExecuteAsync(all, Cancellation))
        {
            stored.Add(row.GetValue<string>(0));
        }

        _acknowledged.Keys.Where(key => !stored.Contains(key)).ShouldBeEmpty("acknowledged and not stored");
    }

    /// <summary>As `nodetool getendpoints` has it, for a thousand keys.</summary>
    private async Task ReplicasShouldAgreeAsync(Cluster cluster, string keyspace)
    {
        var keys = Enumerable.Range(0, 1_000).Select(i => $"key {i} ж").ToList();
        var answer = await CassandraDistribution.RunAsync(
            "java",
            [Path.Combine(CassandraDistribution.Folder, "Endpoints.java"), $"{_nodes[0].JmxPort}", keyspace, keyspace == "two" ? "t" : "ledger"],
            string.Join('\n', keys));
        var lines = answer.Split('\n', StringSplitOptions.RemoveEmptyEntries);

        lines.Length.ShouldBe(keys.Count);
        for (var i = 0; i < keys.Count; i++)
        {
            var token = ClusterMetadata.GetToken(System.Text.Encoding.UTF8.GetBytes(keys[i]));
            cluster.Metadata.GetReplicas(keyspace, token).Select(host => host.Address.Address.ToString())
                .ShouldBe(lines[i].Split(' '), ignoreOrder: true, keys[i]);
        }
    }

    /// <summary>Waits until latency is as low as this again: the median of what began since the look before.</summary>
    private async Task<double> RecoveryAsync(double milliseconds)
    {
        while (true)
        {
            var since = Stopwatch.GetTimestamp();
            await ProgressAsync(2_000);
            if (Median(since) is var median && median <= milliseconds)
            {
                return median;
            }
        }
    }

    private async Task ProgressAsync(int writes)
    {
        var goal = _acknowledged.Count + writes;
        await UntilAsync(() => _acknowledged.Count >= goal);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        async Task Poll()
        {
            while (!condition())
            {
                await Task.Delay(50, Cancellation);
            }
        }

        await Poll().Eventually();
    }

    private double Median(long since)
    {
        var sorted = _latencies.Where(each => each.At >= since).Select(each => each.Milliseconds).Order().ToList();
        return sorted[sorted.Count / 2];
    }
}
