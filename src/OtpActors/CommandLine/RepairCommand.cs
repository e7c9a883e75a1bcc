using System.CommandLine;
using OtpActors.Domain.Runs;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Stores.Mongo;

namespace OtpActors.CommandLine;

/// <summary><c>repair mongo</c>: makes a collection that others have filled fit for the store's unique index.</summary>
internal static class RepairCommand
{
    public static Command Create()
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Tell what would be removed, and change nothing. Exit code 1 if there is anything." };
        var mongo = new Command(
            "mongo",
            "Keeps one document of each address and password in MongoDB's collection, removes those that hold the same and no more, "
            + "leaves and counts what is no record, and builds the indexes.")
        {
            dryRun,
        }.WithExamples("repair mongo --dry-run", "repair mongo");
        mongo.SetAction((parsed, cancellationToken) => Cli.GuardAsync(() => RepairAsync(Cli.Settings(parsed), parsed.GetValue(dryRun), cancellationToken)));
        return new Command("repair", "Mends a store that other programs have written to.") { mongo }
            .WithExamples("repair mongo --dry-run", "repair mongo --help");
    }

    private static async Task<int> RepairAsync(OtpActorsOptions settings, bool dryRun, CancellationToken cancellationToken)
    {
        var (options, store) = (settings.Mongo, settings.Stores.Mongo);
        if (store.Provider != StoreProvider.MongoDB)
        {
            throw new UsageException(
                $"{OtpActorsOptions.Section}:Stores:Mongo:Provider is {store.Provider}: there is no MongoDB to repair.");
        }

        await using var mongo = new MongoStore(StoreNames.Mongo, options, store.OnExisting, TimeProvider.System);
        var report = await mongo.FindDuplicatesAsync(remove: !dryRun, cancellationToken);
        Write(report, $"{options.Database}.{options.Collection}");
        if (dryRun)
        {
            return report is { Surplus: 0, CanBeIndexed: true } ? ExitCodes.Done : ExitCodes.NotDone;
        }

        await mongo.EnsureSchemaAsync(cancellationToken);
        Console.Out.WriteLine("Its indexes are built.");
        return ExitCodes.Done;
    }

    private static void Write(DuplicateReport report, string collection)
    {
        var screen = Terminal.Screen;
        if (report.Identities == 0)
        {
            screen.WriteText($"{collection} holds every record once.");
        }
        else
        {
            screen.WriteText(
                $"{collection} holds {Texts.Count(report.Identities, "record")} more than once: "
                + $"{Texts.Count(report.Surplus, "document")} too many, {Texts.Number(report.Removed)} removed.");
            foreach (var line in report.Sample)
            {
                screen.Out.WriteLine($"  {line}");
            }
        }

        if (report.Kept > 0)
        {
            screen.WriteText(
                $"{Texts.Number(report.Kept)} more have fields that are not the store's own, and are left: merge or remove them by hand.");
        }

        if (report.Others > 0)
        {
            screen.WriteText(
                $"{Texts.Count(report.Others, "document")} hold no record (no text with an address and a password) and are left; "
                + $"{Texts.Number(report.OthersAlike)} of them are equal to another in email and otp, which the unique index does not allow.");
        }
    }
}
