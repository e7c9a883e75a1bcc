using System.Collections.Concurrent;
using System.Threading.Channels;
using OtpActors.Infrastructure.Storage.Sqlite;

namespace OtpActors.Infrastructure.Channels.Ledger;

/// <summary>
/// The account of every notification, before and after each try: what was accepted is never sent again, whatever ends
/// the process in between. In an SQLite file, on the disk before a try begins.
/// </summary>
/// <remarks>
/// Can be called from any thread. What is asked for at the same time shares a transaction, so that waiting for the disk
/// costs a notification little.
/// </remarks>
public sealed class NotificationLedger : IAsyncDisposable
{
    private const int LargestBatch = 1_000;

    private readonly SqliteDatabase _database;
    private readonly TimeProvider _time;

    /// <summary>Ends that the disk did not take: entered before their notification is looked at again.</summary>
    private readonly ConcurrentDictionary<string, SendResult> _owed = new(StringComparer.Ordinal);
    private readonly Channel<IEntry> _entries = Channel.CreateUnbounded<IEntry>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Task _writing;

    /// <param name="readOnly">For reading beside a running service.</param>
    public NotificationLedger(string file, TimeProvider time, bool readOnly = false)
    {
        _time = time;
        _database = new SqliteDatabase(new SqliteSettings(file) { ReadOnly = readOnly, OnOpen = readOnly ? null : LedgerTable.Create });
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>The newest entries, of one run or of all.</summary>
    public Task<List<LedgerEntry>> ListAsync(string? runId, int limit, CancellationToken cancellationToken) =>
        _database.RunAsync(session => LedgerTable.List(session, new LedgerFilter(runId), null, limit), cancellationToken);

    /// <summary>How many are in which state, of one run or of all.</summary>
    public Task<Dictionary<(string Channel, NotificationState State), long>> CountAsync(string? runId, CancellationToken cancellationToken) =>
        _database.RunAsync(session => LedgerTable.Count(session, new LedgerFilter(runId)), cancellationToken);

    /// <summary>Removes the entries of runs that are over, a few at a time: what others enter meanwhile does not wait.</summary>
    public async Task RemoveAsync(IEnumerable<string> runIds)
    {
        foreach (var runId in runIds)
        {
            while (await EnterAsync(session => LedgerTable.Remove(session, runId, LargestBatch)) == LargestBatch)
            {
                // There are more.
            }
        }
    }

    /// <summary>Records the intent, sends, and records how it ended; or answers from what is recorded.</summary>
    /// <param name="limit">Tries that may have arrived, at most.</param>
    /// <param name="gate">
    /// Held from the intent to the end of the send. What waits for its turn is no intent yet: a process that ends leaves no
    /// more in doubt than the gate lets in.
    /// </param>
    internal async Task<SendResult> SendAsync(
        Notification notification, int limit, SemaphoreSlim gate, Func<Task<SendResult>> send, CancellationToken cancellationToken)
    {
        SendResult result;
        await gate.WaitAsync(cancellationToken);
        try
        {
            cancellationToken.ThrowIfCancellationRequested(); // a turn can come at the same moment as the stop
            if (await BeginAsync(notification, limit) is { } known)
            {
                return known;
            }

            result = await EndingAsync(notification.Id, send);
        }
        finally
        {
            gate.Release();
        }

        await EndAsync(notification.Id, result);
        return result;
    }

    /// <summary>Records the intent; or gives what is recorded, and then it must not be sent.</summary>
    /// <exception cref="SqliteFailureException">It cannot be recorded: it must not be sent.</exception>
    internal async Task<SendResult?> BeginAsync(Notification notification, int limit)
    {
        var isOwed = _owed.TryGetValue(notification.Id, out var owed);
        var known = await EnterAsync(session =>
        {
            if (isOwed)
            {
                LedgerTable.End(session, notification.Id, owed, _time.GetUtcNow());
            }

            return LedgerTable.Begin(session, notification, limit, _time.GetUtcNow());
        });
        if (isOwed)
        {
            _owed.TryRemove(notification.Id, out _);
        }

        return known;
    }

    /// <summary>Records how a try ended that was begun. What cannot be recorded now is kept, and recorded when it is asked for.</summary>
    /// <exception cref="SqliteFailureException">It cannot be recorded.</exception>
    internal async Task EndAsync(string id, SendResult result)
    {
        try
        {
            await EnterAsync(session =>
            {
                LedgerTable.End(session, id, result, _time.GetUtcNow());
                return true;
            });
        }
        catch (SqliteFailureException)
        {
            _owed[id] = result;
            throw;
        }
    }

    /// <summary>How a try ended whose sender has thrown this.</summary>
    internal static SendResult ResultOf(Exception e) => e switch
    {
        NotificationException => new SendResult(SendOutcome.Deferred, e.Message),
        OperationCanceledException => new SendResult(SendOutcome.Deferred, "cancelled"),
        _ => new SendResult(SendOutcome.Uncertain, "the sender broke"),
    };

    public async ValueTask DisposeAsync()
    {
        _entries.Writer.TryComplete();
        await _writing;
        await _database.DisposeAsync();
    }

    private async Task<SendResult> EndingAsync(string id, Func<Task<SendResult>> send)
    {
        try
        {
            return await send();
        }
        catch (Exception e)
        {
            await EndAsync(id, ResultOf(e));
            throw;
        }
    }

    private Task<T> EnterAsync<T>(Func<SqliteSession, T> work)
    {
        var entry = new Entry<T>(work);
        ObjectDisposedException.ThrowIf(!_entries.Writer.TryWrite(entry), this);
        return entry.Task;
    }

    private async Task WriteAsync()
    {
        var batch = new List<IEntry>();
        while (await _entries.Reader.WaitToReadAsync())
        {
            while (batch.Count < LargestBatch && _entries.Reader.TryRead(out var entry))
            {
                batch.Add(entry);
            }

            try
            {
                await _database.RunAsync(session =>
                {
                    session.Write(s => batch.ForEach(entry => entry.Run(s)));
                    return true;
                });
                batch.ForEach(entry => entry.Committed());
            }
            catch (Exception e)
            {
                batch.ForEach(entry => entry.Failed(e));
            }

            batch.Clear();
        }
    }

    private interface IEntry
    {
        void Run(SqliteSession session);

        void Committed();

        void Failed(Exception e);
    }

    private sealed class Entry<T>(Func<SqliteSession, T> work)
        : TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously), IEntry
    {
        private T _result = default!;

        public void Run(SqliteSession session) => _result = work(session);

        public void Committed() => SetResult(_result);

        public void Failed(Exception e) => SetException(e);
    }
}
