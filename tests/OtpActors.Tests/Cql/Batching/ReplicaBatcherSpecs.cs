using System.Buffers.Binary;
using OtpActors.Cql;
using OtpActors.Cql.Protocol;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Cql.Batching;

/// <summary>Which requests the batcher makes of rows, on scripted nodes.</summary>
public sealed class ReplicaBatcherSpecs : IAsyncLifetime
{
    private readonly FakeServer[] _servers = FakeServer.Cluster(3);
    private readonly List<Sent> _sent = [];
    private Cluster? _cluster;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        foreach (var server in _servers)
        {
            server.Prepare();
            server.On(Opcode.Batch, (connection, request) => TakeAsync(connection, request));
            server.On(Opcode.Execute, (connection, request) => TakeAsync(connection, request));
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

    [Fact]
    public async Task Rows_go_to_a_host_that_keeps_them()
    {
        foreach (var server in _servers)
        {
            server.ReplicationFactor = 1;
        }

        var rows = Rows(0, 300);
        using var batcher = await BatcherAsync();
        await batcher.WriteAsync(rows, Cancellation).Eventually();

        _sent.SelectMany(each => each.Keys).ShouldBe(rows, ignoreOrder: true);
        _sent.Select(each => each.To).Distinct().Count().ShouldBe(_servers.Length);
        foreach (var each in _sent)
        {
            each.Keys.ShouldAllBe(key => Owner(key) == each.To);
            each.Keys.Count.ShouldBeLessThanOrEqualTo(10);
        }
    }

    [Fact]
    public async Task A_key_that_comes_again_closes_its_batch_and_is_written_later()
    {
        using var batcher = await BatcherAsync();
        await batcher.WriteAsync(["a", "b", "a", "c", "a"], Cancellation).Eventually();

        var inTime = _sent.OrderBy(each => each.WriteTime).ToList();
        inTime.Select(each => string.Concat(each.Keys)).ShouldBe(["ab", "ac", "a"]);
        inTime.Select(each => each.WriteTime).Distinct().Count().ShouldBe(3);
        inTime.Select(each => each.Opcode).ShouldBe([Opcode.Batch, Opcode.Batch, Opcode.Execute], "a row on its own needs no batch");
    }

    [Theory]
    [InlineData(BatchProfile.Safe, 10)]
    [InlineData(BatchProfile.Throughput, 100)]
    public async Task The_profile_says_how_many_rows_a_batch_has(BatchProfile profile, int most)
    {
        using var batcher = await BatcherAsync(new ReplicaBatcherOptions { Profile = profile });
        await batcher.WriteAsync(Rows(0, 250), Cancellation).Eventually();

        _sent.Select(each => each.Keys.Count).Order().ShouldBe(
            Enumerable.Repeat(most, 250 / most).Append(250 % most).Where(count => count > 0).Order());
    }

    [Theory]
    [InlineData(BatchProfile.Safe, 4)]
    [InlineData(BatchProfile.Throughput, 32)]
    public async Task The_profile_says_how_large_a_batch_gets(BatchProfile profile, int kibibytes)
    {
        var padding = new string('x', 1_000);
        using var batcher = await BatcherAsync(new ReplicaBatcherOptions { Profile = profile });
        await batcher.WriteAsync([.. Rows(0, 100).Select(row => row + padding)], Cancellation).Eventually();

        _sent.ShouldAllBe(each => each.Keys.Sum(key => key.Length) <= kibibytes * 1024);
        _sent.Max(each => each.Keys.Sum(key => key.Length)).ShouldBeGreaterThan((kibibytes - 3) * 1024);
    }

    [Fact]
    public async Task A_batch_that_is_too_large_is_split_and_keeps_its_write_time()
    {
        foreach (var server in _servers)
        {
            server.On(Opcode.Batch, (connection, request) => Keys(request).Count > 3
                ? connection.FailAsync(request, 0x2200, "Batch too large")
                : TakeAsync(connection, request));
        }

        var rows = Rows(0, 20);
        using var batcher = await BatcherAsync();
        await batcher.WriteAsync(rows, Cancellation).Eventually();

        _sent.SelectMany(each => each.Keys).ShouldBe(rows, ignoreOrder: true);
        _sent.ShouldAllBe(each => each.Keys.Count <= 3);
        _sent.Select(each => each.WriteTime).Distinct().Count().ShouldBe(2, "one for each batch of ten");
    }

    [Fact]
    public async Task A_refusal_is_thrown_and_the_next_call_is_as_if_nothing_had_been()
    {
        foreach (var server in _servers)
        {
            server.On(Opcode.Batch, (connection, request) => Keys(request).Contains("row 13")
                ? connection.FailAsync(request, 0x2200, "no")
                : TakeAsync(connection, request));
        }

        using var batcher = await BatcherAsync();
        (await Should.ThrowAsync<InvalidQueryException>(() => batcher.WriteAsync(Rows(0, 100), Cancellation).Eventually())).Message.ShouldContain("no");
        _sent.Clear();
        await batcher.WriteAsync(Rows(100, 100), Cancellation).Eventually();

        _sent.SelectMany(each => each.Keys).ShouldBe(Rows(100, 100), ignoreOrder: true);
    }

    [Fact]
    public async Task No_more_batches_are_under_way_than_allowed()
    {
        var (now, most) = (0, 0);
        foreach (var server in _servers)
        {
            server.On(Opcode.Batch, async (connection, request) =>
            {
                most = Math.Max(most, Interlocked.Increment(ref now));
                await Task.Yield();
                Interlocked.Decrement(ref now);
                await TakeAsync(connection, request);
            });
        }

        using var batcher = await BatcherAsync(new ReplicaBatcherOptions { MaxInFlight = 2 });
        await Task.WhenAll(batcher.WriteAsync(Rows(0, 200), Cancellation), batcher.WriteAsync(Rows(200, 200), Cancellation)).Eventually();

        most.ShouldBeLessThanOrEqualTo(2);
        _sent.SelectMany(each => each.Keys).ShouldBe(Rows(0, 400), ignoreOrder: true);
    }

    private static List<string> Rows(int from, int count) => [.. Enumerable.Range(from, count).Select(i => $"row {i}")];

    private async Task<ReplicaBatcher<string>> BatcherAsync(ReplicaBatcherOptions? options = null)
    {
        _cluster = _servers[0].Client().Build();
        var session = await _cluster.ConnectAsync(Cancellation).Eventually();
        var insert = await session.PrepareAsync("INSERT", Cancellation).Eventually();
        return new ReplicaBatcher<string>(session, insert, static (in string row, BoundStatement target) => target.Set(0, row), options);
    }

    private FakeServer Owner(string key)
    {
        var token = ClusterMetadata.GetToken(Frames.Text(key));
        return _servers.OrderBy(server => server.Token).FirstOrDefault(server => server.Token >= token) ?? _servers.MinBy(server => server.Token)!;
    }

    private Task TakeAsync(FakeConnection connection, FakeRequest request)
    {
        lock (_sent)
        {
            _sent.Add(new Sent(connection.Server, request.Opcode, Keys(request), BinaryPrimitives.ReadInt64BigEndian(request.Body.AsSpan(^8..))));
        }

        return connection.ReplyAsync(request, Opcode.Result, Frames.Void);
    }

    /// <summary>The one value of each statement.</summary>
    private static List<string> Keys(FakeRequest request)
    {
        var reader = new FrameReader(request.Body);
        var keys = new List<string>();
        if (request.Opcode == Opcode.Execute)
        {
            reader.ReadShortBytes();
            reader.ReadShort(); // consistency
            reader.ReadByte(); // flags
            reader.ReadShort();
            return [FrameReader.Text(reader.ReadBytes(out _))];
        }

        reader.ReadByte().ShouldBe((byte)BatchType.Unlogged);
        for (int count = reader.ReadShort(); count > 0; count--)
        {
            reader.ReadByte();
            reader.ReadShortBytes();
            reader.ReadShort();
            keys.Add(FrameReader.Text(reader.ReadBytes(out _)));
        }

        return keys;
    }

    private sealed record Sent(FakeServer To, Opcode Opcode, List<string> Keys, long WriteTime);
}
