using OtpActors.Cql;
using OtpActors.Cql.Protocol;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Cql;

/// <summary>The instruments belong to the process, so no other test runs at the same time.</summary>
[Collection(Alone)]
public sealed class MetricsSpecs
{
    private const string Alone = "metrics of the Cassandra driver";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Connections_are_counted_as_long_as_they_are_open()
    {
        using var measured = new Measured();
        await using var server = new FakeServer();
        await using (var cluster = server.Client().Build())
        {
            await cluster.ConnectAsync(Cancellation).Eventually();
            measured.Sum("cql.client.connections").ShouldBe(2); // one for events, one to the host
        }

        measured.Sum("cql.client.connections").ShouldBe(0);
        measured.Sum("cql.client.sends").ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Requests_are_counted_until_they_are_answered_and_timed()
    {
        await using var server = new FakeServer();
        var waiting = new TaskCompletionSource<(FakeConnection Connection, FakeRequest Request)>();
        server.OnQuery("wait", (connection, request) =>
        {
            waiting.SetResult((connection, request));
            return Task.CompletedTask;
        });
        await using var cluster = server.Client().Build();
        var session = await cluster.ConnectAsync(Cancellation).Eventually();
        using var measured = new Measured();
        var running = session.ExecuteAsync("wait").AsTask();
        var (from, asked) = await waiting.Task.Eventually();

        measured.Sum("cql.client.requests.in_flight").ShouldBe(1);
        measured.Names.ShouldNotContain("cql.client.requests.duration");
        await from.ReplyAsync(asked, Opcode.Result, Frames.Void);
        await running.Eventually();
        measured.Sum("cql.client.requests.in_flight").ShouldBe(0);
        measured.Sum("cql.client.requests.duration").ShouldBeGreaterThan(0);
        measured.Names.ShouldNotContain("cql.client.requests.retries");
    }

    [Fact]
    public async Task Every_retry_is_counted()
    {
        await using var server = new FakeServer();
        server.OnQuery("retry", (connection, request) => connection.FailAsync(request, 0x1200, "slow", [0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0]));
        await using var cluster = server.Client().Build();
        var session = await cluster.ConnectAsync(Cancellation).Eventually();
        using var measured = new Measured();
        await Should.ThrowAsync<ReadTimeoutException>(() => session.ExecuteAsync("retry").AsTask().Eventually());

        measured.Sum("cql.client.requests.retries").ShouldBe(1);
        measured.Sum("cql.client.requests.in_flight").ShouldBe(0);
    }

    [Fact]
    public async Task Schemas_that_nodes_do_not_agree_on_are_counted()
    {
        var servers = FakeServer.Cluster(2).OrderBy(server => server.HostId).ToArray();
        servers[0].SchemaVersion = node => node.HostId;
        servers[0].OnQuery("CREATE", (connection, request) => connection.ReplyAsync(request, Opcode.Result, Frames.SchemaChange));
        await using var cluster = servers[0].Client().With(options => options with { MaxSchemaAgreementWait = TimeSpan.Zero }).Build();
        var session = await cluster.ConnectAsync(Cancellation).Eventually();
        using var measured = new Measured();
        (await session.ExecuteAsync("CREATE").AsTask().Eventually()).IsInSchemaAgreement.ShouldBeFalse();

        measured.Sum("cql.client.schema.disagreements").ShouldBe(1);
        foreach (var server in servers)
        {
            await server.DisposeAsync();
        }
    }

    [CollectionDefinition(Alone, DisableParallelization = true)]
    public sealed class NothingElse;
}
