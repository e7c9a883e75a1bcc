using OtpActors.Cql;
using OtpActors.Cql.Connections;
using OtpActors.Cql.Protocol;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Cql;

/// <summary>What a real node will not do on demand.</summary>
public sealed class ConnectionSpecs : IAsyncLifetime
{
    private static readonly byte[] Id = FakeScripts.Id;

    private readonly FakeServer _server = new();
    private readonly List<Cluster> _clusters = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var cluster in _clusters)
        {
            await cluster.DisposeAsync();
        }

        await _server.DisposeAsync();
    }

    [Fact]
    public async Task The_fourth_version_is_spoken_where_it_can_be()
    {
        var session = await ConnectAsync();
        await session.ExecuteAsync("SELECT");

        session.Cluster.ProtocolVersion.ShouldBe(ProtocolVersion.V4);
        _server.Requests.ShouldAllBe(request => request.Version == 4);
        _server.Requests.ShouldAllBe(request => request.Stream > 0, "stream 0 is the server's");
    }

    [Fact]
    public async Task A_server_that_does_not_know_it_is_asked_again_in_the_third_on_a_new_socket()
    {
        await using var old = new FakeServer(version: 3);
        var session = await ConnectAsync(server: old);

        session.Cluster.ProtocolVersion.ShouldBe(ProtocolVersion.V3);
        (await session.ExecuteAsync("SELECT")).ShouldNotBeNull();
        old.Requests.First().Version.ShouldBe((byte)4);
        old.Accepted.ShouldBe(3); // the refused one, control, session
    }

    [Fact]
    public async Task Answers_in_another_order_reach_their_callers()
    {
        var waiting = new List<(FakeConnection Connection, FakeRequest Request)>();
        Answer("wait", async (connection, request) =>
        {
            waiting.Add((connection, request));
            if (waiting.Count == 20)
            {
                foreach (var (to, each) in waiting.AsEnumerable().Reverse())
                {
                    await to.ReplyAsync(each, Opcode.Result, Frames.Rows([("v", 0x000D)], [[Frames.Text(each.Query)]]));
                }
            }
        });
        var session = await ConnectAsync();
        var texts = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => FirstAsync(session, $"wait {i}"))).Eventually();

        texts.ShouldBe(Enumerable.Range(0, 20).Select(i => $"wait {i}"));
    }

    [Fact]
    public async Task A_late_answer_is_nobodys()
    {
        var late = new TaskCompletionSource<(FakeConnection Connection, FakeRequest Request)>();
        Answer("late", (connection, request) =>
        {
            late.TrySetResult((connection, request));
            return Task.CompletedTask;
        });
        Answer("next", (connection, request) => connection.ReplyAsync(request, Opcode.Result, Frames.Rows([("v", 0x000D)], [[Frames.Text("next")]])));
        var session = await ConnectAsync();
        var impatient = new SimpleStatement("late").SetReadTimeout(TimeSpan.FromMilliseconds(200));
        await Should.ThrowAsync<OperationTimedOutException>(() => session.ExecuteAsync(impatient, Cancellation).AsTask().Eventually());

        var (from, request) = await late.Task;
        session.Cluster.Connections.Sum(connection => connection.InFlight).ShouldBe(1, "the stream id is not free before its answer");
        await from.ReplyAsync(request, Opcode.Result, Frames.Void);
        (await FirstAsync(session, "next")).ShouldBe("next");
        session.Cluster.Connections.Sum(connection => connection.InFlight).ShouldBe(0);
    }

    [Fact]
    public async Task A_cancelled_caller_goes_on_and_the_connection_too()
    {
        var came = new TaskCompletionSource<(FakeConnection, FakeRequest)>();
        Answer("never", (connection, request) =>
        {
            came.SetResult((connection, request));
            return Task.CompletedTask;
        });
        var session = await ConnectAsync();
        using var cancel = new CancellationTokenSource();
        var running = session.ExecuteAsync(new SimpleStatement("never"), cancel.Token).AsTask();
        await came.Task.Eventually();
        await cancel.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => running.Eventually());
        (await session.ExecuteAsync("SELECT").AsTask().Eventually()).ShouldNotBeNull();
    }

    [Fact]
    public async Task What_a_host_has_forgotten_is_prepared_there_again()
    {
        var prepared = 0;
        Prepare(() => prepared++);
        Script(Opcode.Execute, (connection, request) => prepared < 2
            ? connection.FailAsync(request, 0x2500, "unprepared", [0, 3, .. Id])
            : connection.ReplyAsync(request, Opcode.Result, Frames.Void));
        var session = await ConnectAsync();
        var statement = await session.PrepareAsync("INSERT", Cancellation);
        await session.ExecuteVoidAsync(statement.Bind("a"), Cancellation).AsTask().Eventually();

        prepared.ShouldBe(2);
    }

    [Fact]
    public async Task A_host_that_keeps_forgetting_is_not_asked_for_ever()
    {
        Prepare();
        Script(Opcode.Execute, (connection, request) => connection.FailAsync(request, 0x2500, "unprepared", [0, 3, .. Id]));
        var session = await ConnectAsync();
        var statement = await session.PrepareAsync("INSERT", Cancellation);

        await Should.ThrowAsync<PreparedQueryNotFoundException>(() => session.ExecuteVoidAsync(statement.Bind("a"), Cancellation).AsTask().Eventually());
    }

    [Fact]
    public async Task Another_id_for_the_same_query_is_an_error()
    {
        var prepared = 0;
        Script(Opcode.Prepare, (connection, request) => connection.ReplyAsync(
            request, Opcode.Result, Frames.Prepared(prepared++ == 0 ? Id : [9], ("k", 0x000D))));
        Script(Opcode.Execute, (connection, request) => connection.FailAsync(request, 0x2500, "unprepared", [0, 3, .. Id]));
        var session = await ConnectAsync();
        var statement = await session.PrepareAsync("INSERT", Cancellation);

        await Should.ThrowAsync<PreparedQueryNotFoundException>(() => session.ExecuteVoidAsync(statement.Bind("a"), Cancellation).AsTask().Eventually());
    }

    [Fact]
    public async Task Requests_beyond_the_stream_ids_wait_for_one()
    {
        var (now, most) = (0, 0);
        Answer("many", async (connection, request) =>
        {
            most = Math.Max(most, Interlocked.Increment(ref now));
            await Task.Yield();
            Interlocked.Decrement(ref now);
            await connection.ReplyAsync(request, Opcode.Result, Frames.Void);
        });
        var session = await ConnectAsync(options => options with { MaxRequestsPerConnection = 4 });
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => session.ExecuteAsync($"many {i}").AsTask())).Eventually();

        most.ShouldBeLessThanOrEqualTo(4);
        session.Cluster.Connections.ShouldAllBe(connection => connection.InFlight == 0);
    }

    [Fact]
    public async Task A_value_that_cannot_be_written_fails_its_own_request_though_it_had_to_wait()
    {
        var first = new TaskCompletionSource<(FakeConnection Connection, FakeRequest Request)>();
        Answer("first", (connection, request) =>
        {
            first.SetResult((connection, request));
            return Task.CompletedTask;
        });
        var session = await ConnectAsync(options => options with { MaxRequestsPerConnection = 1 });
        var running = session.ExecuteAsync("first").AsTask();
        var (from, request) = await first.Task.Eventually();
        var bad = session.ExecuteAsync("bad", 'x').AsTask(); // there is no CQL type for it
        await from.ReplyAsync(request, Opcode.Result, Frames.Void);

        await running.Eventually();
        await Should.ThrowAsync<InvalidCastException>(() => bad.Eventually());
        await session.ExecuteAsync("next").AsTask().Eventually();
        from.Server.Accepted.ShouldBe(2, "the connection stays");
    }

    [Fact]
    public async Task An_error_on_stream_zero_ends_the_connection_and_another_is_made()
    {
        Answer("poison", (connection, _) => connection.SendAsync(Frames.Response(4, 0, Opcode.Error, Frames.Error(0x000A, "cannot decode"))));
        var session = await ConnectAsync();

        (await Should.ThrowAsync<ConnectionException>(() => FirstAsync(session, "poison").Eventually())).Message.ShouldContain("cannot decode");
        await ShouldRecoverAsync(session);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_connection_that_ends_fails_what_was_on_it_and_is_made_again(bool reset)
    {
        Answer("end", async (connection, request) =>
        {
            var whole = Frames.Response(4, request.Stream, Opcode.Result, Frames.Void);
            await connection.SendAsync(whole[..7]); // half a frame
            if (reset)
            {
                connection.Reset();
            }
            else
            {
                connection.Close();
            }
        });
        var session = await ConnectAsync();
        await Should.ThrowAsync<ConnectionException>(() => FirstAsync(session, "end").Eventually());

        await ShouldRecoverAsync(session);
    }

    [Fact]
    public async Task A_server_that_does_not_read_holds_up_nobody_but_its_callers()
    {
        var stalled = new TaskCompletionSource();
        Answer("big", (_, _) => stalled.Task);
        var session = await ConnectAsync(options => options with { QueryTimeout = TimeSpan.FromMilliseconds(500) });
        var value = new string('x', 1024 * 1024);
        var running = Enumerable.Range(0, 16).Select(_ => session.ExecuteAsync("big", value).AsTask()).ToList();

        foreach (var each in running)
        {
            await Should.ThrowAsync<OperationTimedOutException>(() => each.Eventually());
        }

        stalled.SetResult();
    }

    [Fact]
    public async Task A_silent_connection_is_probed_and_replaced()
    {
        var silent = false;
        Script(Opcode.Options, (connection, request) => silent && request.Stream > 0
            ? Task.CompletedTask
            : connection.ReplyAsync(request, Opcode.Supported, [0, 0]));
        var session = await ConnectAsync(options => options with { HeartbeatInterval = TimeSpan.FromMilliseconds(200) });
        silent = true;
        while (session.Cluster.AllHosts[0].IsUp)
        {
            await Task.Delay(20, Cancellation);
        }

        silent = false;
        await ShouldRecoverAsync(session);
    }

    [Theory]
    [InlineData(0x1001, true, 1)]
    [InlineData(0x1001, false, 1)]
    [InlineData(0x1200, false, 2)]
    [InlineData(0x1100, true, 2)]
    [InlineData(0x1100, false, 1)]
    [InlineData(0x2200, true, 1)]
    public async Task On_one_host_only_what_the_table_grants_is_tried_again(int code, bool idempotent, int attempts)
    {
        byte[] rest = code switch
        {
            0x1200 => [0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0],
            0x1100 => [0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 9, .. Frames.Text("BATCH_LOG")],
            _ => [],
        };
        var seen = 0;
        Answer("fail", (connection, request) =>
        {
            seen++;
            return connection.FailAsync(request, code, "no", rest);
        });
        var session = await ConnectAsync();
        await Should.ThrowAsync<DriverException>(() =>
            session.ExecuteAsync(new SimpleStatement("fail").SetIdempotence(idempotent), Cancellation).AsTask().Eventually());

        seen.ShouldBe(attempts);
    }

    [Fact]
    public async Task A_connection_on_which_too_much_was_given_up_is_replaced()
    {
        const int orphans = 1_100;
        Answer("never", (_, _) => Task.CompletedTask);
        var session = await ConnectAsync();
        var impatient = Enumerable.Range(0, orphans).Select(_ => Should.ThrowAsync<DriverException>(() => session.ExecuteAsync(
            new SimpleStatement("never").SetReadTimeout(TimeSpan.FromMilliseconds(100)), Cancellation).AsTask())).ToList();
        await Task.WhenAll(impatient).Eventually();
        while (_server.Accepted < 3)
        {
            await Task.Delay(20, Cancellation);
        }

        await ShouldRecoverAsync(session);
        while (session.Cluster.Connections.Any(connection => connection.InFlight > 0))
        {
            await Task.Delay(20, Cancellation);
        }
    }

    [Fact]
    public async Task Connections_beyond_a_number_are_read_without_a_thread_each()
    {
        var settings = new ConnectionSettings(new Sweeper(TimeProvider.System)) { MaxReaderThreads = 0, ConnectTimeout = TimeSpan.FromMinutes(1) };
        using var sweeper = settings.Sweeper;
        var connection = await Handshake.OpenAsync(_server.EndPoint, ProtocolVersion.V4, settings, Cancellation).Eventually();
        await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => connection.RequestAsync(Opcode.Options, TimeSpan.FromMinutes(1)))).Eventually();
        var ended = new TaskCompletionSource<Exception>();
        connection.OnClosed = (_, cause) => ended.TrySetResult(cause);
        foreach (var each in _server.Connections)
        {
            each.Close();
        }

        (await ended.Task.Eventually()).ShouldBeOfType<ConnectionException>();
        connection.IsOpen.ShouldBeFalse();
    }

    [Fact]
    public async Task A_cluster_of_many_nodes_answers_on_all_of_them()
    {
        var servers = FakeServer.Cluster(40); // more than there are reader threads
        try
        {
            var session = await ConnectAsync(server: servers[0]);
            session.Cluster.AllHosts.Count(host => host.IsUp).ShouldBe(servers.Length);
            await Task.WhenAll(Enumerable.Range(0, 400).Select(i => session.ExecuteAsync($"SELECT {i}").AsTask())).Eventually();

            servers.Count(server => server.Requests.Any(request => request.Opcode == Opcode.Query && request.Query.StartsWith("SELECT ", StringComparison.Ordinal)
                && int.TryParse(request.Query[7..], out _))).ShouldBe(servers.Length);
        }
        finally
        {
            foreach (var server in servers)
            {
                await server.DisposeAsync();
            }
        }
    }

    private async Task<ISession> ConnectAsync(Func<ClusterOptions, ClusterOptions>? change = null, FakeServer? server = null)
    {
        var cluster = (server ?? _server).Client().With(change ?? (options => options)).Build();
        _clusters.Add(cluster);
        return await cluster.ConnectAsync(Cancellation).Eventually();
    }

    private static async Task ShouldRecoverAsync(ISession session)
    {
        while (true)
        {
            try
            {
                await session.ExecuteAsync("SELECT").AsTask().Eventually();
                return;
            }
            catch (DriverException)
            {
                await Task.Delay(20, Cancellation);
            }
        }
    }

    private static async Task<string> FirstAsync(ISession session, string query)
    {
        using var rows = await session.ExecuteAsync(query);
        foreach (var row in rows.Page)
        {
            return row.GetValue<string>(0);
        }

        return "";
    }

    private void Prepare(Action? seen = null) => _server.Prepare(seen);

    private void Answer(string beginning, Func<FakeConnection, FakeRequest, Task> answer) => _server.OnQuery(beginning, answer);

    private void Script(Opcode opcode, Func<FakeConnection, FakeRequest, Task> answer) => _server.On(opcode, answer);
}
