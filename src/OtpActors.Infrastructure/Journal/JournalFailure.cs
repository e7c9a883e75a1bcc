using Akka.Pattern;
using Microsoft.Data.Sqlite;
using Npgsql;
using OtpActors.Infrastructure.Storage.Sqlite;

namespace OtpActors.Infrastructure.Journal;

/// <summary>What the journal's plugin throws, as a sentence without secrets.</summary>
public static class JournalFailure
{
    /// <summary>Whether the journal's file is damaged.</summary>
    public static bool IsDamage(Exception failure)
    {
        for (var e = failure; e is not null; e = e.InnerException)
        {
            if (e is SqliteException sqlite)
            {
                return SqliteFailure.IsDamage(sqlite);
            }
        }

        return false;
    }

    public static string Explain(Exception failure)
    {
        for (var e = failure; e is not null; e = e.InnerException)
        {
            switch (e)
            {
                case SqliteException sqlite:
                    return SqliteFailure.Explain(sqlite, "the journal").Message;
                case PostgresException refused:
                    return $"its PostgreSQL fails: {refused.MessageText} ({refused.SqlState})";
                case NpgsqlException server:
                    return $"its PostgreSQL cannot be used: {server.Message.TrimEnd('.')}"
                        + (server.InnerException is { } inner ? $" ({inner.Message.TrimEnd('.')})" : "");
                case OpenCircuitException:
                    return "its last writes failed, one after the other; it is tried again in a few seconds";
                case TimeoutException:
                    return "it does not answer";
            }
        }

        return failure.Message;
    }
}
