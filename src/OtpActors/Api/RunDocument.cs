using System.ComponentModel;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Triggers;

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
    [property: Description(RunDocument.OfHold)] StepHold? Hold,
    [property: Description("What was asked for, as in POST /api/runs; what was left out is there as it was taken. Addresses and passwords are masked; given records are counted alone.")]
    RunRequest Request,
    RunDocument.RecordsPart Records,
    [property: Description("Every step as it is now, with what it waits for and how far it is.")] IReadOnlyList<RunStep> Steps,
    [property: Description("Counters, stores, notifications and steps. For each store read = inserted + skipped + deadLettered.")] RunReport Report,
    [property: Description("What happened, oldest first, the last 500 facts.")] IReadOnlyList<RunDocument.Fact> Timeline)
{
    internal const string OfHold = "What the whole run waits for, to go on by itself: the journal. Absent while it is at work or over. "
        + "What a step waits for is in report.steps.";

    public sealed record TriggerPart(TriggerKind Kind, string? Key);

    /// <param name="Count">How many there are to produce.</param>
    public sealed record RecordsPart(
        [property: Description("sample: one address again and again; generated; or given, by the request or a file.")] RecordsSource Source, long Count);

    public enum RecordsSource
    {
        Sample,
        Generated,
        Given,
    }

    public sealed record Fact(long Id, DateTimeOffset At, [property: Description("What happened, as stepStarted.")] string What, string? Step, int? Attempt, string? Detail);

    /// <param name="hold">What the run waits for while it cannot be journaled.</param>
    public static RunDocument From(RunState state, StepHold? hold = null)
    {
        var spec = state.Spec ?? throw new ArgumentException("A run that nobody requested has no document.", nameof(state));
        return new RunDocument(
            state.RunId, state.Phase, state.Version,
            spec.Trigger is { } trigger ? new TriggerPart(trigger.Kind, trigger.Kind == TriggerKind.Http ? null : trigger.Key) : null,
            state.RequestedAt!.Value, state.BeganAt, state.EndedAt, state.PausedAt, hold,
            RequestOf(spec), new RecordsPart(SourceOf(spec.Records), spec.Records.Count),
            RunStep.From(state), RunReport.From(state),
            [.. state.Timeline.Select(From)]);
    }

    public static Fact From(RunFact fact) => new(
        fact.Version, fact.At, Camel(fact.What), fact.Step?.Name, fact.Attempt,
        fact.What is "ended" or "step-completed" && fact.Detail?.Split(':', 2) is [var name, .. var rest] ? string.Join(':', [SpelledName.From(name), .. rest]) : fact.Detail);

    /// <summary>The journal's <c>step-started</c> as answers spell names: <c>stepStarted</c>.</summary>
    private static string Camel(string kebab) =>
        string.Concat(kebab.Split('-').Select((word, i) => i == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..]));

    private static RecordsSource SourceOf(RecordSpec records) => records switch
    {
        RecordSpec.Sample => RecordsSource.Sample,
        RecordSpec.Generated => RecordsSource.Generated,
        _ => RecordsSource.Given,
    };

    private static RunRequest RequestOf(RunSpec spec)
    {
        var masked = (spec.Records as RecordSpec.Sample)?.Record;
        return RunRequests.From(spec, masked?.Email.ToString(), masked?.Otp.ToString());
    }
}

/// <summary>A run in the list.</summary>
public sealed record RunListItem(
    string RunId, RunPhase State, string Topic, DateTimeOffset RequestedAt, DateTimeOffset? EndedAt,
    [property: Description(RunDocument.OfHold)] StepHold? Hold, RunReport Report)
{
    public static RunListItem From(RunSummary run, StepHold? hold = null) =>
        new(run.RunId, run.State, run.Topic, run.RequestedAt, run.EndedAt, hold, run.Report);
}

/// <param name="Next">The cursor of the next page; null on the last.</param>
public sealed record RunPage(IReadOnlyList<RunListItem> Items, string? Next);
