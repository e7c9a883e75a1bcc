using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace OtpActors.Infrastructure.Storage.Sqlite;

/// <summary>SQLite refused or failed. The message names the file and what to do; it holds no record.</summary>
public sealed class SqliteFailureException(string message, bool canPass, Exception? inner = null)
    : Exception(message, inner)
{
    /// <summary>Whether the same call may succeed later without a change to the file or the program.</summary>
    public bool CanPass { get; } = canPass;
}

/// <summary>SQLite's result codes as sentences (https://www.sqlite.org/rescode.html).</summary>
public static class SqliteFailure
{
    /// <summary>Whether what is in the file is not what SQLite wrote.</summary>
    public static bool IsDamage(SqliteException exception) => exception.SqliteErrorCode is raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB;

    public static SqliteFailureException Explain(SqliteException exception, string file)
    {
        var (message, canPass) = exception.SqliteErrorCode switch
        {
            raw.SQLITE_FULL =>
                ($"the disk that holds {file} is full: free space, then it goes on", true),
            raw.SQLITE_IOERR =>
                ($"reading or writing {file} failed (SQLite error {exception.SqliteExtendedErrorCode}): "
                    + "check the disk and its free space", true),
            raw.SQLITE_CANTOPEN =>
                ($"{file} cannot be opened: check that its directory is there and that this user may write to it",
                    true),
            raw.SQLITE_BUSY or raw.SQLITE_LOCKED =>
                ($"{file} is in use by another process: end that one, or wait until it is done", true),
            raw.SQLITE_READONLY or raw.SQLITE_PERM =>
                ($"{file} cannot be written: check its permissions, its directory's, and whether the disk is "
                    + "mounted read-only", true),
            raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB =>
                ($"{file} is damaged or not a database (SQLite error {exception.SqliteExtendedErrorCode}): restore it "
                    + "from a backup, or move it away to start with an empty one", false),
            _ => ($"SQLite failed on {file}: {exception.Message}", false),
        };
        return new SqliteFailureException(message, canPass, exception);
    }
}
