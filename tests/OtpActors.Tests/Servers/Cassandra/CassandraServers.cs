using System.Text.Json.Nodes;
using OtpActors.Tests.Servers.Cassandra;
using Xunit;

[assembly: AssemblyFixture(typeof(CassandraServers))]

namespace OtpActors.Tests.Servers.Cassandra;

/// <summary>
/// The Cassandra nodes of this test run: started when the first test asks, shared, killed at the end.
/// <c>OTPACTORS_TEST_CASSANDRA=host:port[,host:port]</c> gives a cluster instead of the single node.
/// </summary>
public sealed class CassandraServers : IAsyncDisposable
{
    private const string Given = "OTPACTORS_TEST_CASSANDRA";
    private const string Required = "OTPACTORS_REQUIRE_SERVERS";

    private readonly Lazy<Task<string?>> _whyMissing = new(CassandraDistribution.WhyMissingAsync);
    private readonly Lazy<Task<CassandraNode>> _one = new(() => Task.Run(StartOneAsync));

    /// <summary>Contact points of one node; skips the test that asks where there is none to be had.</summary>
    internal async Task<string[]> OneAsync()
    {
        if (Environment.GetEnvironmentVariable(Given) is { Length: > 0 } given)
        {
            return given.Split(',');
        }

        await RequireAsync();
        return [(await _one.Value).ContactPoint];
    }

    /// <summary>A node of the caller's own, not started.</summary>
    internal async Task<CassandraNode> OwnAsync(Func<NodeSettings, NodeSettings>? change = null)
    {
        await RequireAsync();
        const string address = "127.0.0.1";
        var settings = new NodeSettings(address, Ports.Free(address), Ports.Free(address));
        return new CassandraNode(change?.Invoke(settings) ?? settings);
    }

    /// <summary>Three nodes of the caller's own on 127.0.0.1 to 3, not started. The first is to be started first.</summary>
    internal async Task<CassandraNode[]> ThreeAsync()
    {
        await RequireAsync();
        string[] addresses = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
        var (port, storage) = (Ports.Free(addresses), Ports.Free(addresses));
        return [.. addresses.Select(address => new CassandraNode(new NodeSettings(address, port, storage)
        {
            Settings = new Dictionary<string, JsonNode?> { ["num_tokens"] = 32 },
        }))];
    }

    public async ValueTask DisposeAsync()
    {
        if (_one.IsValueCreated && _one.Value.IsCompletedSuccessfully)
        {
            await (await _one.Value).DisposeAsync();
        }
    }

    private static async Task<CassandraNode> StartOneAsync()
    {
        const string address = "127.0.0.1";
        var node = new CassandraNode(new NodeSettings(address, Ports.Free(address), Ports.Free(address)));
        await node.StartAsync();
        return node;
    }

    private async Task RequireAsync()
    {
        var why = await _whyMissing.Value;
        if (why is not null && Environment.GetEnvironmentVariable(Required) == "1")
        {
            Assert.Fail($"Cassandra is required ({Required}=1): {why}");
        }

        Assert.SkipWhen(why is not null, $"no Cassandra: {why}; {Given}=host:port names one");
    }
}
