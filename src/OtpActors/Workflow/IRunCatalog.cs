namespace OtpActors.Workflow;

/// <summary>
/// The list of runs for reading: what the journal says, run by run. Behind the journal by a moment at the most; the
/// journal decides.
/// </summary>
public interface IRunCatalog
{
    /// <summary>Keeps the newest summary of a run. Saves of one run take effect in the order of the calls.</summary>
    Task SaveAsync(RunSummary summary);

    /// <summary>Runs, the newest request first.</summary>
    Task<IReadOnlyList<RunSummary>> ListAsync(int limit, CancellationToken cancellationToken);

    /// <summary>Ids of the runs that are not over, the oldest request first.</summary>
    Task<IReadOnlyList<string>> UnfinishedAsync(CancellationToken cancellationToken);
}

/// <summary>One run in the list.</summary>
public sealed record RunSummary(
    string RunId, RunPhase State, string Topic, DateTimeOffset RequestedAt, DateTimeOffset? EndedAt, RunReport Report)
{
    /// <exception cref="ArgumentException">The run has not been requested.</exception>
    public static RunSummary Of(RunState state) => new(
        state.RunId, state.Phase,
        state.Spec?.Topic ?? throw new ArgumentException("A run that nobody requested has no summary.", nameof(state)),
        state.RequestedAt!.Value, state.EndedAt, RunReport.Of(state));
}
