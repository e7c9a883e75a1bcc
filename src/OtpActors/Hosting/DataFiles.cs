using OtpActors.Sqlite;
using OtpActors.Workflow;

namespace OtpActors.Hosting;

/// <summary>The data directory's files, looked at before anything relies on them.</summary>
public static class DataFiles
{
    /// <summary>
    /// Finds out whether those that are there are SQLite files and can be written, and whether the journal is sound,
    /// which it then keeps in write-ahead mode. A damaged file is refused here, in a moment, and not by a run that tries
    /// it again and again.
    /// </summary>
    /// <exception cref="SqliteFailureException">One is not; the message says which and what to do.</exception>
    public static Task CheckAsync(DataDirectory data) => Task.WhenAll(
        [CheckJournalAsync(data.JournalFile),
        .. StepId.Stores.Select(data.StoreFile).Append(data.TopicFile).Append(data.RunsFile).Append(data.NotificationsFile).Append(data.SchedulesFile)
            .Where(File.Exists).Select(OpenAsync)]);

    private static async Task OpenAsync(string file)
    {
        await using var database = new SqliteDatabase(new SqliteSettings(file));
        await database.RunAsync(session => session.Statement("SELECT count(*) FROM sqlite_master").Scalar());
    }

    private static async Task CheckJournalAsync(string file)
    {
        await using var database = new SqliteDatabase(new SqliteSettings(file));
        var verdict = await database.RunAsync(session =>
        {
            var check = session.Statement("PRAGMA quick_check(1)");
            try
            {
                return check.Step() ? check.Text(0) : "ok";
            }
            finally
            {
                check.Reset();
            }
        });
        if (verdict != "ok")
        {
            throw new SqliteFailureException(
                $"{file}, the journal of runs, is damaged ({verdict}): restore it from a backup, or move it away to start with an empty one "
                + "(topic and stores are not touched; unfinished runs are forgotten)", canPass: false);
        }
    }
}
