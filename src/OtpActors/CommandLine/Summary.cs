using OtpActors.CommandLine.Screens;
using OtpActors.CommandLine.Tables;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Storage;
using OtpActors.Infrastructure.Topics;

namespace OtpActors.CommandLine;

/// <summary>What a run did, for people.</summary>
internal static class Summary
{
    private const int MissingShown = 3;

    /// <summary>Where the embedded channels of this machine keep what they were given; null where another one has it.</summary>
    public readonly record struct Places(string? Outbox, string? Slack)
    {
        public static Places From(DataDirectory data, OtpActorsOptions settings) => new(
            settings.Mail.Provider == MailProvider.Embedded ? Shown(data.OutboxDirectory) : null,
            settings.Slack.Provider == SlackProvider.Embedded ? Shown(data.SlackDirectory) : null);
    }

    /// <param name="see">The command line that shows a run's notifications.</param>
    /// <param name="open">Notifications that were tried and not taken, by channel, as the ledger has it.</param>
    public static void Write(
        Screen screen, RunReport report, Places places, Func<string, long> open, Func<string, string> see)
    {
        screen.Out.WriteLine();
        Stores(report).WriteAligned(screen);
        foreach (var line in Lines(report, places, open, see))
        {
            if (line is not null)
            {
                screen.WriteText(TextWidth.Clean(line));
            }
        }
    }

    public static Table Stores(RunReport report)
    {
        static Column Number(string name, int keep) => new(name, keep, Right: true);
        var table = new Table(
            new Column("store"), Number("read", 6), Number("inserted", 4), Number("skipped", 3), Number("dead-lettered", 2),
            Number("checked", 1), Number("found", 5), Number("missing", 7));
        foreach (var s in report.Stores)
        {
            var wasChecked = IsDone(report, StepId.Check(s.Name));
            long? Checked(long count) => wasChecked ? count : null;
            table.Add(s.Name, s.Read, s.Inserted, s.Skipped, s.DeadLettered, Checked(s.Checked), Checked(s.Found), Checked(s.Missing));
        }

        return table;
    }

    private static IEnumerable<string?> Lines(RunReport report, Places places, Func<string, long> open, Func<string, string> see)
    {
        yield return Produced(report);
        if (report.Input is { } input)
        {
            if (input.Repeated > 0 || input.BadLines > 0)
            {
                yield return $"the file: {Texts.Count(input.Records, "record")} of {Texts.Count(input.Addresses, "address", "addresses")}, "
                    + $"{Texts.Number(input.Repeated)} repeating one, {Texts.Count(input.BadLines, "bad line")} left out";
            }

            yield return $"the file: {Texts.Count(input.Rows, "row")} = {Texts.Count(input.Records, "record")} "
                + $"+ {Texts.Count(input.BadLines, "bad line")} + {Texts.Count(input.BlankLines, "blank line")}";
        }

        yield return Channel(report, ChannelNames.Mail, report.Notifications.Mail, StepId.Mail, open, places.Outbox, see);
        yield return Channel(report, ChannelNames.Slack, report.Notifications.Slack, StepId.Slack, open, places.Slack, see);
        foreach (var store in report.Stores.Where(s => s.DeadLettered > 0))
        {
            yield return $"{store.Name}: {Texts.Count(store.DeadLettered, "record")} could not be stored; with the reason in topic "
                + DeadLetters.TopicOf(report.Topic.Name);
        }

        foreach (var store in report.Stores.Where(s => s.Missing > 0))
        {
            yield return $"{store.Name} lacks {Texts.Count(store.Missing, "address", "addresses")}{Sample(store)}";
        }

        if (report.Steps.Where(IsUnreached).ToList() is { Count: > 0 } unreached)
        {
            yield return $"not reached: {string.Join(", ", unreached.Select(step => step.Name))}";
        }

        yield return $"run {report.RunId}: {report.Outcome}"
            + (report.Reason is { } reason ? $" ({reason})" : "")
            + (report.Outcome is not (nameof(RunOutcome.Completed) or nameof(RunOutcome.Incomplete)) ? ""
                : report.StoresAgree ? ", both stores hold every address that was produced"
                : ", the stores do NOT hold every address that was produced");
    }

    private static string Produced(RunReport report)
    {
        var took = report.DurationMs is { } ms ? $" in {Texts.Duration(TimeSpan.FromMilliseconds(ms))}" : "";
        return report.Topic.Outcome is { } outcome
            ? $"{Texts.Count(report.Produced, "record")} produced to {report.Topic.Name} ({outcome.ToLowerInvariant()}){took}"
            : $"nothing was produced{took}: the topic {report.Topic.Name} was not reached";
    }

    /// <summary>Null where its steps are among those that were not reached.</summary>
    private static string? Channel(
        RunReport report, string name, RunReport.ChannelPart part, Func<string, StepId> stepOf, Func<string, long> open, string? directory,
        Func<string, string> see)
    {
        var steps = StepId.Stores.Select(store => Step(report, stepOf(store))).ToList();
        if (part.Sent + part.Failed + part.Uncertain + open(name) == 0)
        {
            if (steps.TrueForAll(IsUnreached))
            {
                return null;
            }

            var why = steps.Exists(step => step.Detail == StepDetails.NotificationsOff) ? "off (--notify none)"
                : steps.TrueForAll(step => step.Detail == StepDetails.NothingFound) ? "none sent, since nothing was found"
                : "none sent";
            return $"{name}: {why}";
        }

        return $"{name}: {Texts.Number(part.Sent)} sent"
            + (part.Sent > 0 && directory is not null ? $" (in {directory})" : "")
            + (part.Failed > 0 ? $", {Texts.Number(part.Failed)} failed" : "")
            + (open(name) > 0 ? $", {Texts.Number(open(name))} not taken yet" : "")
            + (part.Uncertain > 0 ? $", {Texts.Number(part.Uncertain)} uncertain" : "")
            + (part.Failed + part.Uncertain + open(name) > 0 ? $" (see: {see(report.RunId)})" : "")
            + (part.Limited > 0 ? $"; {Texts.Number(part.Limited)} more found, left out by the limit (--notify)" : "");
    }

    /// <summary>Short where it lies below the working directory.</summary>
    private static string Shown(string directory) =>
        Path.GetRelativePath(Environment.CurrentDirectory, directory) is var relative && !relative.StartsWith("..", StringComparison.Ordinal)
            ? relative : directory;

    private static string Sample(RunReport.StorePart store)
    {
        var shown = store.MissingSample.Take(MissingShown).ToList();
        return shown.Count == 0 ? "" : $": {string.Join(", ", shown)}{(shown.Count < store.Missing ? ", …" : "")}";
    }

    private static bool IsUnreached(RunReport.StepPart step) =>
        step.Outcome == nameof(StepStatus.Pending) || step.Detail == StepDetails.NotReached;

    private static RunReport.StepPart Step(RunReport report, StepId id) => report.Steps.Single(step => step.Name == id.Name);

    private static bool IsDone(RunReport report, StepId id) => Step(report, id).Outcome == nameof(StepStatus.Completed);
}
