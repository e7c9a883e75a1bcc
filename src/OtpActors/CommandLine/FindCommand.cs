using System.CommandLine;
using System.Text.Json;
using OtpActors.CommandLine.Tables;
using OtpActors.Hosting;
using OtpActors.Records;

namespace OtpActors.CommandLine;

/// <summary><c>find EMAIL</c>: what each store holds for an address. Reads only, beside a running service too.</summary>
internal static class FindCommand
{
    public static Command Create()
    {
        var email = new Argument<string>("EMAIL") { Description = "The address." };
        var reveal = new Option<bool>("--reveal") { Description = "Show the password." };
        var json = new Option<bool>("--json") { Description = "Print one JSON array." };
        var command = new Command("find", "Shows an address's record in each store. Exit code 0 if every store has it, else 1.")
        {
            email, reveal, Cli.Data, json,
        }.WithExamples("find jane@example.com", "find jane@example.com --reveal --json");
        command.SetAction((parsed, cancel) => Cli.GuardAsync(() => FindAsync(
            Cli.Settings(parsed), parsed.GetRequiredValue(email), parsed.GetValue(reveal), parsed.GetValue(json), cancel)));
        return command;
    }

    private static async Task<int> FindAsync(
        OtpActorsOptions settings, string text, bool reveal, bool json, CancellationToken cancel)
    {
        if (!EmailAddress.TryParse(text, out var email, out var error))
        {
            throw new UsageException($"'{text}': {error}.");
        }

        using var data = DataDirectory.OpenReadOnly(settings.Data);
        var rows = new List<Row>();
        foreach (var store in ConfiguredStores.Open(settings, data, TimeProvider.System, readOnly: true))
        {
            await using (store)
            {
                var found = (await store.FindAsync([email], cancel)).GetValueOrDefault(email);
                rows.Add(new Row(
                    store.Name, found is not null, found?.Email.Value,
                    found is null ? null : reveal ? found.Otp.Reveal() : found.Otp.ToString(),
                    found?.Origin is { } origin ? $"{origin.Topic}/{origin.Partition}@{origin.Offset}" : null,
                    found?.ProducedAt, found?.StoredAt));
            }
        }

        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(rows, Terminal.Json));
        }
        else
        {
            Write(rows);
        }

        return rows.All(row => row.Found) ? ExitCodes.Done : ExitCodes.NotDone;
    }

    private static void Write(List<Row> rows)
    {
        var table = new Table(
            new Column("store"), new Column("email"), new Column("otp", Keep: 4), new Column("origin", Keep: 2), new Column("produced", Keep: 3),
            new Column("stored", Keep: 1));
        foreach (var row in rows)
        {
            table.Add(
                row.Store, row.Found ? row.Email : "not found", row.Otp, row.Origin, row.ProducedAt, row.StoredAt);
        }

        table.Write(Terminal.Screen);
    }

    private sealed record Row(
        string Store, bool Found, string? Email, string? Otp, string? Origin, DateTimeOffset? ProducedAt, DateTimeOffset? StoredAt);
}
