using System.ComponentModel;
using OtpActors.Records;
using OtpActors.Workflow;

namespace OtpActors.Api;

/// <summary>A run as the API shows it. No password, and addresses masked.</summary>
public sealed record RunDocument(
    [property: Description("The run's id.")] string RunId,
    [property: Description("What it is doing, or how it ended.")] RunPhase State,
    [property: Description("Grows with every change of the run.")] long Version,
    RunDocument.TriggerPart? Trigger,
    DateTimeOffset RequestedAt,
    DateTimeOffset? BeganAt,
    DateTimeOffset? EndedAt,
    [property: Description("Since when it is paused.")] DateTimeOffset? PausedAt,
    RunDocument.RequestPart Request,
    [property: Description("Counters, stores, notifications and steps. For each store read = inserted + skipped + deadLettered.")] RunReport Report,
    [property: Description("What happened, oldest first, the last 500 facts.")] IReadOnlyList<RunDocument.Fact> Timeline)
{
    public sealed record TriggerPart(TriggerKind Kind, string? Key);

    public sealed record RequestPart(
        string Topic, int Partitions, string Records, long Count, TimeSpan Window, long? NotifyLimit, TimeSpan? Deadline);

    public sealed record Fact(long Id, DateTimeOffset At, string What, string? Step, int? Attempt, string? Detail);

    public static RunDocument Of(RunState state)
    {
        var spec = state.Spec ?? throw new ArgumentException("A run that nobody requested has no document.", nameof(state));
        return new RunDocument(
            state.RunId, state.Phase, state.Version,
            spec.Trigger is { } trigger ? new TriggerPart(trigger.Kind, trigger.Kind == TriggerKind.Http ? null : trigger.Key) : null,
            state.RequestedAt!.Value, state.BeganAt, state.EndedAt, state.PausedAt,
            new RequestPart(spec.Topic, spec.Partitions, KindOf(spec.Records), spec.Records.Count, spec.Window, spec.NotifyLimit, spec.Deadline),
            RunReport.Of(state),
            [.. state.Timeline.Select(Of)]);
    }

    public static Fact Of(RunFact fact) => new(fact.Version, fact.At, fact.What, fact.Step?.Name, fact.Attempt, fact.Detail);

    private static string KindOf(RecordSpec records) => records switch
    {
        RecordSpec.Sample => "sample",
        RecordSpec.Generated => "generated",
        _ => "given",
    };
}

/// <summary>A run in the list.</summary>
public sealed record RunListItem(
    string RunId, RunPhase State, string Topic, DateTimeOffset RequestedAt, DateTimeOffset? EndedAt, RunReport Report)
{
    public static RunListItem Of(RunSummary run) => new(run.RunId, run.State, run.Topic, run.RequestedAt, run.EndedAt, run.Report);
}

/// <param name="Next">The cursor of the next page; null on the last.</param>
public sealed record RunPage(IReadOnlyList<RunListItem> Items, string? Next);
