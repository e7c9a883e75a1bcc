using System.Globalization;
using OtpActors.Hosting;
using OtpActors.Notifications;
using OtpActors.Workflow;
using Spectre.Console;

namespace OtpActors.CommandLine;

/// <summary>What a run did, for people.</summary>
internal static class Summary
{
    public static void Write(IAnsiConsole console, RunReport report, DataDirectory data, OtpActorsOptions settings)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumn("store");
        foreach (var column in new[] { "read", "inserted", "skipped", "dead-lettered", "checked", "found", "missing" })
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        foreach (var s in report.Stores)
        {
            table.AddRow(
                [s.Name, .. new[] { s.Read, s.Inserted, s.Skipped, s.DeadLettered, s.Checked, s.Found, s.Missing }.Select(Number)]);
        }

        console.WriteLine();
        console.Write(table);
        foreach (var line in Lines(report, data, settings))
        {
            console.Profile.Out.Writer.WriteLine(line); // not wrapped: lines are found again by tools
        }
    }

    private static IEnumerable<string> Lines(RunReport report, DataDirectory data, OtpActorsOptions settings)
    {
        yield return $"{Number(report.Produced)} records produced to {report.Topic.Name} ({report.Topic.Outcome ?? "not reached"})"
            + (report.DurationMs is { } ms ? $" in {(ms / 1000.0).ToString("N2", CultureInfo.InvariantCulture)} s" : "");
        if (report.Input is { } input)
        {
            if (input.Repeated > 0 || input.BadLines > 0)
            {
                yield return $"the file: {Number(input.Records)} records of {Number(input.Addresses)} addresses, "
                    + $"{Number(input.Repeated)} repeating one, {Number(input.BadLines)} bad lines left out";
            }

            yield return $"the file: {Number(input.Rows)} rows = {Number(input.Records)} records + {Number(input.BadLines)} bad lines "
                + $"+ {Number(input.BlankLines)} blank lines";
        }

        yield return Channel("mail", report.Notifications.Mail, settings.Mail.Provider == MailProvider.Embedded ? data.OutboxDirectory : null);
        yield return Channel("slack", report.Notifications.Slack, settings.Slack.Provider == SlackProvider.Embedded ? data.SlackDirectory : null);
        foreach (var store in report.Stores.Where(s => s.DeadLettered > 0))
        {
            yield return $"{store.Name}: {Number(store.DeadLettered)} records could not be stored; they lie in topic "
                + $"{Topics.DeadLetters.TopicOf(report.Topic.Name)} with the reason";
        }

        foreach (var store in report.Stores.Where(s => s.Missing > 0))
        {
            yield return $"{store.Name} lacks {Number(store.Missing)} addresses: {string.Join(", ", store.MissingSample.Take(3))}, …";
        }

        yield return $"run {report.RunId}: {report.Outcome}"
            + (report.Reason is { } reason ? $" ({reason})" : "")
            + (report.Outcome is not (nameof(RunOutcome.Completed) or nameof(RunOutcome.Incomplete)) ? ""
                : report.StoresAgree ? ", both stores hold every address that was produced"
                : ", the stores do NOT hold every address that was produced");
    }

    private static string Channel(string name, RunReport.ChannelPart part, string? directory) =>
        $"{name}: {Number(part.Sent)} sent"
        + (part.Failed > 0 ? $", {Number(part.Failed)} failed" : "")
        + (part.Uncertain > 0 ? $", {Number(part.Uncertain)} uncertain (OtpActors notifications)" : "")
        + (part.Sent > 0 && directory is not null ? $", in {directory}" : "")
        + (part.Limited > 0 ? $"; {Number(part.Limited)} more were found, and left out by the limit (--notify)" : "");

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
