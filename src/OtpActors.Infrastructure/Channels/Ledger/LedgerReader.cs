using OtpActors.Infrastructure.Storage.Sqlite;

namespace OtpActors.Infrastructure.Channels.Ledger;

/// <summary>Which entries of the ledger to read; null leaves one out.</summary>
/// <param name="Channel">One of <see cref="ChannelNames"/>.</param>
public sealed record LedgerFilter(string? RunId = null, string? Channel = null, IReadOnlyList<NotificationState>? States = null);

/// <summary>An entry's place in the ledger's order, which is the newest first.</summary>
public sealed record LedgerCursor(DateTimeOffset LastAt, string Id);

/// <summary>Reads the ledger over a connection of its own, so that no notification waits for a list. Never writes.</summary>
/// <remarks>Can be called from any thread.</remarks>
/// <param name="file">Where it is absent, no notification was sent yet.</param>
public sealed class LedgerReader(string file) : IAsyncDisposable
{
    private readonly Lazy<SqliteDatabase> _database = new(() => new SqliteDatabase(new SqliteSettings(file) { ReadOnly = true }));

    /// <summary>Entries, the newest first.</summary>
    /// <param name="after">Only entries behind this one; null for the newest.</param>
    /// <exception cref="SqliteFailureException">The file cannot be read.</exception>
    public async Task<List<LedgerEntry>> ListAsync(LedgerFilter filter, LedgerCursor? after, int limit, CancellationToken cancellationToken) =>
        File.Exists(file) ? await _database.Value.RunAsync(session => LedgerTable.List(session, filter, after, limit), cancellationToken) : [];

    /// <summary>How many are in which state.</summary>
    /// <exception cref="SqliteFailureException">The file cannot be read.</exception>
    public async Task<Dictionary<(string Channel, NotificationState State), long>> CountAsync(
        LedgerFilter filter, CancellationToken cancellationToken) =>
        File.Exists(file) ? await _database.Value.RunAsync(session => LedgerTable.Count(session, filter), cancellationToken) : [];

    public ValueTask DisposeAsync() => _database.IsValueCreated ? _database.Value.DisposeAsync() : ValueTask.CompletedTask;
}
