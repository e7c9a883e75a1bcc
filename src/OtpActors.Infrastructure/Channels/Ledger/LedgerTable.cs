using OtpActors.Infrastructure.Storage.Sqlite;

namespace OtpActors.Infrastructure.Channels.Ledger;

/// <summary>The ledger's rows and the rule that decides on them. On the database's thread, inside a transaction.</summary>
internal static class LedgerTable
{
    private const string Columns =
        "id, run_id, store, channel, address_hash, address, state, tries, may_have_arrived, reply, first_at, last_at";

    public static void Create(SqliteSession session)
    {
        session.Statement("""
            CREATE TABLE IF NOT EXISTS notifications (
                id TEXT PRIMARY KEY, run_id TEXT NOT NULL, store TEXT NOT NULL, channel TEXT NOT NULL,
                address_hash TEXT NOT NULL, address TEXT NOT NULL, state INTEGER NOT NULL, tries INTEGER NOT NULL,
                may_have_arrived INTEGER NOT NULL, reply TEXT NOT NULL, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL)
                WITHOUT ROWID
            """).Execute();
        session.Statement("CREATE INDEX IF NOT EXISTS notifications_by_run ON notifications (run_id, last_at)").Execute();
        session.Statement("CREATE INDEX IF NOT EXISTS notifications_by_time ON notifications (last_at)").Execute();
    }

    /// <summary>
    /// Records the intent, unless the ledger forbids the try; then what it knows is the answer. A try that is begun counts
    /// as one that may have arrived until the opposite is known, so that a crash at any moment is on the safe side.
    /// </summary>
    /// <param name="limit">Tries that may have arrived, at most, the one to begin included.</param>
    public static SendResult? Begin(SqliteSession session, Notification notification, int limit, DateTimeOffset now)
    {
        var row = session.Statement("SELECT state, may_have_arrived, reply FROM notifications WHERE id = ?").Bind(1, notification.Id);
        var (state, doubts, reply) = ((NotificationState?)null, 0L, "");
        if (row.Step())
        {
            (state, doubts, reply) = ((NotificationState)row.Number(0), row.Number(1), row.Text(2));
        }

        row.Reset();
        switch (state)
        {
            case NotificationState.Accepted:
                return new SendResult(SendOutcome.Accepted, reply);
            case NotificationState.Failed:
                return new SendResult(SendOutcome.Refused, reply);
            case NotificationState.Intent or NotificationState.Uncertain when doubts >= limit:
                reply = reply.Length > 0 ? reply : "the process ended before the answer was recorded";
                Set(session, notification.Id, NotificationState.Uncertain, reply, now);
                return new SendResult(SendOutcome.Uncertain, reply);
            default:
                Intend(session, notification, now);
                return null;
        }
    }

    public static void End(SqliteSession session, string id, SendResult result, DateTimeOffset now)
    {
        Set(
            session, id,
            result.Outcome switch
            {
                SendOutcome.Accepted => NotificationState.Accepted,
                SendOutcome.Refused => NotificationState.Failed,
                SendOutcome.Deferred => NotificationState.Deferred,
                _ => NotificationState.Uncertain,
            },
            result.Detail, now);
        if (result.Outcome is SendOutcome.Deferred or SendOutcome.Refused)
        {
            session.Statement("""
                UPDATE notifications SET may_have_arrived = may_have_arrived - 1,
                    state = CASE WHEN state = 4 AND may_have_arrived > 1 THEN 3 ELSE state END
                WHERE id = ?
                """).Bind(1, id).Execute();
        }
    }

    /// <summary>The newest first.</summary>
    public static List<LedgerEntry> List(SqliteSession session, LedgerFilter filter, LedgerCursor? after, int limit)
    {
        var behind = after is null ? "TRUE" : "last_at <= ?2 AND (last_at < ?2 OR id > ?3)";
        var rows = session.Statement(
            $"SELECT {Columns} FROM notifications WHERE {ConditionOf(filter)} AND {behind} ORDER BY last_at DESC, id LIMIT ?4").Bind(4, limit);
        if (filter.RunId is not null)
        {
            rows.Bind(1, filter.RunId);
        }

        if (after is not null)
        {
            rows.Bind(2, after.LastAt.ToUnixTimeMilliseconds()).Bind(3, after.Id);
        }

        var entries = new List<LedgerEntry>();
        while (rows.Step())
        {
            entries.Add(new LedgerEntry(
                rows.Text(0), rows.Text(1), rows.Text(2), rows.Text(3), rows.Text(4), rows.Text(5),
                (NotificationState)rows.Number(6), (int)rows.Number(7), (int)rows.Number(8), rows.Text(9),
                DateTimeOffset.FromUnixTimeMilliseconds(rows.Number(10)), DateTimeOffset.FromUnixTimeMilliseconds(rows.Number(11))));
        }

        return entries;
    }

    public static Dictionary<(string Channel, NotificationState State), long> Count(SqliteSession session, LedgerFilter filter)
    {
        var rows = session.Statement($"SELECT channel, state, count(*) FROM notifications WHERE {ConditionOf(filter)} GROUP BY channel, state");
        if (filter.RunId is not null)
        {
            rows.Bind(1, filter.RunId);
        }

        var counts = new Dictionary<(string, NotificationState), long>();
        while (rows.Step())
        {
            counts[(rows.Text(0), (NotificationState)rows.Number(1))] = rows.Number(2);
        }

        return counts;
    }

    /// <returns>How many were removed.</returns>
    public static int Remove(SqliteSession session, string runId, int limit) => session
        .Statement("DELETE FROM notifications WHERE id IN (SELECT id FROM notifications WHERE run_id = ? LIMIT ?)")
        .Bind(1, runId).Bind(2, limit).Execute();

    /// <summary>The run is the first parameter; what else is in the text comes from lists of our own.</summary>
    private static string ConditionOf(LedgerFilter filter) => string.Join(" AND ", new[]
    {
        filter.RunId is null ? "TRUE" : "run_id = ?1",
        filter.Channel is null ? "TRUE" : filter.Channel == ChannelNames.Mail ? $"channel = '{ChannelNames.Mail}'" : $"channel = '{ChannelNames.Slack}'",
        filter.States is null ? "TRUE" : $"state IN ({string.Join(',', filter.States.Select(state => (int)state))})",
    });

    private static void Intend(SqliteSession session, Notification notification, DateTimeOffset now) => session.Statement($"""
            INSERT INTO notifications ({Columns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 1, 1, '', ?7, ?7)
            ON CONFLICT (id) DO UPDATE SET state = 0, tries = tries + 1, may_have_arrived = may_have_arrived + 1, last_at = ?7
            """)
        .Bind(1, notification.Id)
        .Bind(2, notification.RunId)
        .Bind(3, notification.Store)
        .Bind(4, notification.Channel)
        .Bind(5, notification.Id[(notification.Id.LastIndexOf('.') + 1)..])
        .Bind(6, notification.Address.ToString())
        .Bind(7, now.ToUnixTimeMilliseconds())
        .Execute();

    private static void Set(SqliteSession session, string id, NotificationState state, string reply, DateTimeOffset now) =>
        session.Statement("UPDATE notifications SET state = ?, reply = ?, last_at = ? WHERE id = ?")
            .Bind(1, (long)state).Bind(2, reply).Bind(3, now.ToUnixTimeMilliseconds()).Bind(4, id).Execute();
}
