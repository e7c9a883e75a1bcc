using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using OtpActors.Hosting;
using OtpActors.Workflow;
using Spectre.Console;

namespace OtpActors.CommandLine;

/// <summary><c>runs</c>: past and present runs. Reads only, beside a running service too.</summary>
internal static class RunsCommand
{
    public static Command Create()
    {
        var limit = new Option<int?>("--limit") { Description = "How many. [default: 50]", HelpName = "N", CustomParser = Numbers.Parse<int> };
        var json = new Option<bool>("--json") { Description = "Print one JSON array." };
        var command = new Command("runs", "Lists runs, the newest first.") { limit, Cli.Data, json };
        command.SetAction((parsed, cancel) => Cli.GuardAsync(() => ListAsync(
            Cli.Settings(parsed), parsed.GetValue(limit) ?? 50, parsed.GetValue(json), cancel)));
        return command;
    }

    private static async Task<int> ListAsync(OtpActorsOptions settings, int limit, bool json, CancellationToken cancel)
    {
        if (limit < 1)
        {
            throw new UsageException($"--limit: {limit} is not above 0.");
        }

        var runs = await JournalHosting.ListRunsAsync(settings, new RunFilter(limit), cancel);
        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(runs, Terminal.Json));
        }
        else if (runs.Count == 0)
        {
            Terminal.Console.WriteLine($"No runs in {JournalHosting.PlaceOf(settings)}.");
        }
        else
        {
            Write(runs);
        }

        return ExitCodes.Done;
    }

    private static void Write(IReadOnlyList<RunSummary> runs)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumns("run", "state", "topic", "requested", "produced", "agree", "reason");
        foreach (var run in runs)
        {
            table.AddRow(
                run.RunId.EscapeMarkup(), run.State.ToString(), run.Topic.EscapeMarkup(),
                run.RequestedAt.ToString("u", CultureInfo.InvariantCulture),
                run.Report.Produced.ToString("N0", CultureInfo.InvariantCulture),
                run.EndedAt is null ? "" : run.Report.StoresAgree ? "yes" : "no",
                (run.Report.Reason ?? "").EscapeMarkup());
        }

        Terminal.Console.Write(table);
    }
}
