using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Journal;

namespace OtpActors.Tests.Fakes;

/// <summary>The list of runs, in memory; saves can be held back.</summary>
internal sealed class FakeCatalog : IRunCatalog
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, RunSummary> _runs = [];

    /// <summary>What a save waits for.</summary>
    public Func<RunSummary, Task> Gate { get; set; } = _ => Task.CompletedTask;

    public RunSummary? this[string runId]
    {
        get
        {
            lock (_lock)
            {
                return _runs.GetValueOrDefault(runId);
            }
        }
    }

    public async Task SaveAsync(RunSummary summary)
    {
        await Gate(summary);
        lock (_lock)
        {
            if (_runs.GetValueOrDefault(summary.RunId) is not { } known || known.Version <= summary.Version)
            {
                _runs[summary.RunId] = summary; // one of an earlier moment may come late
            }
        }
    }

    public Task<IReadOnlyList<RunSummary>> ListAsync(RunFilter filter, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult<IReadOnlyList<RunSummary>>([.. _runs.Values
                .Where(r => filter.States is null || filter.States.Contains(r.State))
                .OrderByDescending(r => r.RequestedAt).Take(filter.Limit)]);
        }
    }

    public Task<IReadOnlyList<EndedRun>> ExpiredAsync(RunExpiry expiry, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var ended = _runs.Values.Where(r => r.EndedAt is not null).Select(r => new EndedRun(r.EndedAt!.Value, r.RunId))
                .OrderBy(r => r.EndedAt).ThenBy(r => r.RunId, StringComparer.Ordinal).ToList();
            var tooMany = expiry.Newest is { } newest ? ended.Count - newest : 0;
            var expired = ended.Where((r, place) => r.EndedAt < expiry.EndedBefore || place < tooMany);
            return Task.FromResult<IReadOnlyList<EndedRun>>(
                [.. expired.Where(r => expiry.After is null || IsAfter(r, expiry.After)).Take(expiry.Limit)]);
        }
    }

    public Task RemoveAsync(IReadOnlyCollection<string> runIds)
    {
        lock (_lock)
        {
            foreach (var runId in runIds)
            {
                _runs.Remove(runId);
            }
        }

        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<string>> UnfinishedAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult<IReadOnlyList<string>>(
                [.. _runs.Values.Where(r => r.EndedAt is null).OrderBy(r => r.RequestedAt).Select(r => r.RunId)]);
        }
    }

    private static bool IsAfter(EndedRun run, EndedRun other) =>
        run.EndedAt > other.EndedAt || (run.EndedAt == other.EndedAt && string.CompareOrdinal(run.RunId, other.RunId) > 0);
}
