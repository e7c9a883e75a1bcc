using OtpActors.Cql;
using ISession = OtpActors.Cql.ISession;

namespace OtpActors.Infrastructure.Stores.Cassandra;

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

    /// <summary>Between two looks at what another process is making.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    /// <summary>Harmless when everything is there; several at once agree in the end.</summary>
    /// <exception cref="StoreSetupException">It cannot be made, or what is there cannot be used.</exception>
    public static async Task EnsureAsync(ISession session, CassandraOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            try
            {
                await EnsureOnceAsync(session, options, cancellationToken);
                return;
            }
            catch (Exception exception) when (time.GetElapsedTime(start) < session.Cluster.Options.MaxSchemaAgreementWait
                && exception is InvalidQueryException or InvalidConfigurationInQueryException)
            {
                // What another process is making need not be on every node yet, though one says that it exists.
                await Task.Delay(Interval, time, cancellationToken);
            }
        }
    }

    private static async Task EnsureOnceAsync(ISession session, CassandraOptions options, CancellationToken cancellationToken)
    {
        var metadata = session.Cluster.Metadata;
        if (metadata.GetReplicationFactor(options.Keyspace) is null)
        {
            await ChangeAsync(
                session, $"CREATE KEYSPACE IF NOT EXISTS {options.Keyspace} WITH replication = {Replication(metadata, options)}", cancellationToken);
        }

        var table = $"{options.Keyspace}.{options.Table}";
        var refused = await TryAsync(
            session,
            $"CREATE TABLE IF NOT EXISTS {table} (email text PRIMARY KEY, otp text, "
            + $"{string.Join(", ", Added.Select(column => $"{column.Name} {column.Type}"))})",
            cancellationToken);
        try
        {
            foreach (var (name, type) in await MissingAsync(session, table, cancellationToken))
            {
                refused = await TryAsync(session, $"ALTER TABLE {table} ADD {name} {type}", cancellationToken) ?? refused;
            }

            if (await MissingAsync(session, table, cancellationToken) is [var first, ..])
            {
                throw new StoreSetupException(
                    $"The table {table} lacks the column {first.Name} {first.Type}, and it cannot be added{Because(refused)}.", refused);
            }
        }
        catch (InvalidQueryException) when (refused is InvalidQueryException or InvalidConfigurationInQueryException)
        {
            throw refused; // says more than that there is no table
        }
    }

    /// <summary>
    /// A change that another process may be making at this moment, which servers answer with one or the other error:
    /// whether it is made tells the next look at the table. The error, null where there was none.
    /// </summary>
    private static async Task<DriverException?> TryAsync(ISession session, string change, CancellationToken cancellationToken)
    {
        try
        {
            await ChangeAsync(session, change, cancellationToken);
            return null;
        }
        catch (DriverException exception) when (exception is InvalidQueryException or InvalidConfigurationInQueryException
            or ServerErrorException or AlreadyExistsException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return exception;
        }
    }

    private static string Because(DriverException? refused) => refused is null ? "" : $": {refused.Message}";

    private static async Task<List<(string Name, string Type)>> MissingAsync(ISession session, string table, CancellationToken cancellationToken)
    {
        using var rows = await session.ExecuteAsync(new SimpleStatement($"SELECT * FROM {table} LIMIT 1"), cancellationToken);
        Require(rows, table, "email");
        Require(rows, table, "otp");
        foreach (var column in rows.Columns)
        {
            if (Added.FirstOrDefault(added => added.Name == column.Name) is { Name: not null } known && column.Type.Name != known.Type)
            {
                throw new StoreSetupException(
                    $"The column {column.Name} of {table} is {column.Type}, not {known.Type}: choose another OtpActors:Cassandra:Table.");
            }
        }

        return [.. Added.Where(added => rows.Columns.All(column => column.Name != added.Name))];
    }

    private static void Require(RowSet rows, string table, string name)
    {
        if (!rows.Columns.Any(column => column.Name == name && column.Type.Code is CqlTypeCode.Text or CqlTypeCode.Ascii))
        {
            throw new StoreSetupException($"The table {table} has no column {name} of text: choose another OtpActors:Cassandra:Table.");
        }
    }

    private static string Replication(ClusterMetadata metadata, CassandraOptions options)
    {
        var factor = options.ReplicationFactor ?? (metadata.AllHosts.Count == 1 ? 1 : 3);
        return metadata.AllHosts.Count == 1
            ? $"{{'class': 'SimpleStrategy', 'replication_factor': {factor}}}"
            : $"{{'class': 'NetworkTopologyStrategy', '{metadata.LocalDatacenter}': {factor}}}";
    }

    private static async Task ChangeAsync(ISession session, string change, CancellationToken cancellationToken)
    {
        using var rows = await session.ExecuteAsync(new SimpleStatement(change), cancellationToken);
        if (!rows.IsInSchemaAgreement)
        {
            throw new StoreUnavailableException(
                $"The nodes of Cassandra do not agree on the schema within {session.Cluster.Options.MaxSchemaAgreementWait.TotalSeconds:0} s of "
                + $"\"{change.Split(" WITH ")[0].Split(" (")[0]}\": see `nodetool describecluster`.");
        }
    }
}
