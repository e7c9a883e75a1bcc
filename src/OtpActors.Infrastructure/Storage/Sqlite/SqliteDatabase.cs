using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace OtpActors.Infrastructure.Storage.Sqlite;

/// <summary>How a <see cref="SqliteDatabase"/> opens its file.</summary>
public sealed record SqliteSettings(string File)
{
    /// <summary>Opens an existing file and never writes to it; works beside a process that does.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Memory for pages, in KiB. SQLite takes it as it needs it and keeps it.</summary>
    public int CacheKiB { get; init; } = 8 * 1024;

    /// <summary>
    /// The most that the file may take, in bytes; beyond it a write fails as on a full disk. No limit by default.
    /// </summary>
    public long? MaxBytes { get; init; }

    /// <summary>Runs on each new connection, before any work: the place for tables.</summary>
    public Action<SqliteSession>? OnOpen { get; init; }
}

/// <summary>
/// One SQLite file behind one thread, which owns the connection and runs the work given to it in order. The file is
/// opened by the first work, and by the next again where that failed, so that a passing trouble passes.
/// </summary>
/// <remarks>
/// A commit is on the disk (write-ahead log, <c>synchronous=FULL</c>): it survives the end of the process and of the
/// power. Waiting for the disk costs next to nothing where a transaction is a batch.
/// Can be called from any thread. Work fails with <see cref="SqliteFailureException"/>, or with what it threw itself.
/// </remarks>
public sealed class SqliteDatabase : IAsyncDisposable
{
    /// <summary>SQLite's own choice for a new file.</summary>
    private const int PageSize = 4096;

    /// <summary>
    /// The write-ahead log is copied into the file beyond this many pages: large enough that a page written
    /// by several transactions is copied once, small enough to be nothing on a disk.
    /// </summary>
    private const int CheckpointPages = 4_000;

    /// <summary>
    /// Beyond this the log is cut by force. Reading connections can hold SQLite's own checkpoint back for ever, since
    /// it starts the log anew only in a moment without readers.
    /// </summary>
    private const long LogLimit = 4L * CheckpointPages * PageSize;

    private const int BusySeconds = 5;

    /// <summary>Opening touches no page: this does.</summary>
    private const string Look = "SELECT count(*) FROM sqlite_master";

    private static readonly ConcurrentDictionary<SqliteFileGuard, string> Guards = [];

    private readonly SqliteSettings _settings;
    private readonly FileInfo _log;
    private readonly BlockingCollection<IWork> _queue = [];
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SqliteFileGuard? _guard;
    private SqliteSession? _session;

    public SqliteDatabase(SqliteSettings settings)
    {
        _settings = settings;
        if (!settings.ReadOnly)
        {
            _guard = new SqliteFileGuard(settings.File);
            Guards.TryAdd(_guard, settings.File);
        }

        _log = new FileInfo(settings.File + "-wal");
        new Thread(Work) { IsBackground = true, Name = $"sqlite {Path.GetFileName(settings.File)}" }.Start();
    }

    /// <summary>
    /// Tells of a file (its path, and a sentence) that cannot be used on safely: damaged, or no longer the one that was opened.
    /// On the thread of its database.
    /// </summary>
    public static event Action<string, string>? Unsafe;

    /// <summary>The guards of the files in a directory that are open for writing now: whoever asks sees them as their databases did.</summary>
    public static IEnumerable<SqliteFileGuard> GuardsOf(string directory) =>
        Guards.Where(guard => Path.GetDirectoryName(guard.Value) == directory).Select(guard => guard.Key);

    public string File => _settings.File;

    /// <summary>
    /// Queues <paramref name="work"/>. Cancelling takes it out of the queue; work that has begun runs to its end.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The database is closed or closing.</exception>
    public Task<T> RunAsync<T>(Func<SqliteSession, T> work, CancellationToken cancellationToken = default)
    {
        var item = new WorkItem<T>(work, cancellationToken);
        try
        {
            _queue.Add(item, CancellationToken.None);
        }
        catch (InvalidOperationException)
        {
            throw new ObjectDisposedException(nameof(SqliteDatabase), $"{File} is closed");
        }

        return item.Task;
    }

