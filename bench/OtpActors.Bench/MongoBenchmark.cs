using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using MongoDB.Bson;
using MongoDB.Driver;
using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Stores.Mongo;
using Spectre.Console;

namespace OtpActors.Bench;

/// <summary>
/// <c>mongo --connection …</c>: the store's way of writing beside a bare loop of <c>BulkWriteAsync</c> over the same models,
/// ready-made, in turns, on one server. The ratio is what counts: it says what the store adds to the driver.
/// </summary>
internal static class MongoBenchmark
{
    private const string Database = "otpactors_bench";

    public static Command Create()
    {
        var connection = new Option<string>("--connection") { Description = "The server; its database otpactors_bench is dropped.", Required = true };
        var records = new Option<int>("--records") { Description = "Records of each turn.", DefaultValueFactory = _ => 50_000 };
        var batch = new Option<int>("--batch") { Description = "Records of a bulk.", DefaultValueFactory = _ => 1_000 };
        var turns = new Option<int>("--turns") { Description = "Turns of each, after one to warm up.", DefaultValueFactory = _ => 5 };
        var command = new Command("mongo", "Measures the store in MongoDB against the bare driver.") { connection, records, batch, turns };
        command.SetAction((parsed, cancel) => MeasureAsync(
            parsed.GetRequiredValue(connection), parsed.GetValue(records), parsed.GetValue(batch), parsed.GetValue(turns), cancel));
        return command;
    }

    private static async Task MeasureAsync(string connection, int records, int batch, int turns, CancellationToken cancel)
    {
        var options = new MongoOptions { ConnectionString = connection, Database = Database };
        using var client = new MongoClient(connection);
        await using var store = new MongoStore("mongo", options, OnExisting.Skip, TimeProvider.System);
        var collection = client.GetDatabase(Database).GetCollection<BsonDocument>(options.Collection)
            .WithWriteConcern(WriteConcern.WMajority);
        var batches = Enumerable.Range(0, records).Select(Record).Chunk(batch).ToList();
        var (ours, bare) = (new List<Turn>(), new List<Turn>());
        for (var turn = 0; turn <= turns; turn++)
        {
            var models = batches.ConvertAll(some => some.Select(Model).ToList());
            await ResetAsync();
            var driver = await TurnAsync(records, async () =>
            {
                foreach (var some in models)
                {
                    await collection.BulkWriteAsync(some, new BulkWriteOptions { IsOrdered = false }, cancel);
                }
            });
            await ResetAsync();
            var own = await TurnAsync(records, async () =>
            {
                foreach (var some in batches)
                {
                    await store.WriteAsync(some, cancel);
                }
            });
            if (turn > 0)
            {
                bare.Add(driver);
                ours.Add(own);
            }
        }

        await client.DropDatabaseAsync(Database, cancel);
        Write(ours, bare);

        async Task ResetAsync()
        {
            await client.DropDatabaseAsync(Database, cancel);
            await store.EnsureSchemaAsync(cancel);
            GC.Collect();
        }
    }

    private static async Task<Turn> TurnAsync(int records, Func<Task> work)
    {
        var (allocated, clock) = (GC.GetTotalAllocatedBytes(precise: true), Stopwatch.StartNew());
        await work();
        var seconds = clock.Elapsed.TotalSeconds;
        return new Turn(records / seconds, (double)(GC.GetTotalAllocatedBytes(precise: true) - allocated) / records);
    }

    private static StoreRecord Record(int number) => new(
        EmailAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"user-{number:D7}@example.com")),
        OneTimePassword.Parse(string.Create(CultureInfo.InvariantCulture, $"{number % 1_000_000:D6}")),
        new RecordOrigin("email_topic", 0, number), DateTimeOffset.UnixEpoch.AddDays(20_000));

    /// <summary>What the store makes of a record.</summary>
    private static WriteModel<BsonDocument> Model(StoreRecord record) => new UpdateOneModel<BsonDocument>(
        new BsonDocument { { "email", record.Email.Value }, { "otp", record.Otp.Reveal() } },
        new BsonDocument("$setOnInsert", new BsonDocument
        {
            { "topic", record.Origin.Topic }, { "partition", record.Origin.Partition }, { "offset", record.Origin.Offset },
            { "producedAt", record.ProducedAt.UtcDateTime }, { "storedAt", record.ProducedAt.UtcDateTime },
        }))
    { IsUpsert = true };

    private static void Write(List<Turn> ours, List<Turn> bare)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumns("", "records/s, median", "best", "alloc B/record");
        Add("store", ours);
        Add("bare driver", bare);
        AnsiConsole.Write(table);
        AnsiConsole.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"store / bare driver: {Median(ours) / Median(bare):P0} (median), {ours.Max(t => t.Rate) / bare.Max(t => t.Rate):P0} (best)"));

        void Add(string name, List<Turn> turns) => table.AddRow(
            name,
            Median(turns).ToString("N0", CultureInfo.InvariantCulture),
            turns.Max(t => t.Rate).ToString("N0", CultureInfo.InvariantCulture),
            turns.Min(t => t.Allocated).ToString("N0", CultureInfo.InvariantCulture));
    }

    private static double Median(List<Turn> turns) => turns.Select(t => t.Rate).Order().ElementAt(turns.Count / 2);

    /// <param name="Rate">Records a second.</param>
    /// <param name="Allocated">Bytes a record, of this process.</param>
    private sealed record Turn(double Rate, double Allocated);
}
