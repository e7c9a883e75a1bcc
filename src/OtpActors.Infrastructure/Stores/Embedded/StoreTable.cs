using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Storage.Sqlite;

namespace OtpActors.Infrastructure.Stores.Embedded;

/// <summary>
/// The table of a store and its statements, a function of identity and policy. Methods run on the thread of the
/// session they are given.
/// </summary>
internal sealed class StoreTable
{
    private const string Columns = "email, otp, topic, partition, offset, produced_at, stored_at";

    private readonly StoreIdentity _identity;
    private readonly string _name;
    private readonly string _create;
    private readonly string _insert;
    private readonly string _origin;
    private readonly string _find;
    private readonly string _page;

    public StoreTable(StoreIdentity identity, OnExisting onExisting)
    {
        var key = identity == StoreIdentity.Email ? "email" : "email, otp";
        _identity = identity;
        _name = identity == StoreIdentity.Email ? "email_table" : "email_collection";
        _create = $"""
            CREATE TABLE IF NOT EXISTS {_name} (
              email TEXT NOT NULL, otp TEXT NOT NULL, topic TEXT, partition INTEGER, offset INTEGER,
              produced_at INTEGER, stored_at INTEGER, PRIMARY KEY ({key})) WITHOUT ROWID
            """;
        _insert = $"INSERT INTO {_name} ({Columns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO "
            + (onExisting == OnExisting.Skip ? "NOTHING" : """
            UPDATE SET otp = excluded.otp, topic = excluded.topic, partition = excluded.partition,
              offset = excluded.offset, produced_at = excluded.produced_at, stored_at = excluded.stored_at
            WHERE (produced_at IS NULL OR excluded.produced_at >= produced_at)
              AND (topic IS NOT excluded.topic OR partition IS NOT excluded.partition OR offset < excluded.offset)
            """);

        // Under Replace a later record of the partition stands for the earlier ones, which it came after.
        _origin = $"""
            SELECT 1 FROM {_name} WHERE email = ?1 {(identity == StoreIdentity.Email ? "" : "AND otp = ?2")}
              AND topic = ?3 AND partition = ?4 AND offset {(onExisting == OnExisting.Skip ? "=" : ">=")} ?5
            """;
        _find = $"SELECT {Columns} FROM {_name} WHERE email = ?1";
        _page = $"SELECT {Columns} FROM {_name} WHERE (email, otp) > (?1, ?2) ORDER BY {key} LIMIT ?3";
    }

    public void Create(SqliteSession session) => session.Write(s => s.Statement(_create).Execute());

    public bool Exists(SqliteSession session) => session
        .Statement("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1")
        .Bind(1, _name).Scalar() is not null;

    public WriteOutcome[] Write(SqliteSession session, IReadOnlyList<StoreRecord> batch, DateTimeOffset now)
    {
        var outcomes = new WriteOutcome[batch.Count];
        var insert = session.Statement(_insert).Bind(7, now.ToUnixTimeMilliseconds());
        string? topic = null;
        for (var i = 0; i < outcomes.Length; i++)
        {
            var record = batch[i];
            if (!ReferenceEquals(topic, record.Origin.Topic))
            {
                insert.Bind(3, topic = record.Origin.Topic);
            }

            var written = insert
                .Bind(1, record.Email.Value).Bind(2, record.Otp.Reveal())
                .Bind(4, record.Origin.Partition).Bind(5, record.Origin.Offset)
                .Bind(6, record.ProducedAt.ToUnixTimeMilliseconds())
                .Execute() > 0;
            outcomes[i] = written || WasWritten(session, record) ? WriteOutcome.Inserted : WriteOutcome.Skipped;
        }

        return outcomes;
    }

    /// <summary>The newest row of each address: by time produced, then time stored, then offset.</summary>
    public Dictionary<EmailAddress, StoredOtp> Find(SqliteSession session, IReadOnlyCollection<EmailAddress> emails)
    {
        var found = new Dictionary<EmailAddress, StoredOtp>(emails.Count);
        var query = session.Statement(_find);
        var topics = new TopicNames();
        foreach (var email in emails)
        {
            query.Bind(1, email.Value);
            StoredOtp? newest = null;
            while (query.Step())
            {
                var row = Row(query, email, topics);
                if (newest is null || Age(row).CompareTo(Age(newest)) > 0)
                {
                    newest = row;
                }
            }

            if (newest is not null)
            {
                found[email] = newest;
            }
        }

        return found;
    }

    /// <summary>The rows after a place in the key's order, and the last one's place; null at the end.</summary>
    public StorePage? Page(SqliteSession session, (string Email, string Otp) after, int size)
    {
        var rows = new List<StoredOtp>(size);
        var topics = new TopicNames();
        var query = session.Statement(_page).Bind(1, after.Email).Bind(2, after.Otp).Bind(3, size);
        while (query.Step())
        {
            // The place is the key as stored: an address that a later version writes otherwise must not loop.
            after = (query.Text(0), query.Text(1));
            rows.Add(Row(query, EmailAddress.Restore(after.Email), topics));
        }

        return rows.Count > 0 ? new StorePage(rows, after) : null;
    }

    private bool WasWritten(SqliteSession session, StoreRecord record)
    {
        var query = session.Statement(_origin).Bind(1, record.Email.Value);
        if (_identity == StoreIdentity.EmailAndOtp)
        {
            query.Bind(2, record.Otp.Reveal());
        }

        return query.Bind(3, record.Origin.Topic).Bind(4, record.Origin.Partition).Bind(5, record.Origin.Offset)
            .Scalar() is not null;
    }

    private static StoredOtp Row(SqliteStatement query, EmailAddress email, TopicNames topics) => new(
        email,
        OneTimePassword.Restore(query.Text(1)),
        query.IsNull(2) || query.IsNull(3) || query.IsNull(4)
            ? null
            : new RecordOrigin(topics.Of(query.Bytes(2)), (int)query.Number(3), query.Number(4)),
        Time(query.NumberOrNull(5)),
        Time(query.NumberOrNull(6)));

    private static DateTimeOffset? Time(long? milliseconds) =>
        milliseconds is { } value ? new RecordTime(value).Date : null;

    private static (DateTimeOffset?, DateTimeOffset?, long?) Age(StoredOtp row) =>
        (row.ProducedAt, row.StoredAt, row.Origin?.Offset);
}

/// <param name="Last">The key of the last row.</param>
internal sealed record StorePage(List<StoredOtp> Rows, (string Email, string Otp) Last);
