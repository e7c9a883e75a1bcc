using System.Globalization;
using OtpActors.Api;
using OtpActors.CommandLine.Screens;
using OtpActors.Domain.Runs;

namespace OtpActors.CommandLine;

/// <summary>A part of what is said of a step.</summary>
/// <param name="Keep">Where not all have room, those with the lowest number go first.</param>
internal readonly record struct Part(string Text, int Keep);

/// <summary>A step in words. Only what is true of it now: nothing of a topic that is not confirmed, no count that is not known.</summary>
internal static class StepText
{
    private const string Separator = " · ";

    /// <summary>What the step has done, in as many of its parts as fit.</summary>
    public static string From(RunProgress run, RunStep step, int width = int.MaxValue)
    {
        var parts = Parts(run, step).Where(part => part.Text.Length > 0).ToList();
        while (parts.Count > 1 && parts.Sum(part => TextWidth.Measure(part.Text)) + (Separator.Length * (parts.Count - 1)) > width)
        {
            parts.Remove(parts.MinBy(part => part.Keep));
        }

        return TextWidth.Cut(string.Join(Separator, parts.Select(part => part.Text)), width);
    }

    public static string? Took(RunStep step, DateTimeOffset? now = null) =>
        step.StartedAt is { } started && (step.EndedAt ?? now) is { } until ? Texts.Duration(until - started) : null;

    /// <summary>What the step waits for, or why it ended without being done; null where neither is so.</summary>
    public static string? Note(RunProgress run, RunStep step, DateTimeOffset now) => step.State switch
    {
        StepStatus.Running when step.Hold is { } hold => Note(hold, now),
        StepStatus.Retrying => $"{Retry(run, step, now)}: {Why(step.Detail)}",
        StepStatus.Failed => $"failed after {Texts.Count(step.Attempt, "attempt")}: {Why(step.Detail)}",
        _ => null,
    };

    /// <summary>What a step, or the whole run, waits for.</summary>
    public static string Note(StepHold hold, DateTimeOffset now) =>
        $"waits for {Part(hold)} since {Texts.Clock(hold.Since, now)} ({Texts.Roughly(now - hold.Since)}): {Why(hold.Reason)}";

    /// <summary>What a step that is held waits for.</summary>
    public static string Part(StepHold hold) => hold.WaitsFor switch
    {
        PartNames.Mail => "the mail server",
        PartNames.Topic or PartNames.Ledger or PartNames.Journal => $"the {hold.WaitsFor}",
        PartNames.Slack => "Slack",
        _ => hold.WaitsFor,
    };

    private static string Retry(RunProgress run, RunStep step, DateTimeOffset now)
    {
        var attempt = $"attempt {(step.Attempt + 1).ToString(CultureInfo.InvariantCulture)} of {step.Attempts.ToString(CultureInfo.InvariantCulture)}";
        return step.RetryAt is not { } at ? $"retries ({attempt})"
            : run.PausedAt is not null ? $"retries when the run is resumed ({attempt})"
            : $"retry at {Texts.Clock(at, now)}, in {Texts.Roughly(at - now)} ({attempt})";
    }

    private static string Why(string? detail) => string.IsNullOrWhiteSpace(detail) ? "no reason is known" : detail;

    private static IEnumerable<Part> Parts(RunProgress run, RunStep step)
    {
        if (step.State == StepStatus.Pending)
        {
            return run.IsOver ? [] : [new($"waits for {string.Join(" and ", WaitsFor(run, step))}", 1)];
        }

        if (step.State == StepStatus.Skipped)
        {
            return [new(step.Detail ?? "", 1)];
        }

        var attempt = step is { State: StepStatus.Running, Attempt: > 1 } ? $"attempt {step.Attempt}" : "";
        return Counts(run, step).Append(new Part(attempt, 2));
    }

    private static IEnumerable<string> WaitsFor(RunProgress run, RunStep step) =>
        step.WaitsFor is { Count: > 0 } steps ? steps : [run.BeganAt is null ? "the topic's turn" : "its turn"];

    /// <summary>A step that only a newer service knows has no counts here.</summary>
    private static IEnumerable<Part> Counts(RunProgress run, RunStep step) => (StepId.TryParse(step.Name, out var id) ? id.Value.Kind : (StepKind?)null) switch
    {
        StepKind.EnsureTopic when run.Report.Topic is { Outcome: { } outcome } topic =>
            [new($"{topic.Name} {outcome.ToLowerInvariant()}", 9), new(Texts.Count(topic.Partitions ?? 0, "partition"), 1)],
        StepKind.Produce when step.Done is { } done =>
            [new(done == step.Total ? $"{Texts.Number(done)} produced" : $"{Texts.Number(done)} of {Texts.Number(step.Total ?? 0)}", 9)],
        StepKind.Sink => Sink(run.Report.Stores.FirstOrDefault(store => store.Name == id!.Value.Store), step.Detail),
        StepKind.Check when step is { Done: { } found, Total: { } all } => [new($"{Texts.Number(found)} of {Texts.Number(all)} found", 9)],
        StepKind.Mail or StepKind.Slack when step is { Done: { } told, Failed: var failed } =>
            [new($"{Texts.Number(told - (failed ?? 0))} sent", 8), new(failed > 0 ? $"{Texts.Number(failed.Value)} failed" : "", 9)],
        _ => [],
    };

    private static IEnumerable<Part> Sink(RunReport.StorePart? counts, string? detail)
    {
        string Some(long count, string what) => count > 0 ? $"{Texts.Number(count)} {what}" : "";
        return counts is null ? [] :
        [
            new($"{Texts.Number(counts.Read)} read", 9),
            new(Some(counts.Inserted, "inserted"), 3),
            new(Some(counts.Skipped, "skipped"), 5),
            new(Some(counts.DeadLettered, "dead-lettered"), 8),
            new(detail == StepDetails.WindowElapsed ? "window elapsed" : "", 7),
        ];
    }
}
