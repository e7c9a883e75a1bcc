using Npgsql;
using OtpActors.Infrastructure.Configuration;
using OtpActors.Infrastructure.Journal;
using OtpActors.Tests.Servers.Postgres;
using Xunit;

[assembly: AssemblyFixture(typeof(PostgresServers))]

namespace OtpActors.Tests.Servers.Postgres;

/// <summary>
/// The PostgreSQL of this test run: started when the first test asks, shared, ended at the end.
/// <c>OTPACTORS_TEST_POSTGRES</c> gives a connection string of another one, whose user may make databases and roles.
/// </summary>
public sealed class PostgresServers : IAsyncDisposable
{
    private const string Given = "OTPACTORS_TEST_POSTGRES";
    private const string Required = "OTPACTORS_REQUIRE_SERVERS";

    private readonly Lazy<Task<PostgresServer>> _one = new(() => Task.Run(PostgresServer.StartAsync));

    /// <summary>A database of the caller's own; skips the test that asks where there is no server to be had.</summary>
    internal async Task<PostgresDatabase> DatabaseAsync()
    {
        if (Environment.GetEnvironmentVariable(Given) is { Length: > 0 } given)
        {
            return await PostgresDatabase.CreateAsync(given);
        }

        Require();
        return await PostgresDatabase.CreateAsync((await _one.Value).ConnectionString);
    }

    /// <summary>A server of the caller's own, to be stopped and started at will.</summary>
    internal static async Task<PostgresServer> OwnAsync()
    {
        Require();
        return await PostgresServer.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_one.IsValueCreated && _one.Value.IsCompletedSuccessfully)
        {
            await (await _one.Value).DisposeAsync();
        }
    }

    private static void Require()
    {
        var why = PostgresServer.WhyMissing();
        if (why is not null && Environment.GetEnvironmentVariable(Required) == "1")
        {
            Assert.Fail($"PostgreSQL is required ({Required}=1): {why}");
        }

        Assert.SkipWhen(why is not null, $"no PostgreSQL: {why}; {Given} names one by its connection string");
    }
}

/// <summary>A database that is dropped with this.</summary>
internal sealed class PostgresDatabase : IAsyncDisposable
{
    private readonly string _server;

    private PostgresDatabase(string server)
    {
        _server = server;
        Name = $"otpactors_test_{Guid.NewGuid():N}";
        ConnectionString = new NpgsqlConnectionStringBuilder(server) { Database = Name }.ConnectionString;
    }

    public string Name { get; }

    public string ConnectionString { get; }

    public JournalOptions Options => new() { Provider = JournalProvider.PostgreSQL, ConnectionString = new Secret(ConnectionString) };

    /// <summary>For the program's environment.</summary>
    public Dictionary<string, string> Settings => new()
    {
        ["OtpActors__Journal__Provider"] = "PostgreSQL",
        ["OtpActors__Journal__ConnectionString"] = ConnectionString,
    };

    public static async Task<PostgresDatabase> CreateAsync(string server)
    {
        var database = new PostgresDatabase(server);
        await database.OnServerAsync($"CREATE DATABASE {database.Name}");
        return database;
    }

    /// <summary>What the statement's first row has in its first column.</summary>
    public async Task<object?> ScalarAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(ConnectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    public async Task OnServerAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(_server) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync() => await OnServerAsync($"DROP DATABASE IF EXISTS {Name} WITH (FORCE)");
}
