using System.Text.Json;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Schedules;
using OtpActors.Infrastructure.Storage.Sqlite;

namespace OtpActors.Infrastructure.Journal;

/// <summary>Schedules in an SQLite file of their own. Requests in it can hold passwords: the file is its user's alone.</summary>
public sealed class SqliteScheduleStore : IScheduleStore, IAsyncDisposable
{
    private const string Columns =
        "name, cron, time_zone, request, overlap, catch_up, enabled, handled_until, last_due, last_run_id, missed, last_missed";

    /// <summary>Longer than any run is looked at again.</summary>
    private static readonly TimeSpan AlertsKept = TimeSpan.FromDays(30);

    private readonly SqliteDatabase _database;

    public SqliteScheduleStore(string file) => _database = new SqliteDatabase(new SqliteSettings(file) { CacheKiB = 512, OnOpen = CreateTables });

    public Task<IReadOnlyList<ScheduleState>> OpenAsync(IReadOnlyList<ScheduleState> first) =>
        _database.RunAsync(session => session.Write<IReadOnlyList<ScheduleState>>(s =>
        {
            if (s.Statement("PRAGMA user_version").Scalar() == 0)
            {
                foreach (var state in first)
                {
                    Save(s, state);
                }

                s.Statement("PRAGMA user_version = 1").Execute();
            }

            var rows = s.Statement($"SELECT {Columns} FROM schedules ORDER BY name");
            var schedules = new List<ScheduleState>();
            while (rows.Step())
            {
                schedules.Add(Read(rows));
            }

            return schedules;
        }));

    public Task SaveAsync(ScheduleState state) => _database.RunAsync(session => Save(session, state));

    public Task DeleteAsync(string name) =>
        _database.RunAsync(session => session.Statement("DELETE FROM schedules WHERE name = ?").Bind(1, name).Execute());

    public Task<bool> NoteAlertAsync(string key, DateTimeOffset at) => _database.RunAsync(session => session.Write(s =>
    {
        s.Statement("DELETE FROM alerts WHERE at < ?").Bind(1, Ms(at - AlertsKept)).Execute();
        return s.Statement("INSERT INTO alerts (key, at) VALUES (?, ?) ON CONFLICT DO NOTHING").Bind(1, key).Bind(2, Ms(at)).Execute() > 0;
    }));

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    private static int Save(SqliteSession session, ScheduleState state)
    {
        var definition = state.Definition;
        var row = session.Statement($"INSERT OR REPLACE INTO schedules ({Columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .Bind(1, definition.Name)
            .Bind(2, definition.Cron)
            .Bind(3, definition.TimeZone)
            .Bind(4, JsonSerializer.Serialize(definition.Request, RequestJson.Options))
            .Bind(5, definition.Overlap.ToString())
            .Bind(6, (long)definition.CatchUp.TotalMilliseconds)
            .Bind(7, definition.Enabled ? 1 : 0)
            .Bind(8, Ms(state.HandledUntil))
            .Bind(11, state.Missed);
        _ = state.LastDue is { } due ? row.Bind(9, Ms(due)) : row.BindNull(9);
        _ = state.LastRunId is { } run ? row.Bind(10, run) : row.BindNull(10);
        _ = state.LastMissed is { } missed ? row.Bind(12, Ms(missed)) : row.BindNull(12);
        return row.Execute();
    }

    private static ScheduleState Read(SqliteStatement row) => new(
        new ScheduleDefinition
        {
            Name = row.Text(0),
            Cron = row.Text(1),
            TimeZone = row.Text(2),
            Request = JsonSerializer.Deserialize<RunRequest>(row.Bytes(3), RequestJson.Options)!,
            Overlap = Enum.Parse<OverlapPolicy>(row.Text(4)),
            CatchUp = TimeSpan.FromMilliseconds(row.Number(5)),
            Enabled = row.Number(6) != 0,
        },
        Time(row.Number(7)))
    {
        LastDue = TimeOrNull(row, 8),
        LastRunId = row.IsNull(9) ? null : row.Text(9),
        Missed = row.Number(10),
        LastMissed = TimeOrNull(row, 11),
    };

    private static long Ms(DateTimeOffset time) => time.ToUnixTimeMilliseconds();

    private static DateTimeOffset Time(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms);

    private static DateTimeOffset? TimeOrNull(SqliteStatement row, int column) => row.NumberOrNull(column) is { } ms ? Time(ms) : null;

    private static void CreateTables(SqliteSession session)
    {
        session.Statement("""
            CREATE TABLE IF NOT EXISTS schedules (
                name TEXT PRIMARY KEY, cron TEXT NOT NULL, time_zone TEXT NOT NULL, request TEXT NOT NULL, overlap TEXT NOT NULL,
                catch_up INTEGER NOT NULL, enabled INTEGER NOT NULL, handled_until INTEGER NOT NULL, last_due INTEGER,
                last_run_id TEXT, missed INTEGER NOT NULL, last_missed INTEGER) WITHOUT ROWID
            """).Execute();
        session.Statement("CREATE TABLE IF NOT EXISTS alerts (key TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID").Execute();
    }
}
