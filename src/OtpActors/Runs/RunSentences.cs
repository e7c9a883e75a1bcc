using System.Globalization;
using Akka.Event;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;

namespace OtpActors.Runs;

/// <summary>What goes well in a run, as the log tells it: a sentence with named values for each kind of fact, no dump of a record.</summary>
internal static class RunSentences
{
    /// <summary>The property of a log line that says what the run's journal says too.</summary>
    public const string Journaled = "Journaled";

    public static void Write(ILoggingAdapter log, string runId, IRunEvent e)
    {
        switch (e)
        {
            case RunEvents.Requested r:
                log.Info(
                    "Run {RunId} is requested by {Trigger}: {Count} record(s) on {Topic}",
                    runId, (r.Spec.Trigger?.Kind ?? TriggerKind.CommandLine).ToString(), r.Spec.Records.Count, r.Spec.Topic);
                break;
            case RunEvents.StepStarted s:
                log.Info("{Step}, attempt {Attempt}, begins", s.Step.Name, s.Attempt);
                break;
            case RunEvents.StepSkipped s:
                log.Info("{Step} is skipped: {Reason}", s.Step.Name, s.Reason);
                break;
            case RunEvents.TopicConfirmed t:
                log.Info("The topic is there ({Outcome}) with {Partitions} partition(s)", t.Outcome.ToString(), t.Partitions);
                break;
            case RunEvents.SinkReady s:
                log.Info("{Step} is ready on {Partitions} partition(s)", s.Step.Name, s.Start.Count);
                break;
            case RunEvents.SinkProgressed { Progress.Counts: var counts } s:
                log.Debug(
                    "{Step} read {Read} more: {Inserted} inserted, {Skipped} skipped, {DeadLettered} dead-lettered",
                    s.Step.Name, counts.Read, counts.Inserted, counts.Skipped, counts.DeadLettered);
                break;
            case RunEvents.SinkEnded { Drained: true } s:
                log.Info("{Step} has dealt with every record", s.Step.Name);
                break;
            case RunEvents.SinkEnded s:
                log.Info("{Step} ends before the end of the topic: it stored nothing more within the window", s.Step.Name);
                break;
            case RunEvents.Produced p:
                log.Debug("{Count} record(s) are produced", p.Count);
                break;
            case RunEvents.ProductionCompleted p:
                log.Info("All {Count} record(s) are produced", p.Count);
                break;
            case RunEvents.CheckCompleted { Result: var result } c:
                log.Info("{Step} found {Found} of {Checked} address(es), {Missing} missing", c.Step.Name, result.Found, result.Checked, result.Missing);
                break;
            case RunEvents.Notified { Progress: var progress } n:
                log.Debug("{Step}: {Sent} sent and {Failed} failed so far", n.Step.Name, progress.Sent, progress.Failed);
                break;
            case RunEvents.NotifyingCompleted { Progress: var progress } n:
                log.Info("{Step} is done: {Sent} sent, {Failed} failed", n.Step.Name, progress.Sent, progress.Failed);
                break;
            case RunEvents.StepHeld h: // the step itself tells it aloud
                log.Debug("{Step}, attempt {Attempt}, waits for {WaitsFor}: {Reason}", h.Step.Name, h.Attempt, h.WaitsFor, h.Reason);
                break;
            case RunEvents.StepReleased r:
                log.Debug("{Step}, attempt {Attempt}, goes on: {WaitsFor} is back", r.Step.Name, r.Attempt, r.WaitsFor);
                break;
            case RunEvents.Paused:
                log.Info("Run {RunId} is paused", runId);
                break;
            case RunEvents.Resumed:
                log.Info("Run {RunId} is resumed", runId);
                break;
            case RunEvents.Reopened r:
                log.Info("Run {RunId} goes on with one more attempt of {Step}", runId, r.Step.Name);
                break;
            case RunEvents.Ended end:
                log.Info("Run {RunId} ended: {Outcome}", runId, end.Outcome.ToString());
                break;
            default:
                // A fact that is younger than this table: as its timeline has it.
                var fact = RunFact.From(e, 0);
                log.Info("{Subject}: {Fact} {Detail}", fact?.Step?.Name ?? "The run", fact?.What ?? e.GetType().Name, fact?.Detail ?? "");
                break;
        }
    }

    /// <summary>The same of what a run's timeline keeps of it.</summary>
    public static string Of(RunFact fact)
    {
        var (step, attempt, detail) = (fact.Step?.Name, string.Create(CultureInfo.InvariantCulture, $"attempt {fact.Attempt}"), fact.Detail);
        return fact.What switch
        {
            "requested" => $"The run is requested, on {detail}",
            "step-started" => $"{step}, {attempt}, begins",
            "step-skipped" => $"{step} is skipped: {detail}",
            "step-held" => $"{step}, {attempt}, {detail}",
            "step-released" => $"{step}, {attempt}, goes on: {detail}",
            "attempt-failed" => $"{step}, {attempt}, failed: {detail}",
            "step-failed" => $"{step} failed in {attempt}, its last: {detail}",
            "sink-ready" => $"{step} is ready",
            "step-completed" when fact.Step == StepId.EnsureTopic => $"The topic is there ({SpelledName.From(detail ?? "")})",
            "step-completed" when fact.Step?.Kind == StepKind.Sink && detail == StepDetails.WindowElapsed =>
                $"{step} ends before the end of the topic: it stored nothing more within the window",
            "step-completed" when fact.Step?.Kind == StepKind.Sink => $"{step} has dealt with every record",
            "step-completed" => $"{step} is done: {detail}",
            "paused" => "The run is paused",
            "resumed" => "The run is resumed",
            "reopened" => $"The run goes on with one more attempt of {step}",
            "ended" => Ended(detail ?? ""),
            var other => $"{step ?? "The run"}: {other} {detail}".TrimEnd(), // younger than this table
        };
    }

    /// <param name="detail">The outcome and, behind a colon, its reason.</param>
    private static string Ended(string detail)
    {
        var (outcome, reason) = detail.Split(": ", 2) is [var first, var second] ? (first, $": {second}") : (detail, "");
        return outcome switch
        {
            nameof(RunOutcome.Completed) => $"The run completed{reason}",
            nameof(RunOutcome.Failed) => $"The run failed{reason}",
            nameof(RunOutcome.Cancelled) => $"The run was cancelled{reason}",
            nameof(RunOutcome.TimedOut) => $"The run timed out{reason}",
            nameof(RunOutcome.Incomplete) => $"The run is incomplete{reason}",
            _ => $"The run ended: {detail}",
        };
    }
}
