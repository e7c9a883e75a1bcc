using System.CommandLine;
using OtpActors.Api;
using OtpActors.CommandLine.Screens;
using OtpActors.CommandLine.Tables;
using OtpActors.Domain.Records;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Storage;

namespace OtpActors.CommandLine.Services;

/// <summary><c>find EMAIL</c>: what each store holds for an address. Where no service runs, the stores are read from here.</summary>
internal static class FindCommand
{
    public static Command Create()
    {
        var email = new Argument<string>("EMAIL") { Description = "The address." };
        var reveal = new Option<bool>("--reveal") { Description = "Show the password; a service writes that into its audit." };
        return ServiceVerb.Create("find", "Shows an address's record in each store. Exit code 0 if every store has it, else 1.", [email, reveal], async call =>
        {
            var (text, shown) = (call.Parsed.GetRequiredValue(email), call.Parsed.GetValue(reveal));
            if (!EmailAddress.TryParse(text, out var address, out var error))
            {
                throw new UsageException($"'{text}': {error}.");
            }

            var found = await call.AskOrReadAsync(
                service => service.FindAsync(address.Value, shown, call.Cancel), settings => ReadAsync(settings, address, shown, call.Cancel));
            foreach (var store in found.Stores.Where(store => store.Problem is not null))
            {
                Terminal.Error.WriteText(TextWidth.Clean($"{store.Store}: {store.Problem!.TrimEnd('.')}."));
            }

            return call.Show(
                found, screen => Write(screen, found), found.Stores.All(store => store.Found == true) ? ExitCodes.Done : ExitCodes.NotDone);
        }).WithExamples("find jane@example.com", "find jane@example.com --reveal --json");
    }

    private static async Task<FoundOtpDocument> ReadAsync(OtpActorsOptions settings, EmailAddress email, bool reveal, CancellationToken cancellationToken)
    {
        using var data = DataDirectory.OpenReadOnly(settings.Data);
        var parts = new List<FoundOtpDocument.StorePart>();
        foreach (var store in ConfiguredStores.Open(settings, data, TimeProvider.System, readOnly: true))
        {
            await using (store)
            {
                parts.Add(await FoundOtps.LookAsync(store, email, reveal, cancellationToken));
            }
        }

        return new FoundOtpDocument(email.Value, parts);
    }

    private static void Write(Screen screen, FoundOtpDocument found)
    {
        var table = new Table(
            new Column("store"), new Column("email"), new Column("otp", Keep: 4), new Column("origin", Keep: 2), new Column("produced", Keep: 3),
            new Column("stored", Keep: 1));
        foreach (var store in found.Stores)
        {
            table.Add(
                store.Store, store.Found switch { true => found.Email, false => "not found", null => "not known" }, store.Otp,
                store.Origin is { } origin ? $"{origin.Topic}/{origin.Partition}@{origin.Offset}" : null, store.ProducedAt, store.StoredAt);
        }

        table.Write(screen);
    }
}
