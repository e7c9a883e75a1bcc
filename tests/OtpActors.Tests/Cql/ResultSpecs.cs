using OtpActors.Cql;
using OtpActors.Cql.Protocol;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Cql;

/// <summary>Results as a real node seldom sends them.</summary>
public sealed class ResultSpecs : IAsyncLifetime
{
    private readonly FakeServer _server = new();
    private Cluster? _cluster;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }

        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Warnings_payload_and_trace_id_before_a_body_are_passed_over()
    {
        _server.OnQuery("prelude", (connection, request) =>
        {
            var prelude = Frames.Body(writer =>
            {
                writer.WriteUuid(Guid.NewGuid());
                writer.WriteShort(1);
                writer.WriteString("a warning");
                writer.WriteShort(1);
                writer.WriteString("key");
                writer.WriteBytes([1, 2]);
            });
            return connection.SendAsync(Frames.Response(
                4, request.Stream, Opcode.Result, [.. prelude, .. Frames.Rows([("v", 0x000D)], [[Frames.Text("here")]])],
                FrameFlags.Tracing | FrameFlags.Warning | FrameFlags.CustomPayload));
        });

        using var rows = await (await ConnectAsync()).ExecuteAsync("prelude");
        foreach (var row in rows.Page)
        {
            row.GetValue<string>(0).ShouldBe("here");
        }

        rows.AvailableWithoutFetching.ShouldBe(0);
    }

    [Fact]
    public async Task Pages_that_are_empty_do_not_end_the_rows()
    {
        var page = 0;
        _server.OnQuery("pages", (connection, request) => connection.ReplyAsync(request, Opcode.Result, page++ switch
        {
            0 => Frames.Rows([("v", 0x000D)], [[Frames.Text("a")]], [1]),
            1 => Frames.Rows([("v", 0x000D)], [], [2]),
            _ => Frames.Rows([("v", 0x000D)], [[Frames.Text("b")]]),
        }));
        var session = await ConnectAsync();
        var values = new List<string>();
        await foreach (var row in await session.ExecuteAsync("pages"))
        {
            values.Add(row.GetValue<string>(0));
        }

        values.ShouldBe(["a", "b"]);
        page.ShouldBe(3);
    }

    [Fact]
    public async Task A_value_asked_for_as_another_type_is_an_error_that_names_both()
    {
        _server.OnQuery("types", (connection, request) => connection.ReplyAsync(
            request, Opcode.Result, Frames.Rows([("when", 0x0011)], [[[128, 0, 0, 1]]])));
        var session = await ConnectAsync();
        using var rows = await session.ExecuteAsync("types");
        foreach (var row in rows.Page)
        {
            row.GetValue<byte[]>(0).ShouldBe([128, 0, 0, 1]);
            string? message = null;
            try
            {
                row.GetValue<int>(0);
            }
            catch (InvalidCastException exception)
            {
                message = exception.Message;
            }

            message.ShouldBe("when is of type date, which is not read or written as Int32");
        }
    }

    private async Task<ISession> ConnectAsync()
    {
        _cluster = _server.Client().Build();
        return await _cluster.ConnectAsync(TestContext.Current.CancellationToken).Eventually();
    }
}
