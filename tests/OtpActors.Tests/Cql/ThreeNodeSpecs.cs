using OtpActors.Cql;
using OtpActors.Tests.Servers.Cassandra;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Cql;

/// <summary>What only several real nodes show.</summary>
[Collection(ThreeNodes.Name)]
public sealed class ThreeNodeSpecs(CassandraServers servers, ThreeNodes three) : IAsyncLifetime
{
    private const int Rounds = 5;
    private const int Statements = 12;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await three.StartAsync(servers);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task What_a_change_of_the_schema_has_made_is_there_on_every_node()
    {
        await using var cluster = three.Client().Build();
        var session = await cluster.ConnectAsync(Cancellation).Eventually();
        for (var round = 0; round < Rounds; round++)
        {
            var keyspace = $"agreed_{Guid.NewGuid():N}";
            await ChangeAsync(session, $"CREATE KEYSPACE {keyspace} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}");
            await ChangeAsync(session, $"CREATE TABLE {keyspace}.t (k int PRIMARY KEY, v text)");
            await ChangeAsync(session, $"ALTER TABLE {keyspace}.t ADD added text");

            // In turn on each of the nodes.
            await Task.WhenAll(Enumerable.Range(0, Statements).Select(async i =>
            {
                await session.ExecuteVoidAsync(new SimpleStatement($"INSERT INTO {keyspace}.t (k, added) VALUES ({i}, 'x')"), Cancellation);
                using var rows = await session.ExecuteAsync($"SELECT added FROM {keyspace}.t WHERE k = {i}");
                rows.AvailableWithoutFetching.ShouldBe(1);
            }));
            await ChangeAsync(session, $"DROP KEYSPACE {keyspace}");
        }
    }

    private static async Task ChangeAsync(ISession session, string change)
    {
        using var rows = await session.ExecuteAsync(change);
        rows.IsInSchemaAgreement.ShouldBeTrue(change);
    }
}
