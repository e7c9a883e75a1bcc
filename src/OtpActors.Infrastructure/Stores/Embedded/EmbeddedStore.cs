using System.Runtime.CompilerServices;
using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Storage.Sqlite;

namespace OtpActors.Infrastructure.Stores.Embedded;

/// <summary>What makes two records the same to a store.</summary>
public enum StoreIdentity
{
    /// <summary>The address: one password each, in <c>email_table</c> (Cassandra's table).</summary>
    Email,

    /// <summary>Address and password: many passwords an address, in <c>email_collection</c> (MongoDB's).</summary>
    EmailAndOtp,
}

/// <summary>Which store an <see cref="EmbeddedStore"/> is.</summary>
/// <param name="Name">Its name in reports.</param>
/// <param name="File">The SQLite file.</param>
public sealed record EmbeddedStoreSettings(string Name, string File, StoreIdentity Identity)
{
    public OnExisting OnExisting { get; init; } = OnExisting.Skip;

    /// <summary>The most that the file may take, in bytes; beyond it writing fails as on a full disk.</summary>
    public long? MaxBytes { get; init; }

    /// <summary>Reads beside the process that writes; a missing file is an empty store and stays missing.</summary>
    public bool ReadOnly { get; init; }
}

/// <summary>
/// The store in one SQLite file. A batch is one transaction, on the disk when the task completes.
/// </summary>
/// <remarks>
/// Two threads: one writes, one reads, so that a look-up does not queue behind a batch. Times are kept to the
/// millisecond, as Cassandra and MongoDB do. A damaged file is a <see cref="SqliteFailureException"/>.
/// </remarks>
public sealed class EmbeddedStore : IOtpStore
{
    private const int ScanPage = 1_000;

    private readonly EmbeddedStoreSettings _settings;
    private readonly StoreTable _table;
    private readonly TimeProvider _time;
    private readonly SqliteDatabase? _writer;
    private readonly SqliteDatabase _reader;

    public EmbeddedStore(EmbeddedStoreSettings settings, TimeProvider time)
    {
        _settings = settings;
        _time = time;
        _table = new StoreTable(settings.Identity, settings.OnExisting);
        _writer = settings.ReadOnly
            ? null
            : new SqliteDatabase(new SqliteSettings(settings.File)
            {
                CacheKiB = 32 * 1024,
                MaxBytes = settings.MaxBytes,
                OnOpen = _table.Create,
            });
        _reader = new SqliteDatabase(new SqliteSettings(settings.File) { ReadOnly = true });
    }

    public string Name => _settings.Name;

    public Task EnsureSchemaAsync(CancellationToken cancellationToken) =>
        RunAsync(Writer, _ => true, cancellationToken);

    public Task<WriteResult> WriteAsync(IReadOnlyList<StoreRecord> batch, CancellationToken cancellationToken) =>
        RunAsync(
            Writer,
            session => new WriteResult(session.Write(s => _table.Write(s, batch, _time.GetUtcNow()))),
            cancellationToken);

    public async Task<IReadOnlyDictionary<EmailAddress, StoredOtp>> FindAsync(
        IReadOnlyCollection<EmailAddress> emails, CancellationToken cancellationToken)
    {
        return await ReadAsync(s => _table.Find(s, emails), cancellationToken).ConfigureAwait(false) ?? [];
    }

    public async IAsyncEnumerable<StoredOtp> ScanAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var after = (Email: "", Otp: "");
        while (true)
        {
            var page = await ReadAsync(s => _table.Page(s, after, ScanPage), cancellationToken).ConfigureAwait(false);
            if (page is null)
            {
                yield break;
            }

            foreach (var row in page.Rows)
            {
                yield return row;
            }

            after = page.Last;
        }
    }

    public async ValueTask DisposeAsync()
    {
        // The writer last: the last to close a file folds its write-ahead log, which a reader cannot.
        await _reader.DisposeAsync().ConfigureAwait(false);
        if (_writer is not null)
        {
            await _writer.DisposeAsync().ConfigureAwait(false);
        }
    }

    private SqliteDatabase Writer =>
        _writer ?? throw new InvalidOperationException($"the store {Name} is open for reading only");

    /// <summary>One state of the table; null where it has none yet.</summary>
    private Task<T?> ReadAsync<T>(Func<SqliteSession, T?> read, CancellationToken cancellationToken) where T : class =>
        File.Exists(_settings.File)
            ? RunAsync(_reader, session => session.Read(s => _table.Exists(s) ? read(s) : null), cancellationToken)
            : Task.FromResult<T?>(null);

    private static async Task<T> RunAsync<T>(
        SqliteDatabase database, Func<SqliteSession, T> work, CancellationToken cancellationToken)
    {
        try
        {
            return await database.RunAsync(work, cancellationToken).ConfigureAwait(false);
        }
        catch (SqliteFailureException failure) when (failure.CanPass)
        {
            throw new StoreUnavailableException(failure.Message, failure);
        }
    }
}
