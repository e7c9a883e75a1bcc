using System.CommandLine;
using System.Text.Json;
using OtpActors.CommandLine.Tables;
using OtpActors.Hosting;
using OtpActors.Workflow;

namespace OtpActors.CommandLine;

/// <summary><c>runs</c>: past and present runs. Reads only, beside a running service too.</summary>
internal static class RunsCommand
{
    public static Command Create()
    {
        var limit = new Option<int?>("--limit") { Description = "How many. [default: 50]", HelpName = "N", CustomParser = Numbers.Parse<int> };
        var json = new Option<bool>("--json") { Description = "Print one JSON array." };
        var command = new Command("runs", "Lists runs, the newest first.") { limit, Cli.Data, json }
            .WithExamples("runs --limit 5", "runs --json");
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
            Terminal.Remark($"No runs in {JournalHosting.PlaceOf(settings)}.");
        }
        else
        {
            Write(runs);
        }

        return ExitCodes.Done;
    }

    private static void Write(IReadOnlyList<RunSummary> runs)
    {
        var table = new Table(
            new Column("run"), new Column("state"), new Column("topic", Keep: 1), new Column("requested", Keep: 3),
            new Column("produced", Keep: 5, Right: true), new Column("agree", Keep: 4), new Column("reason", Keep: 2, Flexible: true));
        foreach (var run in runs)
        {
            table.Add(
                run.RunId, run.State, run.Topic, run.RequestedAt, run.Report.Produced, run.EndedAt is null ? null : run.Report.StoresAgree,
                run.Report.Reason);
        }

        table.Write(Terminal.Screen);
    }
}
