using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Storage.Sqlite;

namespace OtpActors.Infrastructure.Journal;

/// <summary>The journal's file, beneath Akka.Persistence.Sql's tables.</summary>
/// <remarks>
/// Opens the file at once and keeps it open: its write-ahead log lasts as long as somebody has the file open, whatever becomes
/// of the pooled connections of the plugin, so that a log that is gone was removed (<see cref="SqliteFileGuard"/>).
/// </remarks>
public sealed class SqliteRunJournal : IRunJournal, IAsyncDisposable
{
    private readonly SqliteDatabase _database;

    public SqliteRunJournal(string file)
    {
        _database = new SqliteDatabase(new SqliteSettings(file));
        _ = _database.RunAsync(session => session.Statement("SELECT count(*) FROM sqlite_master").Scalar());
    }

    public Task PurgeAsync(IReadOnlyCollection<string> runIds) => _database.RunAsync(session => session.Write(own =>
    {
        var delete = own.Statement("DELETE FROM journal WHERE persistence_id = ? AND deleted = 1");
        return runIds.Sum(runId => delete.Bind(1, RunIds.PersistenceIdOf(runId)).Execute());
    }));

    public ValueTask DisposeAsync() => _database.DisposeAsync();
}
