using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Journal;
using OtpActors.Infrastructure.Storage;
using OtpActors.Infrastructure.Storage.Sqlite;

namespace OtpActors.Hosting;

/// <summary>The data directory's files, looked at before anything relies on them.</summary>
public static class DataFiles
{
    /// <summary>
    /// A journal up to this size is read as a whole at the start, which takes less than a second. Of a larger one the
    /// ends of its tables are read, however large it is; damage between shows when the run is read that lies there, and
    /// breaks that run off.
    /// </summary>
    internal const long ReadWhole = 64 * 1024 * 1024;

    /// <summary>
    /// Finds out whether those that are there are SQLite files and can be written, and whether the journal is sound,
    /// which it then keeps in write-ahead mode. A damaged file is refused here, in a moment, and not by a run that tries
    /// it again and again.
    /// </summary>
    /// <exception cref="SqliteFailureException">One is not; the message says which and what to do.</exception>
    public static Task CheckAsync(DataDirectory data, JournalOptions journal)
    {
        var files = StepId.Stores.Select(data.StoreFile).Append(data.TopicFile).Append(data.NotificationsFile).Append(data.SchedulesFile);
        return journal.Provider == JournalProvider.Embedded
            ? Task.WhenAll([CheckJournalAsync(data.JournalFile, ReadWhole), .. files.Append(data.RunsFile).Where(File.Exists).Select(OpenAsync)])
            : Task.WhenAll(files.Where(File.Exists).Select(OpenAsync));
    }

    internal static async Task CheckJournalAsync(string file, long readWhole)
    {
        await using var database = new SqliteDatabase(new SqliteSettings(file));
        var verdict = await database.RunAsync(session =>
            new FileInfo(file).Length <= readWhole ? Check(session) : ReadEnds(session));
        if (verdict is not null)
        {
            throw new SqliteFailureException(
                $"{file}, the journal of runs, is damaged ({verdict}): restore it from a backup, or move it away to start with an empty one "
                + "(topic and stores are not touched; unfinished runs are forgotten)", canPass: false);
        }
    }

    private static async Task OpenAsync(string file)
    {
        await using var database = new SqliteDatabase(new SqliteSettings(file));
        await database.RunAsync(session => session.Statement("SELECT count(*) FROM sqlite_master").Scalar());
    }

    /// <returns>What is wrong; null if nothing is.</returns>
    private static string? Check(SqliteSession session)
    {
        var check = session.Statement("PRAGMA quick_check(1)");
        try
        {
            return check.Step() && check.Text(0) is var verdict and not "ok" ? verdict : null;
        }
        finally
        {
            check.Reset();
        }
    }

    /// <summary>SQLite itself compares the file's size with its header, and fails on a page that is not what it should be.</summary>
    private static string? ReadEnds(SqliteSession session)
    {
        var names = new List<string>();
        var tables = session.Statement("SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0");
        while (tables.Step())
        {
            names.Add(tables.Text(0).Replace("\"", "\"\"", StringComparison.Ordinal));
        }

        foreach (var name in names)
        {
            session.Statement($"SELECT rowid FROM \"{name}\" ORDER BY rowid LIMIT 1").Scalar();
            session.Statement($"SELECT rowid FROM \"{name}\" ORDER BY rowid DESC LIMIT 1").Scalar();
        }

        return null;
    }
}
