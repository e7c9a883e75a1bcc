using System.Buffers.Binary;
using System.Text;
using OtpActors.Cql;
using OtpActors.Domain.Records;
using ISession = OtpActors.Cql.ISession;

namespace OtpActors.Infrastructure.Stores.Cassandra;

/// <summary>The table's prepared statements and the way its rows are bound and read. For any number of threads.</summary>
internal sealed class CassandraTable : IDisposable
{
    /// <summary>Addresses of a look-up.</summary>
    public const int LookUpSize = 100;

    private const string Columns = "email, otp, topic, partition, offset, produced_at, stored_at";

    private readonly PreparedStatement _origins;
    private readonly PreparedStatement _find;
    private readonly PreparedStatement _scan;
    private readonly PreparedStatement _written;

    private CassandraTable(
        ISession session, CassandraOptions options, PreparedStatement insert, PreparedStatement replace,
        PreparedStatement origins, PreparedStatement find, PreparedStatement scan, PreparedStatement written)
    {
        (Session, Keyspace, _origins, _find, _scan, _written) = (session, options.Keyspace, origins, find, scan, written);
        var consistency = options.Consistency
            ?? (session.Cluster.Metadata.GetReplicationFactor(options.Keyspace) > 1 ? ConsistencyLevel.LocalQuorum : ConsistencyLevel.LocalOne);
        foreach (var statement in new[] { insert, replace, origins, find, scan, written })
        {
            statement.SetIdempotence(true).SetConsistencyLevel(consistency);
        }

        var batches = new ReplicaBatcherOptions { Profile = options.Batches };
        Inserts = new ReplicaBatcher<NewRow>(session, insert, Bind, batches);
        Replacements = new ReplicaBatcher<NewRow>(
            session, replace, static (in NewRow row, BoundStatement target) =>
            {
                Bind(row, target);
                target.Set(7, row.WriteTime);
            },
            batches);
    }

    public ISession Session { get; }

    public string Keyspace { get; }

    /// <summary>Writes rows with the time of writing.</summary>
    public ReplicaBatcher<NewRow> Inserts { get; }

    /// <summary>Writes rows with <see cref="NewRow.WriteTime"/>: the newest stands, in whatever order they come.</summary>
    public ReplicaBatcher<NewRow> Replacements { get; }

    public static async Task<CassandraTable> OpenAsync(ISession session, CassandraOptions options, CancellationToken cancellationToken)
    {
        var table = $"{options.Keyspace}.{options.Table}";
        var insert = $"INSERT INTO {table} ({Columns}) VALUES (?, ?, ?, ?, ?, ?, ?)";
        return new CassandraTable(
            session,
            options,
            await session.PrepareAsync(insert, cancellationToken),
            await session.PrepareAsync($"{insert} USING TIMESTAMP ?", cancellationToken),
            await session.PrepareAsync($"SELECT email, topic, partition, offset FROM {table} WHERE email IN ?", cancellationToken),
            await session.PrepareAsync($"SELECT {Columns} FROM {table} WHERE email IN ?", cancellationToken),
            await session.PrepareAsync($"SELECT {Columns} FROM {table} WHERE token(email) > ? AND token(email) <= ?", cancellationToken),
            await session.PrepareAsync(
                $"SELECT email, topic, partition, offset, produced_at, WRITETIME(otp) FROM {table} WHERE email IN ?", cancellationToken));
    }

    /// <summary>Cuts addresses into look-ups of at most so many, each for one set of hosts.</summary>
    public IEnumerable<List<string>> Chunks(IEnumerable<string> emails, int size)
    {
        var open = new Dictionary<int, List<string>>();
        foreach (var email in emails)
        {
            var set = Session.Cluster.Metadata.GetReplicaSetId(Keyspace, Token(email));
            if (!open.TryGetValue(set, out var chunk))
            {
                open[set] = chunk = new List<string>(size);
            }

            chunk.Add(email);
            if (chunk.Count == size)
            {
                open.Remove(set);
                yield return chunk;
            }
        }

        foreach (var chunk in open.Values)
        {
            yield return chunk;
        }
    }

    /// <summary>The origins of those that are there; null for a row of another writer.</summary>
    public async Task<Dictionary<string, RecordOrigin?>> OriginsAsync(List<string> emails, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, RecordOrigin?>();
        using var bound = LookUp(_origins, emails);
        await foreach (var row in await Session.ExecuteAsync(bound, cancellationToken))
        {
            found[row.GetValue<string>(0)] = Origin(row, 1);
        }

        return found;
    }

