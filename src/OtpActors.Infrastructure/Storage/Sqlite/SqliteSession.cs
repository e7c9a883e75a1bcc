using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace OtpActors.Infrastructure.Storage.Sqlite;

/// <summary>
/// A connection with its prepared statements. Owned by the thread of one <see cref="SqliteDatabase"/>: work that runs
/// there must not hand it on.
/// </summary>
public sealed class SqliteSession : SqliteConnection
{
    private readonly Dictionary<string, SqliteStatement> _statements = [];

    internal SqliteSession(string connectionString) : base(connectionString) { }

    /// <summary>The statement of this text, prepared at its first use. It has one cursor: one user at a time.</summary>
    public SqliteStatement Statement(string sql)
    {
        if (!_statements.TryGetValue(sql, out var statement))
        {
            _statements[sql] = statement = new SqliteStatement(Handle!, sql);
        }

        return statement;
    }

    /// <summary>
    /// Runs <paramref name="work"/> in one transaction: all of it is there when this returns, none of it when it
    /// throws. The write lock is taken at the start, so that a busy file shows before any work is done.
    /// </summary>
    public T Write<T>(Func<SqliteSession, T> work) => Transact("BEGIN IMMEDIATE", work);

    /// <inheritdoc cref="Write{T}(Func{SqliteSession, T})"/>
    public void Write(Action<SqliteSession> work) => Write(session =>
    {
        work(session);
        return true;
    });

    /// <summary>Runs <paramref name="work"/> on one state of the file, whatever is written meanwhile.</summary>
    public T Read<T>(Func<SqliteSession, T> work) => Transact("BEGIN", work);

    public override void Close()
    {
        foreach (var statement in _statements.Values)
        {
            statement.Dispose();
        }

        _statements.Clear();
        base.Close();
    }

    private T Transact<T>(string begin, Func<SqliteSession, T> work)
    {
        Statement(begin).Execute();
        try
        {
            var result = work(this);
            Statement("COMMIT").Execute();
            return result;
        }
        catch
        {
            RollBack();
            throw;
        }
    }

    private void RollBack()
    {
        // A statement that failed half way still holds its cursor, and the transaction with it.
        foreach (var statement in _statements.Values)
        {
            statement.Reset();
        }

        // Errors such as a full disk roll back by themselves.
        if (raw.sqlite3_get_autocommit(Handle!) == 0)
        {
            Statement("ROLLBACK").Execute();
        }
    }
}
