using System.Globalization;
using OtpActors.CommandLine.Screens;
using OtpActors.Workflow;

namespace OtpActors.CommandLine;

/// <summary>A part of what is said of a step.</summary>
/// <param name="Keep">Where not all have room, those with the lowest number go first.</param>
internal readonly record struct Part(string Text, int Keep);

/// <summary>A step in words. Only what is true of it now: nothing of a topic that is not confirmed, no count that is not known.</summary>
internal static class StepText
{
    private const string Separator = " · ";

    /// <summary>What the step has done, in as many of its parts as fit.</summary>
    public static string Of(RunState state, StepId id, int width = int.MaxValue)
    {
        var parts = Parts(state, id).Where(part => part.Text.Length > 0).ToList();
        while (parts.Count > 1 && parts.Sum(part => TextWidth.Of(part.Text)) + (Separator.Length * (parts.Count - 1)) > width)
        {
            parts.Remove(parts.MinBy(part => part.Keep));
        }

        return TextWidth.Cut(string.Join(Separator, parts.Select(part => part.Text)), width);
    }

    public static string? Took(StepState step, DateTimeOffset? now = null) =>
        step.StartedAt is { } started && (step.EndedAt ?? now) is { } until ? Texts.Duration(until - started) : null;

    /// <summary>What the step waits for, or why it ended without being done; null where neither is so.</summary>
    public static string? Note(RunState state, StepId id, DateTimeOffset now)
    {
        var step = state.Steps[id];
        return step.Status switch
        {
            StepStatus.Running when step.Hold is { } hold => Note(hold, now),
            StepStatus.Retrying => $"{Retry(state, id, now)}: {Why(step.Detail)}",
            StepStatus.Failed => $"failed after {Texts.Count(step.Attempt, "attempt")}: {Why(step.Detail)}",
            _ => null,
        };
    }

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

    private static string Retry(RunState state, StepId id, DateTimeOffset now)
    {
        var step = state.Steps[id];
        var attempt = $"attempt {Next(step)} of {state.Spec!.Policies.For(id.Kind).Attempts}";
        return step.RetryAt is not { } at ? $"retries ({attempt})"
            : state.PausedAt is not null ? $"retries when the run is resumed ({attempt})"
            : $"retry at {Texts.Clock(at, now)}, in {Texts.Roughly(at - now)} ({attempt})";
    }

    private static string Next(StepState step) => (step.Attempt + 1).ToString(CultureInfo.InvariantCulture);

    private static string Why(string? detail) => string.IsNullOrWhiteSpace(detail) ? "no reason is known" : detail;

    private static IEnumerable<Part> Parts(RunState state, StepId id)
    {
        var step = state.Steps[id];
        if (step.Status == StepStatus.Pending)
        {
            return state.IsTerminal ? [] : [new($"waits for {string.Join(" and ", WaitsFor(state, id))}", 1)];
        }

        if (step.Status == StepStatus.Skipped)
        {
            return [new(step.Detail ?? "", 1)];
        }

        var attempt = step is { Status: StepStatus.Running, Attempt: > 1 } ? $"attempt {step.Attempt}" : "";
        return Counts(state, id).Append(new Part(attempt, 2));
    }

    /// <summary>The steps whose end, or readiness, this one's turn depends on.</summary>
    private static IEnumerable<string> WaitsFor(RunState state, StepId id) => id.Kind switch
    {
        StepKind.EnsureTopic => [state.BeganAt is null ? "the topic's turn" : "its turn"],
        StepKind.Sink => [StepId.EnsureTopic.Name],
        StepKind.Produce => [.. StepId.Stores.Where(store => !state.Sinks[store].Ready).Select(store => StepId.Sink(store).Name).DefaultIfEmpty("its turn")],
        StepKind.Check => [StepId.Sink(id.Store!).Name],
        StepKind.Mail => [StepId.Check(id.Store!).Name],
        _ => [StepId.Mail(id.Store!).Name],
    };

    private static IEnumerable<Part> Counts(RunState state, StepId id) => id.Kind switch
    {
        StepKind.EnsureTopic when state.Topic is { } topic =>
            [new($"{state.Spec!.Topic} {topic.Outcome.ToString().ToLowerInvariant()}", 9), new(Texts.Count(topic.Partitions, "partition"), 1)],
        StepKind.EnsureTopic => [],
        StepKind.Produce => [new(Produced(state), 9)],
        StepKind.Sink => Sink(state.Sinks[id.Store!].Counts, state.Steps[id].Detail),
        StepKind.Check => state.Checks.TryGetValue(id.Store!, out var check)
            ? [new($"{Texts.Number(check.Found)} of {Texts.Number(check.Checked)} found", 9)] : [],
        _ => state.Notified.TryGetValue(id, out var sent)
            ? [new($"{Texts.Number(sent.Sent)} sent", 8), new(sent.Failed > 0 ? $"{Texts.Number(sent.Failed)} failed" : "", 9)] : [],
    };

    private static string Produced(RunState state)
    {
        var (done, all) = (state.Produced, state.Spec?.Records.Count ?? 0);
        return done == all ? $"{Texts.Number(done)} produced" : $"{Texts.Number(done)} of {Texts.Number(all)}";
    }

    private static IEnumerable<Part> Sink(SinkCounts counts, string? detail)
    {
        string Some(long count, string what) => count > 0 ? $"{Texts.Number(count)} {what}" : "";
        return
        [
            new($"{Texts.Number(counts.Read)} read", 9),
            new(Some(counts.Inserted, "inserted"), 3),
            new(Some(counts.Skipped, "skipped"), 5),
            new(Some(counts.DeadLettered, "dead-lettered"), 8),
            new(detail == StepDetails.WindowElapsed ? "window elapsed" : "", 7),
        ];
    }
}
