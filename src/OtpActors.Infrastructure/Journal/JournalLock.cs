using Npgsql;

namespace OtpActors.Infrastructure.Journal;

/// <summary>
/// The right to write to the journal of one schema, which one process has at a time: a session's advisory lock, on a
/// connection that serves nothing else. It lasts until this is disposed or the process ends, however it ends.
/// </summary>
/// <remarks>
/// The server forgets the lock with its connection. A lost connection is made again, over and over; where somebody else
/// was faster, <see cref="Lost"/> fires. What the runs wrote meanwhile is safe either way: no two events of a run can
/// have the same number.
/// A pooler between that gives a connection's statements to several sessions keeps no such lock: connect directly.
/// </remarks>
public sealed class JournalLock : IAsyncDisposable
{
    /// <summary>One number for each schema; the server keeps those of its databases apart.</summary>
    private const string Key = "hashtextextended('otpactors.journal.' || current_schema(), 0)";

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly NpgsqlConnectionStringBuilder _settings;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _closing = new();
    private readonly CancellationTokenSource _lost = new();
    private Task _watch = Task.CompletedTask;
    private NpgsqlConnection? _connection;
    private int _session;

    private JournalLock(NpgsqlConnectionStringBuilder settings, TimeProvider time)
    {
        _time = time;
        _settings = new NpgsqlConnectionStringBuilder(settings.ConnectionString)
        {
            ApplicationName = PostgresSettings.Name,
            Pooling = false,
            KeepAlive = settings.KeepAlive > 0 ? settings.KeepAlive : 10,
        };
    }

    /// <summary>Fires when another process has the journal now: nothing must be written any more.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>Who has it, once it is lost.</summary>
    public string? Holder { get; private set; }

    /// <exception cref="JournalException">Another process has it, or the server cannot be used.</exception>
    public static async Task<JournalLock> TakeAsync(NpgsqlConnectionStringBuilder settings, TimeProvider time, CancellationToken cancellationToken)
    {
        var taken = new JournalLock(settings, time);
        if (await taken.TryAsync(cancellationToken) is { } holder)
        {
            await taken.DisposeAsync();
            throw new JournalException($"the journal is in use by {holder.Name}: stop it, or set another database or schema in OtpActors:Journal");
        }

        taken._watch = taken.WatchAsync();
        return taken;
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _watch;
        await CloseAsync();
        _closing.Dispose();
        _lost.Dispose();
    }

    /// <returns>Who has it; null if this process has it now.</returns>
    private async Task<Session?> TryAsync(CancellationToken cancellationToken)
    {
        await CloseAsync();
        _connection = new NpgsqlConnection(_settings.ConnectionString);
        try
        {
            await _connection.OpenAsync(cancellationToken);
            while (!await TakeAsync(_connection, cancellationToken))
            {
                if (await HolderAsync(_connection, cancellationToken) is { } holder)
                {
                    return holder; // or it has just been let go
                }
            }

            _session = _connection.ProcessID;
            return null;
        }
        catch (NpgsqlException e)
        {
            throw PostgresFailure.Explain(e, _settings);
        }
    }

    private async Task<bool> TakeAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var take = new NpgsqlCommand($"SELECT current_schema(), pg_try_advisory_lock({Key})", connection);
        await using var row = await take.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        return row.IsDBNull(0)
            ? throw new JournalException(
                $"the journal's PostgreSQL has no schema in the search path of user '{_settings.Username}': name one in OtpActors:Journal:Schema")
            : row.GetBoolean(1);
    }

    /// <remarks>Of another user's session the server tells the number alone.</remarks>
    private static async Task<Session?> HolderAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var ask = new NpgsqlCommand(
            $"""
            SELECT l.pid, coalesce(nullif(a.application_name, ''), 'another process') || coalesce(' (' || host(a.client_addr) || ')', '')
            FROM pg_locks l JOIN pg_stat_activity a USING (pid)
            WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND a.datname = current_database()
                AND (l.classid::bigint << 32 | l.objid::bigint) = {Key}
            """,
            connection);
        await using var row = await ask.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken) ? new Session(row.GetInt32(0), row.GetString(1)) : null;
    }

    private async Task WatchAsync()
    {
        try
        {
            while (!_closing.IsCancellationRequested)
            {
                await UntilBrokenAsync();
                if (await RegainAsync() is { } holder)
                {
                    Holder = holder;
                    await _lost.CancelAsync();
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested)
        {
            // The service ends.
        }
    }

    private async Task UntilBrokenAsync()
    {
        try
        {
            while (true)
            {
                await _connection!.WaitAsync(_closing.Token); // nobody notifies; it fails when the connection does
            }
        }
        catch (Exception e) when (e is NpgsqlException or IOException or InvalidOperationException)
        {
            // The connection is gone, and the lock with it.
        }
    }

    /// <returns>Who was faster; null if this process has it again.</returns>
    private async Task<string?> RegainAsync()
    {
        var before = _session;
        while (true)
        {
            try
            {
                var holder = await TryAsync(_closing.Token);
                if (holder is null || holder.Pid != before)
                {
                    return holder?.Name;
                }
            }
            catch (JournalException)
            {
                // Down, or not yet up. Runs that write meanwhile say so.
            }

            await Task.Delay(Pause, _time, _closing.Token); // the server may yet have to notice that the old one is gone
        }
    }

    private async Task CloseAsync()
    {
        if (_connection is { } old)
        {
            _connection = null;
            await old.DisposeAsync();
        }
    }

    /// <param name="Pid">Of the server's process for it.</param>
    private sealed record Session(int Pid, string Name);
}
