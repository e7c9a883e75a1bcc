using OtpActors.Sqlite;

namespace OtpActors.Hosting;

/// <summary>The journal's file, looked at before anything relies on it.</summary>
public static class JournalFile
{
    /// <summary>
    /// Finds out whether the file is sound and can be written, and puts it into write-ahead mode, which it then keeps.
    /// </summary>
    /// <exception cref="SqliteFailureException">It is not; the message says what to do.</exception>
    public static async Task CheckAsync(string file)
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