    /// <summary>Finishes the work that is queued, then closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.CompleteAdding();
        await _closed.Task.ConfigureAwait(false);
    }

    private void Work()
    {
        foreach (var item in _queue.GetConsumingEnumerable())
        {
            item.Run(this);
        }

        if (_guard is not null)
        {
            _guard.End();
            Guards.TryRemove(_guard, out _);
        }

        _session?.Dispose();
        _closed.SetResult();
    }

    private T Run<T>(Func<SqliteSession, T> work)
    {
        try
        {
            _session ??= Open();
            var result = work(_session);
            CheckFile();
            BoundLog(_session);
            return result;
        }
        catch (SqliteException exception)
        {
            var failure = SqliteFailure.Explain(exception, File);
            if (SqliteFailure.IsDamage(exception))
            {
                Unsafe?.Invoke(File, failure.Message);
            }

            throw failure;
        }
    }

    /// <summary>After the commit, and before anybody is promised that it is kept.</summary>
    private void CheckFile()
    {
        if (_guard?.Check() is { } fault)
        {
            Unsafe?.Invoke(File, fault);
            throw new SqliteFailureException(
                $"{fault}: put it back or restore it from a backup, then start again", canPass: false);
        }
    }

    private SqliteSession Open()
    {
        if (!_settings.ReadOnly)
        {
            _guard!.Forget();
            CreatePrivate();
            return Connect();
        }

        try
        {
            return Connect();
        }
        catch (SqliteException exception) when (exception.SqliteExtendedErrorCode == SQLitePCL.raw.SQLITE_READONLY_ROLLBACK)
        {
            RollBackForWriter();
            return Connect();
        }
    }

    /// <summary>
    /// A writer that was killed in the midst of a transaction left it to the next one to roll back, which a reader cannot
    /// (SQLite, "File Locking And Concurrency", §4.2).
    /// </summary>
    private void RollBackForWriter()
    {
        using var writer = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = File,
            Mode = SqliteOpenMode.ReadWrite,
            Pooling = false,
            DefaultTimeout = BusySeconds,
        }.ToString());
        writer.Open();
        using var read = writer.CreateCommand();
        read.CommandText = Look;
        read.ExecuteScalar();
    }

    private SqliteSession Connect()
    {
        var session = new SqliteSession(new SqliteConnectionStringBuilder
        {
            DataSource = File,
            Mode = _settings.ReadOnly ? SqliteOpenMode.ReadOnly : SqliteOpenMode.ReadWriteCreate,
            Pooling = false,
            DefaultTimeout = BusySeconds,
        }.ToString());
        try
        {
            session.Open();
            Execute(session, $"PRAGMA busy_timeout={BusySeconds * 1000}; PRAGMA cache_size=-{_settings.CacheKiB}");
            if (_settings.ReadOnly)
            {
                Execute(session, Look);
            }
            else
            {
                Execute(session, $"""
                    PRAGMA journal_mode=WAL;
                    PRAGMA synchronous=FULL;
                    PRAGMA wal_autocheckpoint={CheckpointPages};
                    PRAGMA journal_size_limit={CheckpointPages * PageSize};
                    """);
            }

            if (_settings.MaxBytes is { } limit)
            {
                Execute(session, $"PRAGMA max_page_count={limit / PageSize}");
            }

            _settings.OnOpen?.Invoke(session);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Passwords lie in these files: a new one is for its user alone, and those beside it follow.</summary>
    private void CreatePrivate()
    {
        if (OperatingSystem.IsWindows() || System.IO.File.Exists(File))
        {
            return;
        }

        try
        {
            new FileStream(File, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }).Dispose();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // SQLite is about to find the same, and has the words for it.
        }
    }

    private void BoundLog(SqliteSession session)
    {
        if (_settings.ReadOnly)
        {
            return;
        }

        _log.Refresh();
        if (!_log.Exists || _log.Length <= LogLimit)
        {
            return;
        }

        try
        {
            Execute(session, "PRAGMA wal_checkpoint(TRUNCATE)");
        }
        catch (SqliteException)
        {
            // The work before is committed and must not seem to have failed. The next one comes by here again.
        }
    }

    private static void Execute(SqliteSession session, string sql)
    {
        using var command = session.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private interface IWork
    {
        void Run(SqliteDatabase database);
    }

    private sealed class WorkItem<T>(Func<SqliteSession, T> work, CancellationToken cancellationToken)
        : TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously), IWork
    {
        public void Run(SqliteDatabase database)
        {
            if (cancellationToken.IsCancellationRequested)
            {
                SetCanceled(cancellationToken);
                return;
            }

            try
            {
                SetResult(database.Run(work));
            }
            catch (Exception exception)
            {
                SetException(exception);
            }
        }
    }
}
