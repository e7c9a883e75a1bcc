using System.Collections.Immutable;
using OtpActors.Domain.Runs.Messages;

namespace OtpActors.Domain.Runs;

/// <summary>
/// A run's whole state, as the journal keeps it from time to time, so that the events before it can go. Its form is
/// The journal's serializer's.
/// </summary>
/// <param name="Steps">By their names, as are those of <paramref name="Notified"/>.</param>
/// <param name="Sinks">By store, as are <paramref name="Checks"/>.</param>
public sealed record RunSnapshot(
    string RunId,
    RunSpec Spec,
    DateTimeOffset RequestedAt,
    DateTimeOffset? BeganAt,
    DateTimeOffset? EndedAt,
    DateTimeOffset? PausedAt,
    DateTimeOffset? ReopenedAt,
    long Version,
    RunOutcome? Outcome,
    string? Reason,
    TopicEnsured? Topic,
    long Produced,
    OffsetMap HighWatermarks,
    IReadOnlyDictionary<string, StepState> Steps,
    IReadOnlyDictionary<string, SinkState> Sinks,
    IReadOnlyDictionary<string, CheckResult> Checks,
    IReadOnlyDictionary<string, NotifyProgress> Notified,
    IReadOnlyList<RunFact> Timeline);

public sealed partial record RunState
{
    /// <exception cref="InvalidOperationException">Nobody has requested the run.</exception>
    public RunSnapshot ToSnapshot() => new(
        RunId,
        Spec ?? throw new InvalidOperationException("A run that nobody requested has no snapshot."),
        RequestedAt!.Value,
        BeganAt,
        EndedAt,
        PausedAt,
        ReopenedAt,
        Version,
        Outcome,
        Reason,
        Topic,
        Produced,
        HighWatermarks,
        InOrder(StepId.All, Steps, step => step.Name),
        InOrder(StepId.Stores, Sinks, store => store),
        InOrder(StepId.Stores, Checks, store => store),
        InOrder(StepId.All, Notified, step => step.Name),
        Timeline);

    /// <summary>The state that the snapshot was taken of.</summary>
    public static RunState From(RunSnapshot snapshot)
    {
        var state = New(snapshot.RunId);
        return state with
        {
            Spec = snapshot.Spec,
            RequestedAt = snapshot.RequestedAt,
            BeganAt = snapshot.BeganAt,
            EndedAt = snapshot.EndedAt,
            PausedAt = snapshot.PausedAt,
            ReopenedAt = snapshot.ReopenedAt,
            Version = snapshot.Version,
            Outcome = snapshot.Outcome,
            Reason = snapshot.Reason,
            Topic = snapshot.Topic,
            Produced = snapshot.Produced,
            HighWatermarks = snapshot.HighWatermarks,
            Steps = state.Steps.SetItems(snapshot.Steps.Select(step => KeyValuePair.Create(StepOf(step.Key), step.Value))),
            Sinks = state.Sinks.SetItems(snapshot.Sinks),
            Checks = snapshot.Checks.ToImmutableDictionary(),
            Notified = snapshot.Notified.ToImmutableDictionary(step => StepOf(step.Key), step => step.Value),
            Timeline = [.. snapshot.Timeline],
        };
    }

    private static StepId StepOf(string name) => StepId.TryParse(name, out var step)
        ? step.Value
        : throw new ArgumentException($"The journal's snapshot has a step '{name}', which this version does not know.", nameof(name));

    /// <summary>The same state is written in the same way.</summary>
    private static Dictionary<string, TValue> InOrder<TKey, TValue>(
        IEnumerable<TKey> order, ImmutableDictionary<TKey, TValue> values, Func<TKey, string> nameOf)
        where TKey : notnull =>
        order.Where(values.ContainsKey).ToDictionary(nameOf, key => values[key]);
}
