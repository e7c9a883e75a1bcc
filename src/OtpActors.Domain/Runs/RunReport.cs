using System.Text.Json.Serialization;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs.Messages;

namespace OtpActors.Domain.Runs;

/// <summary>
/// What a run did, in numbers. For each store <c>read = inserted + skipped + deadLettered</c>: replays after a crash are
/// not counted again.
/// </summary>
/// <param name="Outcome">A <see cref="RunOutcome"/>; null while the run is unfinished.</param>
/// <param name="Reason">Why it did not complete.</param>
/// <param name="StoresAgree">Whether every produced address was found in both stores.</param>
/// <param name="DurationMs">From the run's beginning to its end, pauses between processes included; null while unfinished.</param>
public sealed record RunReport(
    string RunId,
    [property: JsonConverter(typeof(SpelledName))] string? Outcome,
    string? Reason,
    bool StoresAgree,
    RunReport.TopicPart Topic,
    RunReport.InputPart? Input,
    long Produced,
    IReadOnlyList<RunReport.StorePart> Stores,
    RunReport.NotificationsPart Notifications,
    IReadOnlyList<RunReport.StepPart> Steps,
    long? DurationMs)
{
    /// <param name="Outcome"><c>Created</c> or <c>Exists</c>; null while unknown.</param>
    public sealed record TopicPart(string Name, [property: JsonConverter(typeof(SpelledName))] string? Outcome, int? Partitions);

    /// <summary>What a run that was given a file was given.</summary>
    /// <param name="Repeated">Records whose address came before: the stores' identity rules decide about them.</param>
    /// <param name="BadLines">Lines that were left out.</param>
    /// <param name="BlankLines">Lines without anything.</param>
    public sealed record InputPart(long Records, long Addresses, long Repeated, long BadLines, long BlankLines = 0)
    {
        /// <summary>What the file has beside its header: records, bad lines and blank ones.</summary>
        public long Rows => Records + BadLines + BlankLines;
    }

    /// <param name="MissingSample">The first missing addresses, masked.</param>
    public sealed record StorePart(
        string Name, long Read, long Inserted, long Skipped, long DeadLettered,
        long Checked, long Found, long Missing, IReadOnlyList<string> MissingSample);

    public sealed record NotificationsPart(ChannelPart Mail, ChannelPart Slack);

    /// <param name="Limited">Found, and left out because of the run's limit.</param>
    /// <param name="Messages">What the embedded channel captured, passwords masked; null for a real channel.</param>
    /// <param name="Uncertain">Those of the failed of which nobody can tell whether they arrived.</param>
    public sealed record ChannelPart(long Sent, long Failed, long Limited, IReadOnlyList<string>? Messages = null, long Uncertain = 0);

    /// <param name="Hold">What the step waits for; null if for nothing.</param>
    public sealed record StepPart(
        string Name, int Attempts, long? DurationMs, [property: JsonConverter(typeof(SpelledName))] string Outcome,
        [property: JsonConverter(typeof(SpelledName))] string? Detail,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] StepHold? Hold = null);

    public static RunReport From(RunState state) => new(
        state.RunId,
        state.Outcome?.ToString(),
        state.Reason,
        state.StoresAgree,
        new TopicPart(state.Spec?.Topic ?? "", state.Topic?.Outcome.ToString(), state.Topic?.Partitions),
        state.Spec?.Records is RecordSpec.Spooled file
            ? new InputPart(file.Count, file.Distinct, file.Count - file.Distinct, file.BadLines, file.BlankLines)
            : null,
        state.Produced,
        [.. StepId.Stores.Select(store => Store(state, store))],
        new NotificationsPart(Channel(state, StepId.Mail), Channel(state, StepId.Slack)),
        [.. StepId.All.Select(step => Step(step, state.Steps[step]))],
        Milliseconds(state.BeganAt, state.EndedAt));

    private static StorePart Store(RunState state, string store)
    {
        var counts = state.Sinks[store].Counts;
        var check = state.Checks.GetValueOrDefault(store, new CheckResult(0, 0, []));
        return new StorePart(
            store, counts.Read, counts.Inserted, counts.Skipped, counts.DeadLettered,
            check.Checked, check.Found, check.Missing, check.MissingSample);
    }

    private static ChannelPart Channel(RunState state, Func<string, StepId> stepOf)
    {
        var (sent, failed, uncertain, limited) = (0L, 0L, 0L, 0L);
        foreach (var store in StepId.Stores)
        {
            var progress = state.Notified.GetValueOrDefault(stepOf(store), new NotifyProgress(0, 0, 0));
            sent += progress.Sent;
            failed += progress.Failed;
            uncertain += progress.Uncertain;
            if (IsLimited(state, stepOf(store), progress) && state.Checks.TryGetValue(store, out var check))
            {
                limited += Math.Max(0, check.Found - progress.Sent - progress.Failed); // some may have come after the check
            }
        }

        return new ChannelPart(sent, failed, limited, Uncertain: uncertain);
    }

    /// <summary>Whether the limit ended the step, and not the end of what was found, or of the run.</summary>
    private static bool IsLimited(RunState state, StepId id, NotifyProgress progress) =>
        state.Spec?.NotifyLimit is { } limit && progress.Sent + progress.Failed >= limit
        && state.Steps[id] is { Status: StepStatus.Completed } or { Status: StepStatus.Skipped, Detail: StepDetails.NotificationsOff };

    private static StepPart Step(StepId id, StepState step) => new(
        id.Name, step.Attempt, Milliseconds(step.StartedAt, step.EndedAt), step.Status.ToString(), step.Detail, step.Hold);

    private static long? Milliseconds(DateTimeOffset? from, DateTimeOffset? to) =>
        from is null || to is null ? null : (long)(to.Value - from.Value).TotalMilliseconds;
}
