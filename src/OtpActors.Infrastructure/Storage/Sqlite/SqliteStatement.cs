using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace OtpActors.Infrastructure.Storage.Sqlite;

/// <summary>
/// A prepared statement bound and read through the native interface: no parameter objects and no boxing, which at
/// hundreds of thousands of rows a second cost more than SQLite itself. Parameters count from 1 and keep their value
/// until bound again, columns count from 0, as in SQLite. Belongs to its session's thread.
/// </summary>
public sealed class SqliteStatement : IDisposable
{
    private readonly sqlite3 _connection;
    private readonly sqlite3_stmt _statement;

    internal SqliteStatement(sqlite3 connection, string sql)
    {
        _connection = connection;
        Check(raw.sqlite3_prepare_v2(connection, sql, out _statement));
    }

    public SqliteStatement Bind(int parameter, long value)
    {
        Check(raw.sqlite3_bind_int64(_statement, parameter, value));
        return this;
    }

    public SqliteStatement BindNull(int parameter)
    {
        Check(raw.sqlite3_bind_null(_statement, parameter));
        return this;
    }

    public SqliteStatement Bind(int parameter, string text)
    {
        const int OnStack = 512;
        var longest = Encoding.UTF8.GetMaxByteCount(text.Length);
        Span<byte> buffer = longest <= OnStack ? stackalloc byte[OnStack] : new byte[longest];
        Check(raw.sqlite3_bind_text(_statement, parameter, buffer[..Encoding.UTF8.GetBytes(text, buffer)]));
        return this;
    }

    public SqliteStatement BindBlob(int parameter, byte[]? value)
    {
        // An empty span has no address, which SQLite would take for NULL.
        Check(value switch
        {
            null => raw.sqlite3_bind_null(_statement, parameter),
            [] => raw.sqlite3_bind_zeroblob(_statement, parameter, 0),
            _ => raw.sqlite3_bind_blob(_statement, parameter, value.AsSpan()),
        });
        return this;
    }

    /// <summary>Goes to the next row; false at the end, where the statement is ready for its next use.</summary>
    public bool Step()
    {
        var result = raw.sqlite3_step(_statement);
        if (result == raw.SQLITE_ROW)
        {
            return true;
        }

        var reset = raw.sqlite3_reset(_statement);
        Check(result == raw.SQLITE_DONE ? reset : result);
        return false;
    }

    /// <summary>Runs a statement that gives no rows, and says how many it changed.</summary>
    public int Execute()
    {
        while (Step())
        {
        }

        return raw.sqlite3_changes(_connection);
    }

    /// <summary>The first column of the only row; null where that is NULL or there is no row.</summary>
    public long? Scalar()
    {
        try
        {
            return Step() ? NumberOrNull(0) : null;
        }
        finally
        {
            Reset();
        }
    }

    /// <summary>Gives up the remaining rows. A statement left on a row holds a read transaction open.</summary>
    public void Reset() => raw.sqlite3_reset(_statement);

    public bool IsNull(int column) => raw.sqlite3_column_type(_statement, column) == raw.SQLITE_NULL;

    public long Number(int column) => raw.sqlite3_column_int64(_statement, column);

    public long? NumberOrNull(int column) => IsNull(column) ? null : Number(column);

    public string Text(int column) => Encoding.UTF8.GetString(Bytes(column));

    /// <summary>A text's UTF-8 or a blob, in memory of SQLite's that the next step takes back.</summary>
    public ReadOnlySpan<byte> Bytes(int column) => raw.sqlite3_column_blob(_statement, column);

    public byte[]? Blob(int column) => IsNull(column) ? null : Bytes(column).ToArray();

    public void Dispose() => _statement.Dispose();

    private void Check(int result)
    {
        if (result != raw.SQLITE_OK)
        {
            SqliteException.ThrowExceptionForRC(result, _connection);
        }
    }
}
