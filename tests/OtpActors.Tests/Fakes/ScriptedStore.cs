using System.Runtime.CompilerServices;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Stores;

namespace OtpActors.Tests.Fakes;

/// <summary>A store in memory, one password an address, with a hand on its writes.</summary>
internal sealed class ScriptedStore(string name = StoreNames.Cassandra) : IOtpStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<EmailAddress, StoredOtp> _rows = [];

    public string Name => name;

    /// <summary>Comes before each write: waits, or throws.</summary>
    public Func<Task> BeforeWrite { get; set; } = () => Task.CompletedTask;

    /// <summary>Comes before each look-up: throws.</summary>
    public Action BeforeFind { get; set; } = () => { };

    /// <summary>Why the store refuses a record; null where it does not.</summary>
    public Func<StoreRecord, string?> Reject { get; set; } = _ => null;

    /// <summary>How many addresses were looked up, by call.</summary>
    public List<int> Lookups { get; } = [];

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _rows.Count;
            }
        }
    }

    /// <summary>Comes before the schema is ensured: waits, or throws.</summary>
    public Func<Task> BeforeSchema { get; set; } = () => Task.CompletedTask;

    public Task EnsureSchemaAsync(CancellationToken cancellationToken) => BeforeSchema();

    public async Task<WriteResult> WriteAsync(IReadOnlyList<StoreRecord> batch, CancellationToken cancellationToken)
    {
        await BeforeWrite();
        lock (_lock)
        {
            var rejections = batch.Select((record, index) => (index, reason: Reject(record))).Where(r => r.reason is not null)
                .ToDictionary(r => r.index, r => r.reason!);
            var outcomes = batch.Select((record, index) => rejections.ContainsKey(index) ? WriteOutcome.Rejected : Put(record)).ToList();
            return new WriteResult(outcomes, rejections.Count == 0 ? null : rejections);
        }
    }

    public Task<IReadOnlyDictionary<EmailAddress, StoredOtp>> FindAsync(
        IReadOnlyCollection<EmailAddress> emails, CancellationToken cancellationToken)
    {
        BeforeFind();
        lock (_lock)
        {
            Lookups.Add(emails.Count);
            return Task.FromResult<IReadOnlyDictionary<EmailAddress, StoredOtp>>(
                emails.Where(_rows.ContainsKey).Distinct().ToDictionary(email => email, email => _rows[email]));
        }
    }

    public async IAsyncEnumerable<StoredOtp> ScanAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        foreach (var row in _rows.Values)
        {
            yield return row;
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private WriteOutcome Put(StoreRecord record)
    {
        var row = new StoredOtp(record.Email, record.Otp, record.Origin, record.ProducedAt, null);
        return _rows.TryAdd(record.Email, row) || _rows[record.Email].Origin == record.Origin
            ? WriteOutcome.Inserted : WriteOutcome.Skipped;
    }
}
