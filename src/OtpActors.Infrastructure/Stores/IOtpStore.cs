using OtpActors.Domain.Records;

namespace OtpActors.Infrastructure.Stores;

/// <summary>
/// A durable set of one-time passwords. Writing the same record again adds nothing and gives the same outcome.
/// Implementations: <c>Embedded/</c> (SQLite, the default), Cassandra, MongoDB.
/// </summary>
/// <remarks>
/// Every method can be called from any thread. An outage is a <see cref="StoreUnavailableException"/>: the caller holds
/// the records and tries again; any other exception is a fault of the program or of the store's set-up.
/// </remarks>
public interface IOtpStore : IAsyncDisposable
{
    /// <summary>The store's name in reports and commands: <c>cassandra</c> or <c>mongo</c>.</summary>
    string Name { get; }

    /// <summary>Creates what the store needs; harmless when it is there.</summary>
    Task EnsureSchemaAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Writes the batch in order; all of it is durable when the task completes. Several records of one identity in a
    /// batch behave as if they came one by one.
    /// </summary>
    Task<WriteResult> WriteAsync(IReadOnlyList<StoreRecord> batch, CancellationToken cancellationToken);

    /// <summary>The newest record of each address that is there; absent addresses are absent from the answer.</summary>
    Task<IReadOnlyDictionary<EmailAddress, StoredOtp>> FindAsync(
        IReadOnlyCollection<EmailAddress> emails, CancellationToken cancellationToken);

    /// <summary>Every record, in no particular order, streamed; what is written meanwhile may or may not appear.</summary>
    IAsyncEnumerable<StoredOtp> ScanAsync(CancellationToken cancellationToken);
}

/// <summary>What a store does with a record whose identity it already holds.</summary>
public enum OnExisting
{
    /// <summary>Keeps the first (the tutorial's way).</summary>
    Skip,

    /// <summary>
    /// Keeps the newer by <see cref="StoreRecord.ProducedAt"/>; of equal times the later one written. A store that writes
    /// without looking (Cassandra) cannot tell an older record from a newer one: it keeps the newer and counts both inserted.
    /// </summary>
    Replace,
}

/// <summary>Where in a topic a record lay: what makes a replay recognizable.</summary>
public readonly record struct RecordOrigin(string Topic, int Partition, long Offset);

/// <summary>A record to store.</summary>
public readonly record struct StoreRecord(
    EmailAddress Email, OneTimePassword Otp, RecordOrigin Origin, DateTimeOffset ProducedAt);

/// <summary>A record as stored. Rows of other writers can lack an origin and times.</summary>
public sealed record StoredOtp(
    EmailAddress Email, OneTimePassword Otp, RecordOrigin? Origin, DateTimeOffset? ProducedAt, DateTimeOffset? StoredAt);

/// <summary>What became of one record.</summary>
public enum WriteOutcome : byte
{
    /// <summary>
    /// The store holds this record: written now (as new or, by policy, over an older one), or by an earlier write of
    /// the same origin. A replay therefore counts as the first time did.
    /// </summary>
    Inserted,

    /// <summary>Another record of the same identity stands.</summary>
    Skipped,

    /// <summary>The store refused this record for good, whatever its state.</summary>
    Rejected,
}

/// <param name="Outcomes">One for each record of the batch, in its order.</param>
/// <param name="Rejections">The reason for each rejected record, by index; null where there are none.</param>
public sealed record WriteResult(
    IReadOnlyList<WriteOutcome> Outcomes, IReadOnlyDictionary<int, string>? Rejections = null);

/// <summary>The store cannot be reached or cannot write now; the same call may succeed later.</summary>
public sealed class StoreUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
