using System.Diagnostics;
using System.Globalization;
using Microsoft.Data.Sqlite;

namespace OtpActors.Bench;

/// <summary>
/// What one thread can do on this disk at this moment: rows into one SQLite table with one key, 2,000 a transaction,
/// durable as the product's. Rates of shared machines mean nothing; their ratio to this one does.
/// </summary>
internal static class Baseline
{
    private const int Batch = 2_000;

    /// <returns>Rows a second.</returns>
    public static double Measure(string directory, int rows)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(directory, "baseline.db")};Pooling=False");
        connection.Open();
        Execute(connection, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (k TEXT PRIMARY KEY, v TEXT) WITHOUT ROWID");
        using var insert = connection.CreateCommand();
        insert.CommandText = "INSERT INTO t VALUES ($k, $v)";
        var key = insert.Parameters.Add("$k", SqliteType.Text);
        var value = insert.Parameters.Add("$v", SqliteType.Text);
        var clock = Stopwatch.StartNew();
        for (var row = 0; row < rows;)
        {
            using var transaction = connection.BeginTransaction();
            insert.Transaction = transaction;
            for (var end = Math.Min(rows, row + Batch); row < end; row++)
            {
                key.Value = string.Create(CultureInfo.InvariantCulture, $"user-{row:D7}@example.com");
                value.Value = "12345678";
                insert.ExecuteNonQuery();
            }

            transaction.Commit();
        }

        return rows / clock.Elapsed.TotalSeconds;
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
