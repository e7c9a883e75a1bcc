using System.Runtime.CompilerServices;
using OtpActors.Cql;
using OtpActors.Domain.Records;
using ISession = OtpActors.Cql.ISession;

namespace OtpActors.Infrastructure.Stores.Cassandra;

/// <summary>
/// The store in Cassandra: one row an address. Connects when it is first used.
/// <list type="bullet">
/// <item><see cref="OnExisting.Skip"/>: looks the batch's addresses up, then inserts the absent ones. That is free of
/// races as long as one writer has an address at a time, which an address's partition ensures; two owners of a
/// partition write the same.</item>
/// <item><see cref="OnExisting.Replace"/>: writes without looking, the record's time being the write time, so that the
/// newest stands in whatever order records come. What stood before is not known then: a record older than that counts
/// as <see cref="WriteOutcome.Inserted"/>, and <see cref="StoredOtp.StoredAt"/> is when it was last written.</item>
/// </list>
/// </summary>
/// <remarks>What has to be set right is a <see cref="StoreSetupException"/>.</remarks>
public sealed class CassandraStore(string name, CassandraOptions options, OnExisting onExisting, TimeProvider time)
    : IOtpStore, IAsyncDisposable
{
    private const int LookUpsAtOnce = 8;
    private const int ScanPage = 1_000;

    private readonly SemaphoreSlim _opening = new(1);
    private readonly Lock _gate = new();
    private readonly WriteTimes _times = new();
    private Cluster? _cluster;
    private CassandraTable? _table;

    public string Name => name;

    public Task EnsureSchemaAsync(CancellationToken cancellationToken) => GuardAsync(
        async () =>
        {
            await CassandraSchema.EnsureAsync(await ConnectAsync(cancellationToken), options, time, cancellationToken);
            var table = await TableAsync(cancellationToken);

            // Says now what the first write would: that the keyspace has fewer replicas than are needed.
            await table.OriginsAsync(["nobody"], cancellationToken);
            return true;
        },
        cancellationToken);

    public Task<WriteResult> WriteAsync(IReadOnlyList<StoreRecord> batch, CancellationToken cancellationToken) => GuardAsync(
        async () => new WriteResult(
            batch.Count == 0 ? []
            : onExisting == OnExisting.Skip ? await SkipAsync(batch, cancellationToken)
            : await ReplaceAsync(batch, cancellationToken)),
        cancellationToken);

    public Task<IReadOnlyDictionary<EmailAddress, StoredOtp>> FindAsync(
        IReadOnlyCollection<EmailAddress> emails, CancellationToken cancellationToken) => GuardAsync<IReadOnlyDictionary<EmailAddress, StoredOtp>>(
        async () =>
        {
            var found = new Dictionary<EmailAddress, StoredOtp>(emails.Count);
            if (emails.Count == 0)
            {
                return found;
            }

            var table = await TableAsync(cancellationToken);
            var gate = new Lock();
            await Parallel.ForEachAsync(
                table.Chunks(emails.Select(email => email.Value).Distinct(), CassandraTable.LookUpSize),
                new ParallelOptions { MaxDegreeOfParallelism = LookUpsAtOnce, CancellationToken = cancellationToken },
                async (chunk, cancel) =>
                {
                    var rows = await table.FindAsync(chunk, cancel);
                    lock (gate)
                    {
                        rows.ForEach(row => found[row.Email] = row);
                    }
                });
            return found;
        },
        cancellationToken);

    public async IAsyncEnumerable<StoredOtp> ScanAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var table = await GuardAsync(() => TableAsync(cancellationToken), cancellationToken);
        foreach (var range in table.Session.Cluster.Metadata.GetTokenRanges(options.Keyspace))
        {
            byte[]? state = null;
            do
            {
                var (rows, next) = await GuardAsync(() => table.PageAsync(range, state, ScanPage, cancellationToken), cancellationToken);
                foreach (var row in rows)
                {
                    yield return row;
                }

                state = next;
            }
            while (state is not null);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _table?.Dispose();
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }
    }

    private async Task<WriteOutcome[]> SkipAsync(IReadOnlyList<StoreRecord> batch, CancellationToken cancellationToken)
    {
        var table = await TableAsync(cancellationToken);

        // The origin that stands for each address: what is there, else the batch's first.
        var first = new Dictionary<string, int>(batch.Count);
        for (var i = 0; i < batch.Count; i++)
        {
            first.TryAdd(batch[i].Email.Value, i);
        }

        var stands = new RecordOrigin?[batch.Count];
        var now = time.GetUtcNow();
        await Parallel.ForEachAsync(
            table.Chunks(first.Keys, CassandraTable.LookUpSize),
            new ParallelOptions { MaxDegreeOfParallelism = LookUpsAtOnce, CancellationToken = cancellationToken },
            async (chunk, cancel) =>
            {
                var found = await table.OriginsAsync(chunk, cancel);
                var absent = new List<NewRow>(chunk.Count - found.Count);
                foreach (var email in chunk)
                {
                    var index = first[email];
                    if (found.TryGetValue(email, out var origin))
                    {
                        stands[index] = origin;
                        continue;
                    }

                    stands[index] = batch[index].Origin;
                    absent.Add(new NewRow(batch[index], now));
                }

                await table.Inserts.WriteAsync(absent, cancel);
            });

        var outcomes = new WriteOutcome[batch.Count];
        for (var i = 0; i < outcomes.Length; i++)
        {
            outcomes[i] = stands[first[batch[i].Email.Value]] == batch[i].Origin ? WriteOutcome.Inserted : WriteOutcome.Skipped;
        }

        return outcomes;
    }

    private async Task<WriteOutcome[]> ReplaceAsync(IReadOnlyList<StoreRecord> batch, CancellationToken cancellationToken)
    {
        var table = await TableAsync(cancellationToken);
        var outcomes = new WriteOutcome[batch.Count];
        var newest = new Dictionary<string, int>(batch.Count);
        Dictionary<string, StoreRecord>? risky = null;
        for (var i = 0; i < outcomes.Length; i++)
        {
            outcomes[i] = WriteOutcome.Inserted;
            var email = batch[i].Email.Value;
            var isAtRisk = _times.IsAtRisk(batch[i]);
            if (!newest.TryGetValue(email, out var other) || batch[i].ProducedAt >= batch[other].ProducedAt)
            {
                newest[email] = i;
                if (isAtRisk)
                {
                    (risky ??= [])[email] = batch[i];
                }
                else
                {
                    risky?.Remove(email);
                }
            }
            else if (batch[i].Origin != batch[other].Origin)
            {
                outcomes[i] = WriteOutcome.Skipped;
            }
        }

        await table.Replacements.WriteAsync(await RowsAsync(table, batch, newest, risky, cancellationToken), cancellationToken);
        return outcomes;
    }

    private async Task<NewRow[]> RowsAsync(
        CassandraTable table, IReadOnlyList<StoreRecord> batch, Dictionary<string, int> newest, Dictionary<string, StoreRecord>? risky,
        CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var rows = new NewRow[newest.Count];
        var count = 0;
        foreach (var (email, index) in newest)
        {
            rows[count] = new NewRow(batch[index], now, WriteTimes.From(batch[index]));
            newest[email] = count++;
        }

        if (risky is not null)
        {
            await table.AfterExistingAsync(
                risky, (email, writeTime) => rows[newest[email]] = rows[newest[email]] with { WriteTime = writeTime }, cancellationToken);
        }

        return rows;
    }

    private Task<ISession> ConnectAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return (_cluster ??= CassandraConnector.Build(options, time)).ConnectAsync(cancellationToken);
        }
    }

    private async Task<CassandraTable> TableAsync(CancellationToken cancellationToken)
    {
        if (_table is { } known)
        {
            return known;
        }

        await _opening.WaitAsync(cancellationToken);
        try
        {
            return _table ??= await CassandraTable.OpenAsync(await ConnectAsync(cancellationToken), options, cancellationToken);
        }
        finally
        {
            _opening.Release();
        }
    }

    private async Task<T> GuardAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            return await work();
        }
        catch (DriverException failure)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw CassandraFailures.From(failure, options, _cluster?.Metadata);
        }
    }
}
