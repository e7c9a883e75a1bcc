using System.Text.Json;
using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Storage.Sqlite;

namespace OtpActors.Infrastructure.Journal;

/// <summary>The list of runs in an SQLite file of its own.</summary>
/// <remarks>Two threads: one writes, one lists, so that a look does not queue behind what many runs have to save.</remarks>
public sealed class SqliteRunCatalog : IRunCatalog, IAsyncDisposable
{
    private const string Columns = "run_id, state, topic, requested_at, ended_at, report, version";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly SqliteDatabase _database;
    private readonly SqliteDatabase _reader;
    private volatile bool _made;

    /// <param name="readOnly">For reading beside a running service.</param>
    public SqliteRunCatalog(string file, bool readOnly = false)
    {
        _reader = new SqliteDatabase(new SqliteSettings(file) { ReadOnly = true });
        _made = readOnly;
        _database = readOnly ? _reader : new SqliteDatabase(new SqliteSettings(file) { OnOpen = CreateTable });
    }

    public Task SaveAsync(RunSummary summary) => _database.RunAsync(session =>
    {
        // A summary of an earlier moment may come late.
        var row = session.Statement($"""
            INSERT INTO runs ({Columns}) VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (run_id) DO UPDATE SET
                state = excluded.state, ended_at = excluded.ended_at, report = excluded.report, version = excluded.version
            WHERE version <= excluded.version
            """)
            .Bind(1, summary.RunId)
            .Bind(2, summary.State.ToString())
            .Bind(3, summary.Topic)
            .Bind(4, summary.RequestedAt.ToUnixTimeMilliseconds())
            .Bind(6, JsonSerializer.Serialize(summary.Report, Json))
            .Bind(7, summary.Version);
        return (summary.EndedAt is { } ended ? row.Bind(5, ended.ToUnixTimeMilliseconds()) : row.BindNull(5)).Execute();
    });

    public async Task<IReadOnlyList<RunSummary>> ListAsync(RunFilter filter, CancellationToken cancellationToken)
    {
        if (!_made)
        {
            _made = await _database.RunAsync(_ => true, cancellationToken).ConfigureAwait(false); // a reader does not make the file
        }

        return await _reader.RunAsync<IReadOnlyList<RunSummary>>(
            session =>
            {
                if (session.Statement("SELECT 1 FROM sqlite_master WHERE name = 'runs'").Scalar() is null)
                {
                    return []; // a reader does not make the table, and the writer may have been killed before it did
                }

                var rows = Select(session, filter);
                var runs = new List<RunSummary>();
                while (rows.Step())
                {
                    runs.Add(new RunSummary(
                        rows.Text(0), Enum.Parse<RunPhase>(rows.Text(1)), rows.Text(2),
                        DateTimeOffset.FromUnixTimeMilliseconds(rows.Number(3)),
                        rows.NumberOrNull(4) is { } ended ? DateTimeOffset.FromUnixTimeMilliseconds(ended) : null,
                        JsonSerializer.Deserialize<RunReport>(rows.Text(5), Json)!,
                        rows.Number(6)));
                }

                return runs;
            },
            cancellationToken).ConfigureAwait(false);
    }

    public Task<IReadOnlyList<string>> UnfinishedAsync(CancellationToken cancellationToken) =>
        _database.RunAsync<IReadOnlyList<string>>(
            session =>
            {
                var rows = session.Statement("SELECT run_id FROM runs WHERE ended_at IS NULL ORDER BY requested_at, run_id");
                var runs = new List<string>();
                while (rows.Step())
                {
                    runs.Add(rows.Text(0));
                }

                return runs;
            },
            cancellationToken);

