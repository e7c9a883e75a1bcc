using OtpActors.Cql;
using Xunit;

namespace OtpActors.Tests.Servers.Cassandra;

/// <summary>Three real nodes that the tests of one collection share.</summary>
[CollectionDefinition(Name)]
public sealed class ThreeNodes : ICollectionFixture<ThreeNodes>, IAsyncDisposable
{
    public const string Name = "three nodes of Cassandra";

    private readonly SemaphoreSlim _starting = new(1);
    private CassandraNode[] _nodes = [];

    /// <summary>The nodes, once all of them know of each other.</summary>
    internal async Task<CassandraNode[]> StartAsync(CassandraServers servers)
    {
        await _starting.WaitAsync();
        try
        {
            if (_nodes.Length == 0)
            {
                _nodes = await servers.ThreeAsync();
                await _nodes[0].StartAsync();
                await Task.WhenAll(_nodes[1].StartAsync(), _nodes[2].StartAsync());
            }

            await Task.WhenAll(_nodes.Select(node => UntilItKnowsAsync(node.ContactPoint, _nodes.Length)));
            return _nodes;
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>
    /// A client of all of them. A node that has just missed a change of the schema fetches it after a minute, so that is how
    /// long agreement may take.
    /// </summary>
    internal ClusterBuilder Client() => Cluster.Builder().AddContactPoints(_nodes.Select(node => node.ContactPoint))
        .WithMaxSchemaAgreementWaitSeconds(150).WithQueryTimeout(60_000);

    /// <summary>
    /// Ends the nodes; the next test gets new ones. Nodes that have lost sight of each other once push changes of the schema no
    /// more and fetch each after a minute, which tests would have to wait for.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        _nodes = [];
    }

    /// <summary>A node answers a while before it knows of the others, and each learns of them on its own.</summary>
    private static async Task UntilItKnowsAsync(string contactPoint, int nodes)
    {
        await using var cluster = Cluster.Builder().AddContactPoint(contactPoint).Build();
        await cluster.ConnectAsync(TestContext.Current.CancellationToken);
        while (cluster.AllHosts.Count(host => host.IsUp) < nodes || !await cluster.Metadata.CheckSchemaAgreementAsync())
        {
            await Task.Delay(100, TestContext.Current.CancellationToken);
            await cluster.Control.RefreshAsync();
        }
    }
}
