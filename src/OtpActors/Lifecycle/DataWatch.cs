using OtpActors.Infrastructure.Journal;
using OtpActors.Infrastructure.Storage;
using OtpActors.Infrastructure.Storage.Sqlite;

namespace OtpActors.Lifecycle;

/// <summary>
/// Watches the files of the data directory under the running process: one that was removed, moved, replaced, cut short or
/// damaged cannot be written on safely. Then readiness fails, nothing new is taken, and the process ends with
/// <see cref="WhyLost"/>.
/// </summary>
/// <remarks>Can be used from any thread.</remarks>
public sealed class DataWatch : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly JournalStatus _journal;
    private readonly TimeProvider _time;
    private readonly ILogger<DataWatch> _log;
    private readonly CancellationTokenSource _lost = new();
    private readonly string _root;
    private readonly SqliteFileGuard? _journalGuard; // its plugin opens the file by itself
    private string? _why;

    public DataWatch(JournalOptions options, DataDirectory data, JournalStatus journal, TimeProvider time, ILogger<DataWatch> log)
    {
        (_journal, _time, _log, _root) = (journal, time, log, data.Root);
        _journalGuard = options.Provider == JournalProvider.Embedded ? new SqliteFileGuard(data.JournalFile) : null;
        SqliteDatabase.Unsafe += Note;
    }

    /// <summary>Fires when a file is lost or damaged: the process must end.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>What happened and what to do; null while all is well.</summary>
    public string? WhyLost => Volatile.Read(ref _why);

    /// <summary>Looks at every file now.</summary>
    /// <returns>What is wrong; null while nothing is.</returns>
    public string? Check()
    {
        foreach (var guard in SqliteDatabase.GuardsOf(_root))
        {
            Look(guard);
        }

        Look(_journalGuard);

        if (_journal.Damage is { } damage)
        {
            Lose($"the journal of runs is damaged ({damage})");
        }

        return WhyLost;
    }

    public override void Dispose()
    {
        SqliteDatabase.Unsafe -= Note;
        _lost.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, _time);
        do
        {
            if (Check() is not null)
            {
                return;
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private void Look(SqliteFileGuard? guard)
    {
        if (WhyLost is null && guard?.Check() is { } fault)
        {
            Lose(fault);
        }
    }

    private void Note(string file, string fault)
    {
        if (Path.GetDirectoryName(file) == _root)
        {
            Lose(fault);
        }
    }

    private void Lose(string fault)
    {
        var why = $"{fault}. What this process wrote since may be lost with it, and nothing more is taken: put the file back or restore "
            + "the data directory from a backup, then start again; without the file the start makes an empty one";
        if (Interlocked.CompareExchange(ref _why, why, null) is null)
        {
            _log.LogCritical("{Fault}: the process ends", fault);
            _ = _lost.CancelAsync();
        }
    }
}
