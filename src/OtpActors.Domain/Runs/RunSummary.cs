namespace OtpActors.Domain.Runs;

/// <summary>One run in the list.</summary>
/// <param name="Version">Of the state it tells: a summary never replaces one of a higher version.</param>
public sealed record RunSummary(
    string RunId, RunPhase State, string Topic, DateTimeOffset RequestedAt, DateTimeOffset? EndedAt, RunReport Report,
    long Version)
{
    /// <exception cref="ArgumentException">The run has not been requested.</exception>
    public static RunSummary From(RunState state) => new(
        state.RunId, state.Phase,
        state.Spec?.Topic ?? throw new ArgumentException("A run that nobody requested has no summary.", nameof(state)),
        state.RequestedAt!.Value, state.EndedAt, RunReport.From(state), state.Version);
}
