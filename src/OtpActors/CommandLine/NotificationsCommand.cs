using System.CommandLine;
using System.Text.Json;
using OtpActors.CommandLine.Tables;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Channels.Ledger;
using OtpActors.Infrastructure.Storage;

namespace OtpActors.CommandLine;

/// <summary><c>notifications [RUNID]</c>: the ledger, addresses masked. Reads only, beside a running service too.</summary>
internal static class NotificationsCommand
{
    public static Command Create()
    {
        var run = new Argument<string?>("RUNID") { Description = "One run's alone.", Arity = ArgumentArity.ZeroOrOne };
        var limit = new Option<int?>("--limit") { Description = "How many. [default: 50]", HelpName = "N", CustomParser = Numbers.Parse<int> };
        var json = new Option<bool>("--json") { Description = "Print one JSON array." };
        var command = new Command("notifications", "Lists what became of mails and posts, the newest first; addresses are masked.")
        {
            run, limit, Cli.Data, json,
        }.WithExamples("notifications --limit 20", "notifications 20310517-083000-a1b2c3 --json");
        command.SetAction((parsed, cancellationToken) => Cli.GuardAsync(() => ListAsync(
            Cli.Settings(parsed), parsed.GetValue(run), parsed.GetValue(limit) ?? 50, parsed.GetValue(json), cancellationToken)));
        return command;
    }

    private static async Task<int> ListAsync(OtpActorsOptions settings, string? run, int limit, bool json, CancellationToken cancellationToken)
    {
        if (limit < 1)
        {
            throw new UsageException($"--limit: {limit} is not above 0.");
        }

        using var data = DataDirectory.OpenReadOnly(settings.Data);
        List<LedgerEntry> entries = [];
        Dictionary<(string Channel, NotificationState State), long> counts = [];
        if (File.Exists(data.NotificationsFile))
        {
            await using var ledger = new NotificationLedger(data.NotificationsFile, TimeProvider.System, readOnly: true);
            entries = await ledger.ListAsync(run, limit, cancellationToken);
            counts = await ledger.CountAsync(run, cancellationToken);
        }

        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(entries, Terminal.Json));
        }
        else if (entries.Count == 0)
        {
            Terminal.Remark($"No notifications{(run is null ? "" : $" of run {run}")} in {data.Root}.");
        }
        else
        {
            Write(entries, counts, ofOneRun: run is not null);
        }

        return ExitCodes.Done;
    }

    private static void Write(
        List<LedgerEntry> entries, Dictionary<(string Channel, NotificationState State), long> counts, bool ofOneRun)
    {
        var table = new Table(
            new Column("run", Keep: ofOneRun ? 0 : Column.Always), new Column("store", Keep: 5), new Column("channel", Keep: 6), new Column("to"), new Column("state"),
            new Column("tries", Keep: 2, Right: true), new Column("last", Keep: 1), new Column("reply", Keep: 3, Flexible: true));
        foreach (var entry in entries)
        {
            table.Add(entry.RunId, entry.Store, entry.Channel, entry.Address, entry.State, entry.Tries, entry.LastAt, entry.Reply);
        }

        table.Write(Terminal.Screen);
        foreach (var channel in counts.GroupBy(count => count.Key.Channel).OrderBy(channel => channel.Key, StringComparer.Ordinal))
        {
            Terminal.Remark(
                $"{channel.Key}: {string.Join(", ", channel.OrderBy(c => c.Key.State).Select(c => $"{Texts.Number(c.Value)} {c.Key.State}"))}");
        }
    }
}
