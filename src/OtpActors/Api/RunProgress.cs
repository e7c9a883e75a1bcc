using System.ComponentModel;
using System.Text.Json.Serialization;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;

namespace OtpActors.Api;

/// <summary>A run as it is at one moment, for who follows it: all that a picture of it takes.</summary>
/// <param name="State">What it is doing, or how it ended.</param>
/// <param name="Version">Grows with every change of the run.</param>
/// <param name="PausedAt">Since when it is paused.</param>
/// <param name="Hold">What the whole run waits for, to go on by itself: the journal.</param>
/// <param name="Pace">The time between two records, where the producer waits between them.</param>
/// <param name="Steps">Every step, in the order of reports.</param>
public sealed record RunProgress(
    RunPhase State, long Version, DateTimeOffset? BeganAt, DateTimeOffset? EndedAt, DateTimeOffset? PausedAt,
    [property: Description(RunDocument.OfHold)] StepHold? Hold, TimeSpan? Pace,
    IReadOnlyList<RunStep> Steps, RunReport Report)
{
    [JsonIgnore]
    public string RunId => Report.RunId;

    [JsonIgnore]
    public bool IsOver => Report.Outcome is not null;

    /// <summary>Whether it did all that was asked for: completed, and every address was found in every store.</summary>
    [JsonIgnore]
    public bool IsDone => State == RunPhase.Completed && Report.StoresAgree;

    public static RunProgress From(RunState state, StepHold? hold = null) => new(
        state.Phase, state.Version, state.BeganAt, state.EndedAt, state.PausedAt, hold, (state.Spec?.Records as RecordSpec.Sample)?.Interval,
        RunStep.From(state), RunReport.From(state));

    public static RunProgress From(RunDocument run) =>
        new(run.State, run.Version, run.BeganAt, run.EndedAt, run.PausedAt, run.Hold, run.Request.Interval, run.Steps, run.Report);
}

/// <summary>A step of a run as it is at one moment.</summary>
/// <param name="Attempt">The newest attempt's number, from 1; 0 before the first.</param>
/// <param name="Attempts">How many attempts it has.</param>
public sealed record RunStep(
    string Name,
    StepStatus State,
    int Attempt,
    int Attempts,
    DateTimeOffset? StartedAt,
    DateTimeOffset? EndedAt,
    [property: Description("When the next attempt is due, after one that failed.")] DateTimeOffset? RetryAt,
    [property: JsonConverter(typeof(SpelledName)), Description("The last error, or how the step ended.")] string? Detail,
    [property: Description("What the step waits for that is unavailable.")] StepHold? Hold,
    [property: Description("Of a step whose turn has not come: the steps that it depends on.")] IReadOnlyList<string>? WaitsFor,
    [property: Description("Records or addresses that are done; absent where nothing is counted yet.")] long? Done,
    [property: Description("Records or addresses in all; absent where that is not known yet.")] long? Total,
    [property: Description("Of mails and posts that are done: how many failed.")] long? Failed)
{
    public static IReadOnlyList<RunStep> From(RunState state) => [.. StepId.All.Select(id => From(state, id))];

    private static RunStep From(RunState state, StepId id)
    {
        var step = state.Steps[id];
        var (done, total, failed) = Counts(state, id);
        return new RunStep(
            id.Name, step.Status, step.Attempt, state.Spec?.Policies.For(id.Kind).Attempts ?? 0, step.StartedAt, step.EndedAt, step.RetryAt,
            step.Detail, step.Hold, step.Status == StepStatus.Pending && !state.IsTerminal ? WaitsForOf(state, id) : null, done, total, failed);
    }

    private static (long? Done, long? Total, long? Failed) Counts(RunState state, StepId id) => id.Kind switch
    {
        StepKind.Produce => (state.Produced, state.Spec?.Records.Count, null),
        StepKind.Sink => (state.Sinks[id.Store!].Counts.Read, state.Spec?.Records.Count, null),
        StepKind.Check => state.Checks.TryGetValue(id.Store!, out var check) ? (check.Found, check.Checked, null) : default,
        StepKind.Mail or StepKind.Slack => Notified(state, id),
        _ => default,
    };

    private static (long? Done, long? Total, long? Failed) Notified(RunState state, StepId id)
    {
        long? total = state.Checks.TryGetValue(id.Store!, out var check) ? Math.Min(check.Found, state.Spec?.NotifyLimit ?? long.MaxValue) : null;
        return state.Notified.TryGetValue(id, out var sent) ? (sent.Sent + sent.Failed, total, sent.Failed) : (null, total, null);
    }

    private static IReadOnlyList<string> WaitsForOf(RunState state, StepId id) => id.Kind switch
    {
        StepKind.EnsureTopic => [],
        StepKind.Sink => [StepId.EnsureTopic.Name],
        StepKind.Produce => [.. StepId.Stores.Where(store => !state.Sinks[store].Ready).Select(store => StepId.Sink(store).Name)],
        StepKind.Check => [StepId.Sink(id.Store!).Name],
        StepKind.Mail => [StepId.Check(id.Store!).Name],
        _ => [StepId.Mail(id.Store!).Name],
    };
}
