using System.Text.Json;
using OtpActors.Cql;
using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Stores.Cassandra;
using OtpActors.Tests.Servers.Cassandra;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Stores.Cassandra;

/// <summary>The store's contract on a real node, each test in a keyspace of its own.</summary>
public sealed class CassandraStoreSpecs(CassandraServers servers) : OneOtpAnAddressContract
{
    private readonly string _keyspace = $"store_{Guid.NewGuid():N}";
    private string _contactPoints = "";

    protected override bool ReplacesBlindly => true;

    public override async ValueTask InitializeAsync() => _contactPoints = string.Join(',', await servers.OneAsync());

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_contactPoints.Length > 0)
        {
            await OnServerAsync($"DROP KEYSPACE IF EXISTS {_keyspace}");
        }
    }

    [Fact]
    public async Task The_tables_of_the_tutorial_get_their_columns_and_keep_their_rows()
    {
        await OnServerAsync(
            $"CREATE KEYSPACE {_keyspace} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}",
            $"CREATE TABLE {_keyspace}.email_table (email text PRIMARY KEY, otp text)",
            $"INSERT INTO {_keyspace}.email_table (email, otp) VALUES ('{Address("old").Value}', '654321')",
            $"INSERT INTO {_keyspace}.email_table (email, otp) VALUES ('no address', 'x')");
        var store = await StoreAsync(OnExisting.Skip);

        (await FindAsync(store, "old")).ShouldNotBeNull().ShouldBe(new StoredOtp(Address("old"), OneTimePassword.Parse("654321"), null, null, null));
        (await WriteAsync(store, Record("old", "111111", offset: 1), Record("new", "222222", offset: 2)))
            .ShouldBe([WriteOutcome.Skipped, WriteOutcome.Inserted]);
        (await ScanAsync(store)).Select(row => row.Otp.Reveal()).ShouldBe(["654321", "222222"], ignoreOrder: true);
    }

    [Fact]
    public async Task A_newer_record_replaces_a_row_of_another_writer()
    {
        var store = await StoreAsync(OnExisting.Replace);
        await OnServerAsync($"INSERT INTO {_keyspace}.email_table (email, otp) VALUES ('{Address("a").Value}', '654321') USING TIMESTAMP 1000");
        await WriteAsync(store, Record("a", "111111"));

        (await FindAsync(store, "a")).ShouldNotBeNull().Otp.Reveal().ShouldBe("111111");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_one_millisecond_the_later_record_stands_whatever_its_offset(bool restarted)
    {
        // Modulo 1,000 the later record's offset is the smaller.
        var store = await StoreAsync(OnExisting.Replace);
        await WriteAsync(store, Record("before", "000000", offset: 998, producedAt: Noon.AddDays(-1)), Record("a", "111111", offset: 999));
        if (restarted)
        {
            store = await StoreAsync(OnExisting.Replace);
        }

        await WriteAsync(store, Record("a", "222222", offset: 1_000));
        (await FindAsync(store, "a")).ShouldNotBeNull().Otp.Reveal().ShouldBe("222222");
        await WriteAsync(store, Record("a", "111111", offset: 999), Record("b", "333333", offset: 1_001)); // a replay
        await WriteAsync(store, Record("a", "222222", offset: 1_000));
        (await FindAsync(store, "a")).ShouldNotBeNull().Otp.Reveal().ShouldBe("222222");
    }

    [Fact]
    public async Task Another_client_reads_the_rows()
    {
        var store = await StoreAsync(OnExisting.Skip);
        await WriteAsync(store, Record("ann", "012345", offset: 7, partition: 3), Record("bob", "654321", offset: 8));
        var answer = await CassandraDistribution.QueryAsync(_contactPoints.Split(',')[0], $"select * from {_keyspace}.email_table");
        var rows = JsonDocument.Parse(answer).RootElement.EnumerateArray().ToDictionary(row => row.GetProperty("email").GetString()!);

        rows.Keys.ShouldBe([Address("ann").Value, Address("bob").Value], ignoreOrder: true);
        var ann = rows[Address("ann").Value];
        ann.GetProperty("otp").GetString().ShouldBe("012345");
        ann.GetProperty("topic").GetString().ShouldBe("topic");
        ann.GetProperty("partition").GetInt32().ShouldBe(3);
        ann.GetProperty("offset").GetInt64().ShouldBe(7);
        ann.GetProperty("produced_at").GetDateTimeOffset().ShouldBe(Noon);
        ann.GetProperty("stored_at").ValueKind.ShouldBe(JsonValueKind.String);
    }

    [Fact]
    public async Task Stores_at_the_same_time_agree_on_the_schema()
    {
        var stores = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => OpenAsync(OnExisting.Skip)));
        try
        {
            await Task.WhenAll(stores.Select(store => store.EnsureSchemaAsync(Cancellation)));

            (await WriteAsync(stores[0], Record("a", "123456"))).ShouldBe([WriteOutcome.Inserted]);
            (await FindAsync(stores[1], "a")).ShouldNotBeNull();
        }
        finally
        {
            await Task.WhenAll(stores.Select(CloseAsync));
        }
    }

    [Fact]
    public async Task More_replicas_than_nodes_is_said_before_anything_is_written()
    {
        await OnServerAsync($"CREATE KEYSPACE {_keyspace} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 3}}");
        var store = await OpenAsync(OnExisting.Skip);
        var error = await Should.ThrowAsync<StoreSetupException>(() => store.EnsureSchemaAsync(Cancellation).Eventually());
        await CloseAsync(store);

        error.Message.ShouldContain("ALTER KEYSPACE");
        error.Message.ShouldContain(_keyspace);
    }

    [Fact]
    public async Task A_table_of_another_shape_is_refused_by_name()
    {
        await OnServerAsync(
            $"CREATE KEYSPACE {_keyspace} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}",
            $"CREATE TABLE {_keyspace}.email_table (id int PRIMARY KEY, otp text)");
        var store = await OpenAsync(OnExisting.Skip);
        var error = await Should.ThrowAsync<StoreSetupException>(() => store.EnsureSchemaAsync(Cancellation).Eventually());
        await CloseAsync(store);

        error.Message.ShouldContain($"{_keyspace}.email_table");
    }

    [Fact]
    public async Task Nobody_there_is_an_outage_that_says_where_was_looked()
    {
        var store = new CassandraStore(
            "cassandra", new CassandraOptions { ContactPoints = $"127.0.0.1:{Ports.Free("127.0.0.1")}" }, OnExisting.Skip, TimeProvider.System);
        await using (store)
        {
            var error = await Should.ThrowAsync<StoreUnavailableException>(() => store.EnsureSchemaAsync(Cancellation).Eventually());

            error.Message.ShouldContain("OtpActors:Cassandra:ContactPoints");
            error.Message.ShouldContain("refused");
        }
    }

    protected override Task<IOtpStore> OpenAsync(OnExisting onExisting) => Task.FromResult<IOtpStore>(new CassandraStore(
        "cassandra", new CassandraOptions { ContactPoints = _contactPoints, Keyspace = _keyspace }, onExisting, TimeProvider.System));

    protected override Task CloseAsync(IOtpStore store) => ((CassandraStore)store).DisposeAsync().AsTask();

    private async Task OnServerAsync(params string[] statements)
    {
        await using var cluster = Cluster.Builder().AddContactPoints(_contactPoints.Split(',')).Build();
        var session = await cluster.ConnectAsync(CancellationToken.None);
        foreach (var statement in statements)
        {
            await session.ExecuteAsync(statement);
        }
    }
}
