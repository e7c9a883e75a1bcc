using OtpActors.Cql;
using ISession = OtpActors.Cql.ISession;

namespace OtpActors.Stores.Cassandra;

/// <summary>
/// Keyspace and table. The table is the tutorial's with columns added: one that is there keeps its rows and gets the
/// columns it lacks.
/// </summary>
internal static class CassandraSchema
{
    /// <summary>What is beyond the tutorial's two columns.</summary>
    private static readonly (string Name, string Type)[] Added =
    [
        ("topic", "text"), ("partition", "int"), ("offset", "bigint"), ("produced_at", "timestamp"), ("stored_at", "timestamp"),
    ];

    private const int Attempts = 5;

    /// <summary>Harmless when everything is there; several at once agree in the end.</summary>
    public static async Task EnsureAsync(ISession session, CassandraOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await EnsureOnceAsync(session, options, cancellationToken);
                return;
            }
            catch (Exception exception) when (attempt < Attempts && exception is (InvalidQueryException or InvalidConfigurationInQueryException))
            {
                // What another process is making is not there yet, though the server says that it exists.
                await Task.Delay(TimeSpan.FromMilliseconds(200), time, cancellationToken);
            }
        }
    }

    private static async Task EnsureOnceAsync(ISession session, CassandraOptions options, CancellationToken cancellationToken)
    {
        var metadata = session.Cluster.Metadata;
        if (metadata.GetReplicationFactor(options.Keyspace) is null)
        {
            await ExecuteAsync(
                session, $"CREATE KEYSPACE IF NOT EXISTS {options.Keyspace} WITH replication = {Replication(metadata, options)}", cancellationToken);
        }

        var table = $"{options.Keyspace}.{options.Table}";
        await TryAsync(
            session,
            $"CREATE TABLE IF NOT EXISTS {table} (email text PRIMARY KEY, otp text, {string.Join(", ", Added.Select(column => $"{column.Name} {column.Type}"))})",
            cancellationToken);
        foreach (var (name, type) in await MissingAsync(session, table, cancellationToken))
        {
            await TryAsync(session, $"ALTER TABLE {table} ADD {name} {type}", cancellationToken);
        }

        if (await MissingAsync(session, table, cancellationToken) is [var first, ..])
        {
            throw new CassandraSetupException($"The table {table} lacks the column {first.Name} {first.Type}, and it cannot be added.");
        }
    }

    /// <summary>
    /// A change that another process may be making at this moment, which servers answer with one or the other error:
    /// whether it is made tells the next look at the table.
    /// </summary>
    private static async Task TryAsync(ISession session, string change, CancellationToken cancellationToken)
    {
        try
        {
            await ExecuteAsync(session, change, cancellationToken);
        }
        catch (Exception exception) when (exception is InvalidQueryException or InvalidConfigurationInQueryException or ServerErrorException or AlreadyExistsException)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private static async Task<List<(string Name, string Type)>> MissingAsync(ISession session, string table, CancellationToken cancellationToken)
    {
        using var rows = await session.ExecuteAsync(new SimpleStatement($"SELECT * FROM {table} LIMIT 1"), cancellationToken);
        Require(rows, table, "email");
        Require(rows, table, "otp");
        foreach (var column in rows.Columns)
        {
            if (Added.FirstOrDefault(added => added.Name == column.Name) is { Name: not null } known && column.Type.Name != known.Type)
            {
                throw new CassandraSetupException(
                    $"The column {column.Name} of {table} is {column.Type}, not {known.Type}: choose another OtpActors:Cassandra:Table.");
            }
        }

        return [.. Added.Where(added => rows.Columns.All(column => column.Name != added.Name))];
    }

    private static void Require(RowSet rows, string table, string name)
    {
        if (!rows.Columns.Any(column => column.Name == name && column.Type.Code is CqlTypeCode.Text or CqlTypeCode.Ascii))
        {
            throw new CassandraSetupException($"The table {table} has no column {name} of text: choose another OtpActors:Cassandra:Table.");
        }
    }

    private static string Replication(ClusterMetadata metadata, CassandraOptions options)
    {
        var factor = options.ReplicationFactor ?? (metadata.AllHosts.Count == 1 ? 1 : 3);
        return metadata.AllHosts.Count == 1
            ? $"{{'class': 'SimpleStrategy', 'replication_factor': {factor}}}"
            : $"{{'class': 'NetworkTopologyStrategy', '{metadata.LocalDatacenter}': {factor}}}";
    }

    private static async Task ExecuteAsync(ISession session, string query, CancellationToken cancellationToken) =>
        (await session.ExecuteAsync(new SimpleStatement(query), cancellationToken)).Dispose();
}
