using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using OtpActors.Domain.Runs;

namespace OtpActors.Infrastructure.Journal;

/// <summary>The list of runs beside the journal, in PostgreSQL. A server that fails is a <see cref="JournalException"/>.</summary>
public sealed class PostgresRunCatalog(NpgsqlDataSource source) : IRunCatalog
{
    private const string Columns = "run_id, state, topic, requested_at, ended_at, report, version";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>Makes the table if it is not there.</summary>
    /// <exception cref="NpgsqlException">The user may not, or the server is out.</exception>
    public async Task CreateAsync(CancellationToken cancellationToken)
    {
        await using var look = source.CreateCommand("SELECT to_regclass('runs') IS NOT NULL");
        if (await look.ExecuteScalarAsync(cancellationToken) is true)
        {
            return; // to make it if it is absent takes a right that the user need not have where it is there
        }

        // Ids in the order of their bytes, as everywhere else, whatever the database's own order is.
        await using var create = source.CreateCommand("""
            CREATE TABLE IF NOT EXISTS runs (
                run_id text COLLATE "C" PRIMARY KEY, state text NOT NULL, topic text NOT NULL,
                requested_at timestamptz NOT NULL, ended_at timestamptz, report jsonb NOT NULL, version bigint NOT NULL);
            CREATE INDEX IF NOT EXISTS runs_by_request ON runs (requested_at, run_id);
            CREATE INDEX IF NOT EXISTS runs_unfinished ON runs (requested_at, run_id) WHERE ended_at IS NULL;
            CREATE INDEX IF NOT EXISTS runs_ended ON runs (ended_at, run_id) WHERE ended_at IS NOT NULL;
            """);
        await create.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task SaveAsync(RunSummary summary)
    {
        // A summary of an earlier moment may come late.
        await using var save = source.CreateCommand($"""
            INSERT INTO runs ({Columns}) VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (run_id) DO UPDATE SET
                state = excluded.state, ended_at = excluded.ended_at, report = excluded.report, version = excluded.version
            WHERE runs.version <= excluded.version
            """);
        save.Parameters.Add(new() { Value = summary.RunId });
        save.Parameters.Add(new() { Value = summary.State.ToString() });
        save.Parameters.Add(new() { Value = summary.Topic });
        save.Parameters.Add(Time(summary.RequestedAt));
        save.Parameters.Add(Time(summary.EndedAt));
        save.Parameters.Add(new() { Value = JsonSerializer.Serialize(summary.Report, Json), NpgsqlDbType = NpgsqlDbType.Jsonb });
        save.Parameters.Add(new() { Value = summary.Version });
        await ExecuteAsync(save);
    }

    public async Task<IReadOnlyList<RunSummary>> ListAsync(RunFilter filter, CancellationToken cancellationToken)
    {
        await using var list = source.CreateCommand($"""
            SELECT {Columns} FROM runs
            WHERE ($1 IS NULL OR state = ANY ($1)) AND ($2 IS NULL OR topic = $2)
                AND ($3 IS NULL OR requested_at >= $3) AND ($4 IS NULL OR requested_at < $4)
                AND ($5 IS NULL OR (requested_at, run_id) < ($5, $6))
            ORDER BY requested_at DESC, run_id DESC LIMIT $7
            """);
        list.Parameters.Add(new()
        {
            Value = filter.States is { } states ? states.Select(state => state.ToString()).ToArray() : DBNull.Value,
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text,
        });
        list.Parameters.Add(Text(filter.Topic));
        list.Parameters.Add(Time(filter.From));
        list.Parameters.Add(Time(filter.To));
        list.Parameters.Add(Time(filter.After?.RequestedAt));
        list.Parameters.Add(Text(filter.After?.RunId));
        list.Parameters.Add(new() { Value = filter.Limit });
        return await ReadAsync(
            list,
            row => new RunSummary(
                row.GetString(0), Enum.Parse<RunPhase>(row.GetString(1)), row.GetString(2),
                row.GetFieldValue<DateTimeOffset>(3), row.IsDBNull(4) ? null : row.GetFieldValue<DateTimeOffset>(4),
                JsonSerializer.Deserialize<RunReport>(row.GetString(5), Json)!, row.GetInt64(6)),
            cancellationToken);
    }

    public async Task<IReadOnlyList<string>> UnfinishedAsync(CancellationToken cancellationToken)
    {
        await using var list = source.CreateCommand("SELECT run_id FROM runs WHERE ended_at IS NULL ORDER BY requested_at, run_id");
        return await ReadAsync(list, row => row.GetString(0), cancellationToken);
    }

    public async Task<IReadOnlyList<EndedRun>> ExpiredAsync(RunExpiry expiry, CancellationToken cancellationToken)
    {
        await using var list = source.CreateCommand("""
            SELECT ended_at, run_id FROM runs
            WHERE ended_at IS NOT NULL AND (ended_at < $1 OR $2 IS NOT NULL AND (ended_at, run_id) <= (
                    SELECT ended_at, run_id FROM runs WHERE ended_at IS NOT NULL
                    ORDER BY ended_at DESC, run_id DESC LIMIT 1 OFFSET $2))
                AND (ended_at, run_id) > ($3, $4)
            ORDER BY ended_at, run_id LIMIT $5
            """);
        list.Parameters.Add(Time(expiry.EndedBefore));
        list.Parameters.Add(new() { Value = (object?)expiry.Newest ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Integer });
        list.Parameters.Add(Time(expiry.After?.EndedAt ?? DateTimeOffset.UnixEpoch));
        list.Parameters.Add(Text(expiry.After?.RunId ?? ""));
        list.Parameters.Add(new() { Value = expiry.Limit });
        return await ReadAsync(list, row => new EndedRun(row.GetFieldValue<DateTimeOffset>(0), row.GetString(1)), cancellationToken);
    }

    public async Task RemoveAsync(IReadOnlyCollection<string> runIds)
    {
        await using var remove = source.CreateCommand("DELETE FROM runs WHERE run_id = ANY ($1)");
        remove.Parameters.Add(new() { Value = runIds.ToArray() });
        await ExecuteAsync(remove);
    }

    private async Task ExecuteAsync(NpgsqlCommand command)
    {
        try
        {
            await command.ExecuteNonQueryAsync();
        }
        catch (NpgsqlException e)
        {
            throw PostgresFailure.Explain(e, new NpgsqlConnectionStringBuilder(source.ConnectionString));
        }
    }

    /// <summary>Nothing where the table was never made: a reader does not make it.</summary>
    private async Task<IReadOnlyList<T>> ReadAsync<T>(
        NpgsqlCommand command, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        var found = new List<T>();
        try
        {
            await using var rows = await command.ExecuteReaderAsync(cancellationToken);
            while (await rows.ReadAsync(cancellationToken))
            {
                found.Add(read(rows));
            }
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            return [];
        }
        catch (NpgsqlException e)
        {
            throw PostgresFailure.Explain(e, new NpgsqlConnectionStringBuilder(source.ConnectionString));
        }

        return found;
    }

    private static NpgsqlParameter Text(string? value) =>
        new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };

    /// <summary>To the millisecond, as in every list of runs.</summary>
    private static NpgsqlParameter Time(DateTimeOffset? value) => new()
    {
        Value = value is { } time ? DateTimeOffset.FromUnixTimeMilliseconds(time.ToUnixTimeMilliseconds()) : DBNull.Value,
        NpgsqlDbType = NpgsqlDbType.TimestampTz,
    };
}

/// <summary>The journal in PostgreSQL, beneath Akka.Persistence.Sql's tables.</summary>
public sealed class PostgresRunJournal(NpgsqlDataSource source) : IRunJournal
{
    public async Task PurgeAsync(IReadOnlyCollection<string> runIds)
    {
        await using var purge = source.CreateCommand("DELETE FROM journal WHERE persistence_id = ANY ($1) AND deleted");
        purge.Parameters.Add(new() { Value = runIds.Select(RunIds.PersistenceIdOf).ToArray() });
        await purge.ExecuteNonQueryAsync();
    }
}
