using OtpActors.Cql;
using OtpActors.Cql.Protocol;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Cql;

/// <summary>
/// A change of the schema completes once every node that is up has it. Two scripted nodes; the statement goes to the
/// one whose id comes first.
/// </summary>
public sealed class SchemaAgreementSpecs : IAsyncLifetime
{
    private static readonly Guid Old = Guid.NewGuid();
    private static readonly Guid New = Guid.NewGuid();

    private readonly FakeServer[] _servers = [.. FakeServer.Cluster(2).OrderBy(server => server.HostId)];
    private Cluster? _cluster;
    private FakeServer? _changed;
    private int _looks;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private FakeServer Coordinator => _servers[0];

    private FakeServer Other => _servers[1];

    public ValueTask InitializeAsync()
    {
        foreach (var server in _servers)
        {
            server.SchemaVersion = _ => Old;
            server.Script = (connection, request) => AnswerAsync(server, connection, request);
        }

        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }

        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
    }

    [Theory]
    [InlineData(StatementKind.Simple, 0)]
    [InlineData(StatementKind.Simple, 1)]
    [InlineData(StatementKind.Bound, 1)]
    [InlineData(StatementKind.Batch, 1)]
    [InlineData(StatementKind.Void, 1)]
    public async Task It_waits_for_the_nodes_as_its_coordinator_sees_them(StatementKind kind, int control)
    {
        // The coordinator alone knows of the change; the other node still sees all at the old version.
        foreach (var server in _servers)
        {
            server.SchemaVersion = node => server == _changed && (node == server || _looks > 3) ? New : Old;
        }

        var session = await ConnectAsync(contact: _servers[control]);
        await ExecuteAsync(session, kind);

        _looks.ShouldBeGreaterThan(3);
    }

    [Fact]
    public async Task A_version_that_is_not_known_yet_is_no_agreement()
    {
        Coordinator.SchemaVersion = node => node == Coordinator || _looks > 3 ? New : null;
        await ExecuteAsync(await ConnectAsync(), StatementKind.Simple);

        _looks.ShouldBeGreaterThan(3);
    }

    [Fact]
    public async Task A_node_that_its_coordinator_has_not_heard_of_is_waited_for()
    {
        var peers = Coordinator.Peers;
        Coordinator.SchemaVersion = _ => New;
        var session = await ConnectAsync(contact: Other);
        Coordinator.Peers = [];
        Coordinator.Script = async (connection, request) =>
        {
            Coordinator.Peers = _looks > 3 ? peers : [];
            return await AnswerAsync(Coordinator, connection, request);
        };
        await ExecuteAsync(session, StatementKind.Simple);

        _looks.ShouldBeGreaterThan(3);
    }

    [Fact]
    public async Task A_node_that_is_down_is_not_waited_for()
    {
        var session = await ConnectAsync();
        Coordinator.SchemaVersion = node => node == Coordinator ? New : Old;
        await Other.DisposeAsync();
        while (session.Cluster.AllHosts.Count(host => host.IsUp) > 1)
        {
            await Task.Delay(10, Cancellation);
        }

        using var rows = await session.ExecuteAsync("CREATE").AsTask().Eventually();
        rows.IsInSchemaAgreement.ShouldBeTrue();
    }

    [Fact]
    public async Task A_disagreement_that_lasts_is_told_and_counted()
    {
        using var measured = new Measured();
        Coordinator.SchemaVersion = node => node == Coordinator ? New : Old;
        var session = await ConnectAsync(options => options with { MaxSchemaAgreementWait = TimeSpan.FromMilliseconds(300) });
        using var rows = await session.ExecuteAsync("CREATE").AsTask().Eventually();

        rows.IsInSchemaAgreement.ShouldBeFalse();
        (await session.Cluster.Metadata.CheckSchemaAgreementAsync().Eventually()).ShouldBeFalse();
        measured.Sum("cql.client.schema.disagreements").ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Changes_of_the_schema_meet_at_one_coordinator()
    {
        var session = await ConnectAsync();
        for (var i = 0; i < 10; i++)
        {
            (await session.ExecuteAsync($"create table {i}").AsTask().Eventually()).IsInSchemaAgreement.ShouldBeTrue();
        }

        Coordinator.Requests.Count(IsChange).ShouldBe(10);
        Other.Requests.ShouldNotContain(request => IsChange(request));
    }

    private static bool IsChange(FakeRequest request) =>
        request.Opcode == Opcode.Query && request.Query.StartsWith("create", StringComparison.OrdinalIgnoreCase);

    private async Task<bool> AnswerAsync(FakeServer server, FakeConnection connection, FakeRequest request)
    {
        switch (request.Opcode)
        {
            case Opcode.Prepare:
                await connection.ReplyAsync(request, Opcode.Result, Frames.Prepared([1]));
                return true;
            case Opcode.Query when IsChange(request):
            case Opcode.Execute or Opcode.Batch:
                _changed = server;
                await connection.ReplyAsync(request, Opcode.Result, Frames.SchemaChange);
                return true;
            case Opcode.Query when server == _changed && request.Query.Contains("schema_version", StringComparison.Ordinal):
                Interlocked.Increment(ref _looks);
                return false;
            default:
                return false;
        }
    }

    private static async Task ExecuteAsync(ISession session, StatementKind kind)
    {
        switch (kind)
        {
            case StatementKind.Simple:
                await session.ExecuteAsync("CREATE").AsTask().Eventually();
                break;
            case StatementKind.Void:
                await session.ExecuteVoidAsync(new SimpleStatement("CREATE"), Cancellation).AsTask().Eventually();
                break;
            case StatementKind.Bound:
                await session.ExecuteAsync((await session.PrepareAsync("CREATE", Cancellation).Eventually()).Bind(), Cancellation).AsTask().Eventually();
                break;
            default:
                using (var batch = new BatchStatement().Add(new SimpleStatement("CREATE")))
                {
                    await session.ExecuteAsync(batch, Cancellation).AsTask().Eventually();
                }

                break;
        }
    }

    private async Task<ISession> ConnectAsync(Func<ClusterOptions, ClusterOptions>? change = null, FakeServer? contact = null)
    {
        _cluster = (contact ?? Coordinator).Client().WithMaxSchemaAgreementWaitSeconds(300)
            .With(change ?? (options => options)).Build();
        var session = await _cluster.ConnectAsync(Cancellation).Eventually();
        session.Cluster.AllHosts.ShouldAllBe(host => host.IsUp);
        return session;
    }

    public enum StatementKind
    {
        Simple,
        Bound,
        Batch,
        Void,
    }
}
