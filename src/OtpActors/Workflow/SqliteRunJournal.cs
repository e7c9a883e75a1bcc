using OtpActors.Sqlite;

namespace OtpActors.Workflow;

/// <summary>The journal's file, beneath Akka.Persistence.Sql's tables.</summary>
public sealed class SqliteRunJournal(string file) : IRunJournal, IAsyncDisposable
{
    private readonly SqliteDatabase _database = new(new SqliteSettings(file));

    public Task PurgeAsync(IReadOnlyCollection<string> runIds) => _database.RunAsync(session => session.Write(own =>
    {
        var delete = own.Statement("DELETE FROM journal WHERE persistence_id = ? AND deleted = 1");
        return runIds.Sum(runId => delete.Bind(1, RunSupervisor.PersistenceIdOf(runId)).Execute());
    }));

    public ValueTask DisposeAsync() => _database.DisposeAsync();
}