    /// <summary>Lets records stand that may have an earlier one of their millisecond there: <see cref="WriteTimes.After"/>.</summary>
    public async Task AfterExistingAsync(Dictionary<string, StoreRecord> records, Action<string, long> set, CancellationToken cancellationToken)
    {
        foreach (var chunk in Chunks(records.Keys, LookUpSize))
        {
            using var bound = LookUp(_written, chunk);
            await foreach (var row in await Session.ExecuteAsync(bound, cancellationToken))
            {
                var email = row.GetValue<string>(0);
                set(email, WriteTimes.After(records[email], Origin(row, 1), Time(row, 4), row.GetValue<long?>(5)));
            }
        }
    }

    public async Task<List<StoredOtp>> FindAsync(List<string> emails, CancellationToken cancellationToken)
    {
        var found = new List<StoredOtp>(emails.Count);
        using var bound = LookUp(_find, emails);
        await foreach (var row in await Session.ExecuteAsync(bound, cancellationToken))
        {
            if (Read(row) is { } stored)
            {
                found.Add(stored);
            }
        }

        return found;
    }

    /// <summary>One page of a range; null as the state begins it, and ends it.</summary>
    public async Task<(List<StoredOtp> Rows, byte[]? Next)> PageAsync(
        RingRange range, byte[]? state, int pageSize, CancellationToken cancellationToken)
    {
        // Nothing lies at the least token, so that a range that begins there leaves nothing out.
        using var bound = _scan.Bind(range.After, range.UpTo).SetRoutingToken(range.UpTo).SetPageSize(pageSize).SetPagingState(state);
        using var rows = await Session.ExecuteAsync(bound, cancellationToken);
        var page = new List<StoredOtp>(rows.AvailableWithoutFetching);
        foreach (var row in rows.Page)
        {
            if (Read(row) is { } stored)
            {
                page.Add(stored);
            }
        }

        return (page, rows.PagingState);
    }

    public void Dispose()
    {
        Inserts.Dispose();
        Replacements.Dispose();
    }

    private static void Bind(in NewRow row, BoundStatement target)
    {
        var record = row.Record;
        target.Set(0, record.Email.Value).Set(1, record.Otp.Reveal()).Set(2, record.Origin.Topic).Set(3, record.Origin.Partition)
            .Set(4, record.Origin.Offset).Set(5, record.ProducedAt).Set(6, row.StoredAt);
    }

    private static long Token(string email)
    {
        Span<byte> bytes = stackalloc byte[EmailAddress.MaxOctets + 64];
        return ClusterMetadata.GetToken(bytes[..Encoding.UTF8.GetBytes(email, bytes)]);
    }

    private static BoundStatement LookUp(PreparedStatement statement, List<string> emails) =>
        statement.Bind().Set(0, emails).SetRoutingToken(Token(emails[0]));

    /// <summary>Null for a row that holds no address or no password: another writer's, and none of this store's.</summary>
    private static StoredOtp? Read(Row row) =>
        EmailAddress.TryRestore(row.GetValue<string?>(0), out var email) && OneTimePassword.TryRestore(row.GetValue<string?>(1), out var otp)
            ? new StoredOtp(email, otp, Origin(row, 2), Time(row, 5), Time(row, 6))
            : null;

    /// <summary>Null also for what another writer put beyond the years 1 to 9999: the driver would throw.</summary>
    private static DateTimeOffset? Time(Row row, int column) => row.GetValue<byte[]?>(column) is { Length: sizeof(long) } bytes
        ? new RecordTime(BinaryPrimitives.ReadInt64BigEndian(bytes)).Date
        : null;

    private static RecordOrigin? Origin(Row row, int from) =>
        row.GetValue<string?>(from) is { } topic && row.GetValue<int?>(from + 1) is { } partition && row.GetValue<long?>(from + 2) is { } offset
            ? new RecordOrigin(topic, partition, offset)
            : null;
}

/// <summary>A record to write.</summary>
/// <param name="WriteTime">In microseconds; of records that replace.</param>
internal readonly record struct NewRow(StoreRecord Record, DateTimeOffset StoredAt, long WriteTime = 0);
