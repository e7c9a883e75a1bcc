using System.Diagnostics;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Topics;

namespace OtpActors.Steps;

/// <summary>
/// Spans of runs, under the source <c>OtpActors</c>: the request of a run, each of its steps, its end. A run keeps the
/// context of its request (<see cref="RunTrigger.TraceParent"/>, in the form of W3C Trace Context §3.2), so that all spans are
/// of one trace, whichever process makes them. They carry ids, counts and names of steps; never a record or an address.
/// </summary>
public static class RunTracing
{
    /// <summary>The header of W3C Trace Context.</summary>
    public const string TraceParent = "traceparent";

    public const string SourceName = "OtpActors";

    public static readonly ActivitySource Source = new(SourceName);

    /// <summary>
    /// The span of a run's request, a child of the caller's span where it sent one. Null where nobody listens.
    /// </summary>
    public static Activity? Request(string runId, TriggerKind kind)
    {
        var ambient = Activity.Current;
        var parent = ambient?.ParentId is { } id && ActivityContext.TryParse(id, ambient.TraceStateString, isRemote: true, out var remote)
            ? remote
            : default;
        Activity.Current = null; // the server's own span is told to nobody, since it knows paths
        try
        {
            return Source.StartActivity(ActivityKind.Producer, parent, Tags(runId, ("otpactors.trigger", kind.ToString())), name: "run requested");
        }
        finally
        {
            Activity.Current = ambient;
        }
    }

    /// <summary>The span that an event closes, if it closes one.</summary>
    public static void Record(IRunEvent e, RunState after)
    {
        if (!Source.HasListeners() || !ActivityContext.TryParse(after.Spec?.Trigger?.TraceParent, null, isRemote: true, out var parent))
        {
            return;
        }

        if (StepTelemetry.Closed(e) is { } closed)
        {
            var step = after.Steps[closed.Step];
            using var span = Source.StartActivity(
                ActivityKind.Internal, parent,
                Tags(after.RunId, ("otpactors.step", closed.Step.Name), ("otpactors.attempt", step.Attempt)),
                startTime: step.StartedAt ?? e.At, name: closed.Step.Name);
            span?.SetStatus(closed.Failed ? ActivityStatusCode.Error : ActivityStatusCode.Ok, closed.Failed ? closed.Outcome : null);
            span?.SetTag("otpactors.outcome", closed.Outcome);
            span?.SetEndTime(e.At.UtcDateTime);
        }
        else if (e is RunEvents.Ended ended)
        {
            using var span = Source.StartActivity(
                ActivityKind.Internal, parent, Tags(after.RunId, ("otpactors.outcome", ended.Outcome.ToString())),
                startTime: after.BeganAt ?? ended.At, name: "run");
            span?.SetStatus(ended.Outcome == RunOutcome.Completed ? ActivityStatusCode.Ok : ActivityStatusCode.Error);
            span?.SetEndTime(ended.At.UtcDateTime);
        }
    }

    /// <summary>What every record of the run carries on its way; null where nobody listens.</summary>
    public static IReadOnlyDictionary<string, string>? HeadersOf(RunSpec spec) =>
        Source.HasListeners() && spec.Trigger?.TraceParent is { } context ? new Dictionary<string, string> { [TraceParent] = context } : null;

    /// <summary>The span of a batch on its way into a store, linked to the request that the first record comes from.</summary>
    public static Activity? Store(StepId step, string runId, PartitionBatch batch) => !Source.HasListeners() ? null : Source.StartActivity(
        ActivityKind.Consumer, default(ActivityContext),
        Tags(runId, ("otpactors.step", step.Name), ("messaging.batch.message_count", batch.Records.Count)),
        batch.Records[0].Headers?.GetValueOrDefault(TraceParent) is { } sent && ActivityContext.TryParse(sent, null, isRemote: true, out var origin)
            ? [new ActivityLink(origin)]
            : [],
        name: "store batch");

    private static KeyValuePair<string, object?>[] Tags(string runId, params (string Name, object? Value)[] others) =>
        [new("otpactors.run_id", runId), .. others.Select(other => KeyValuePair.Create(other.Name, other.Value))];
}

/// <summary>How events of a run end steps and attempts.</summary>
internal static class StepTelemetry
{
    public sealed record End(StepId Step, string Outcome, bool Failed = false, bool Last = true);

    /// <summary>Every outcome that an end of this step can have.</summary>
    public static IEnumerable<string> OutcomesOf(StepId step) => step.Kind == StepKind.Sink
        ? ["completed", "window_elapsed", "skipped", "failed", "attempt_failed"]
        : ["completed", "skipped", "failed", "attempt_failed"];

    public static End? Closed(IRunEvent e) => e switch
    {
        RunEvents.AttemptFailed f => new(f.Step, "attempt_failed", Failed: true, Last: false),
        RunEvents.StepFailed f => new(f.Step, "failed", Failed: true),
        RunEvents.StepSkipped s => new(s.Step, "skipped"),
        RunEvents.TopicConfirmed => new(StepId.EnsureTopic, "completed"),
        RunEvents.SinkEnded s => new(s.Step, s.Drained ? "completed" : "window_elapsed"),
        RunEvents.ProductionCompleted => new(StepId.Produce, "completed"),
        RunEvents.CheckCompleted c => new(c.Step, "completed"),
        RunEvents.NotifyingCompleted n => new(n.Step, "completed"),
        _ => null,
    };
}