    public Task<IReadOnlyList<EndedRun>> ExpiredAsync(RunExpiry expiry, CancellationToken cancellationToken)
    {
        var conditions = new List<string>();
        var values = new List<object>();
        if (expiry.EndedBefore is { } before)
        {
            conditions.Add("ended_at < ?");
            values.Add(before.ToUnixTimeMilliseconds());
        }

        if (expiry.Newest is { } newest)
        {
            conditions.Add("""
                (ended_at, run_id) <= (SELECT ended_at, run_id FROM runs WHERE ended_at IS NOT NULL
                    ORDER BY ended_at DESC, run_id DESC LIMIT 1 OFFSET ?)
                """);
            values.Add((long)newest);
        }

        if (conditions.Count == 0)
        {
            return Task.FromResult<IReadOnlyList<EndedRun>>([]);
        }

        values.AddRange([expiry.After?.EndedAt.ToUnixTimeMilliseconds() ?? long.MinValue, expiry.After?.RunId ?? "", (long)expiry.Limit]);
        return _database.RunAsync<IReadOnlyList<EndedRun>>(
            session =>
            {
                var rows = Bind(session.Statement($"""
                    SELECT ended_at, run_id FROM runs
                    WHERE ended_at IS NOT NULL AND ({string.Join(" OR ", conditions)}) AND (ended_at, run_id) > (?, ?)
                    ORDER BY ended_at, run_id LIMIT ?
                    """), values);
                var runs = new List<EndedRun>();
                while (rows.Step())
                {
                    runs.Add(new EndedRun(DateTimeOffset.FromUnixTimeMilliseconds(rows.Number(0)), rows.Text(1)));
                }

                return runs;
            },
            cancellationToken);
    }

    public Task RemoveAsync(IReadOnlyCollection<string> runIds) => _database.RunAsync(session => session.Write(own =>
        runIds.Sum(runId => own.Statement("DELETE FROM runs WHERE run_id = ?").Bind(1, runId).Execute())));

    public async ValueTask DisposeAsync()
    {
        // The writer last: the last to close a file folds its write-ahead log, which a reader cannot.
        await _reader.DisposeAsync().ConfigureAwait(false);
        await _database.DisposeAsync().ConfigureAwait(false);
    }

    private static SqliteStatement Select(SqliteSession session, RunFilter filter)
    {
        var conditions = new List<string>();
        var values = new List<object>();
        void Where(string condition, params object?[] its)
        {
            if (its[0] is not null)
            {
                conditions.Add(condition);
                values.AddRange(its!);
            }
        }

        if (filter.States is { } states)
        {
            conditions.Add($"state IN ({string.Join(", ", states.Select(_ => "?"))})");
            values.AddRange(states.Select(state => state.ToString()));
        }

        Where("topic = ?", filter.Topic);
        Where("requested_at >= ?", filter.From?.ToUnixTimeMilliseconds());
        Where("requested_at < ?", filter.To?.ToUnixTimeMilliseconds());
        Where("(requested_at, run_id) < (?, ?)", filter.After?.RequestedAt.ToUnixTimeMilliseconds(), filter.After?.RunId);
        var where = conditions.Count == 0 ? "" : $"WHERE {string.Join(" AND ", conditions)} ";
        values.Add((long)filter.Limit);
        return Bind(session.Statement($"SELECT {Columns} FROM runs {where}ORDER BY requested_at DESC, run_id DESC LIMIT ?"), values);
    }

    private static SqliteStatement Bind(SqliteStatement statement, List<object> values)
    {
        for (var i = 0; i < values.Count; i++)
        {
            _ = values[i] is long number ? statement.Bind(i + 1, number) : statement.Bind(i + 1, (string)values[i]);
        }

        return statement;
    }

    private static void CreateTable(SqliteSession session)
    {
        session.Statement("""
            CREATE TABLE IF NOT EXISTS runs (
                run_id TEXT PRIMARY KEY, state TEXT NOT NULL, topic TEXT NOT NULL,
                requested_at INTEGER NOT NULL, ended_at INTEGER, report TEXT NOT NULL,
                version INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID
            """).Execute();
        if (session.Statement("SELECT 1 FROM pragma_table_info('runs') WHERE name = 'version'").Scalar() is null)
        {
            session.Statement("ALTER TABLE runs ADD COLUMN version INTEGER NOT NULL DEFAULT 0").Execute(); // made before there were versions
        }

        session.Statement("CREATE INDEX IF NOT EXISTS runs_by_request ON runs (requested_at, run_id)").Execute();
        session.Statement("CREATE INDEX IF NOT EXISTS runs_unfinished ON runs (requested_at, run_id) WHERE ended_at IS NULL").Execute();
        session.Statement("CREATE INDEX IF NOT EXISTS runs_ended ON runs (ended_at, run_id) WHERE ended_at IS NOT NULL").Execute();
    }
}
