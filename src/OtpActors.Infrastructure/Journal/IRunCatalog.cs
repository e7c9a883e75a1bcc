using OtpActors.Domain.Runs;

namespace OtpActors.Infrastructure.Journal;

/// <summary>
/// The list of runs for reading: what the journal says, run by run. Behind the journal by a moment at the most; the
/// journal decides.
/// </summary>
public interface IRunCatalog
{
    /// <summary>Keeps the newest summary of a run. Saves of one run take effect in the order of the calls.</summary>
    Task SaveAsync(RunSummary summary);

    /// <summary>Runs that the filter lets through, the newest request first.</summary>
    Task<IReadOnlyList<RunSummary>> ListAsync(RunFilter filter, CancellationToken cancellationToken);

    /// <summary>Ids of the runs that are not over, the oldest request first.</summary>
    Task<IReadOnlyList<string>> UnfinishedAsync(CancellationToken cancellationToken);

    /// <summary>Runs that ended and need not be kept, the earliest end first. Never one that is not over.</summary>
    Task<IReadOnlyList<EndedRun>> ExpiredAsync(RunExpiry expiry, CancellationToken cancellationToken);

    /// <summary>Takes runs off the list; those that are not in it do not matter.</summary>
    Task RemoveAsync(IReadOnlyCollection<string> runIds);
}

/// <summary>Which runs need not be kept: those to which either applies.</summary>
/// <param name="Limit">At most this many are given.</param>
/// <param name="EndedBefore">They ended before this time; null where time does not matter.</param>
/// <param name="Newest">They are not among the newest this many that ended; null where the number does not matter.</param>
/// <param name="After">Only what comes after this one in the order of ends.</param>
public sealed record RunExpiry(int Limit, DateTimeOffset? EndedBefore, int? Newest, EndedRun? After = null);

/// <summary>A run's place in the order of ends, to the millisecond.</summary>
public sealed record EndedRun(DateTimeOffset EndedAt, string RunId);

/// <summary>Which runs to list. What is null does not matter.</summary>
/// <param name="Limit">At most this many.</param>
/// <param name="States">In one of these phases.</param>
/// <param name="Topic">On this topic.</param>
/// <param name="From">Requested at this time or later.</param>
/// <param name="To">Requested before this time.</param>
/// <param name="After">Only what comes after this run in the list: the last one of the page before.</param>
public sealed record RunFilter(
    int Limit, IReadOnlyList<RunPhase>? States = null, string? Topic = null, DateTimeOffset? From = null, DateTimeOffset? To = null,
    RunCursor? After = null);

/// <summary>A run's place in the list: requested when, and its id among those of one millisecond.</summary>
public sealed record RunCursor(DateTimeOffset RequestedAt, string RunId);
