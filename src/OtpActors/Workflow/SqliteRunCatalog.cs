using System.Text.Json;
using OtpActors.Sqlite;

namespace OtpActors.Workflow;

/// <summary>The list of runs in an SQLite file of its own.</summary>
public sealed class SqliteRunCatalog : IRunCatalog, IAsyncDisposable
{
    private const string Columns = "run_id, state, topic, requested_at, ended_at, report";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly SqliteDatabase _database;

    /// <param name="readOnly">For reading beside a running service.</param>
    public SqliteRunCatalog(string file, bool readOnly = false) => _database = new SqliteDatabase(new SqliteSettings(file)
    {
        ReadOnly = readOnly,
        OnOpen = readOnly ? null : CreateTable,
    });

    public Task SaveAsync(RunSummary summary) => _database.RunAsync(session =>
    {
        // A run that has ended stays so, though a summary of an earlier moment may come late.
        var row = session.Statement($"""
            INSERT INTO runs ({Columns}) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (run_id) DO UPDATE SET state = excluded.state, ended_at = excluded.ended_at, report = excluded.report
            WHERE ended_at IS NULL OR excluded.ended_at IS NOT NULL
            """)
            .Bind(1, summary.RunId)
            .Bind(2, summary.State.ToString())
            .Bind(3, summary.Topic)
            .Bind(4, summary.RequestedAt.ToUnixTimeMilliseconds())
            .Bind(6, JsonSerializer.Serialize(summary.Report, Json));
        return (summary.EndedAt is { } ended ? row.Bind(5, ended.ToUnixTimeMilliseconds()) : row.BindNull(5)).Execute();
    });

    public Task<IReadOnlyList<RunSummary>> ListAsync(int limit, CancellationToken cancellationToken) =>
        _database.RunAsync<IReadOnlyList<RunSummary>>(
            session =>
            {
                if (session.Statement("SELECT 1 FROM sqlite_master WHERE name = 'runs'").Scalar() is null)
                {
                    return []; // a reader does not make the table, and the writer may have been killed before it did
                }

                var rows = session.Statement($"SELECT {Columns} FROM runs ORDER BY requested_at DESC, run_id DESC LIMIT ?")
                    .Bind(1, limit);
                var runs = new List<RunSummary>();
                while (rows.Step())
                {
                    runs.Add(new RunSummary(
                        rows.Text(0), Enum.Parse<RunPhase>(rows.Text(1)), rows.Text(2),
                        DateTimeOffset.FromUnixTimeMilliseconds(rows.Number(3)),
                        rows.NumberOrNull(4) is { } ended ? DateTimeOffset.FromUnixTimeMilliseconds(ended) : null,
                        JsonSerializer.Deserialize<RunReport>(rows.Text(5), Json)!));
                }

                return runs;
            },
            cancellationToken);

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

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    private static void CreateTable(SqliteSession session)
    {
        session.Statement("""
            CREATE TABLE IF NOT EXISTS runs (
                run_id TEXT PRIMARY KEY, state TEXT NOT NULL, topic TEXT NOT NULL,
                requested_at INTEGER NOT NULL, ended_at INTEGER, report TEXT NOT NULL) WITHOUT ROWID
            """).Execute();
        session.Statement("CREATE INDEX IF NOT EXISTS runs_by_request ON runs (requested_at)").Execute();
    }
}
