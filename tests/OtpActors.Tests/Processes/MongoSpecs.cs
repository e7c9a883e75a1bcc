using MongoDB.Bson;
using MongoDB.Driver;
using OtpActors.Tests.Infrastructure.Stores.Mongo;
using OtpActors.Tests.Servers.Mongo;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Processes;

/// <summary>The program with its store in MongoDB; on any server.</summary>
[Collection(OneAtATime.Name)]
public sealed class MongoSpecs : IAsyncDisposable
{
    private const string Canary = "canary-5up3r-s3cret";

    private readonly Workplace _at = new();
    private readonly MongoStores _mongo = new();

    private Dictionary<string, string> Settings => new()
    {
        ["OtpActors__Stores__Mongo__Provider"] = "MongoDB",
        ["OtpActors__Mongo__ConnectionString"] = _mongo.ConnectionString,
        ["OtpActors__Mongo__Database"] = _mongo.Database,
    };

    public async ValueTask DisposeAsync()
    {
        await _mongo.DisposeAsync();
        _at.Dispose();
    }

    [Fact]
    public async Task A_run_stores_in_MongoDB_and_find_shows_what_is_there()
    {
        var report = (await RunAsync("run", "--email", "ann@example.com", "--interval", "1ms", "--duration", "4ms", "--json"))
            .ShouldExitWith(0).Report;
        report.Stores.Select(s => (s.Name, s.Read, s.Inserted, s.Skipped, s.Found)).ShouldBe([("cassandra", 5, 1, 4, 1), ("mongo", 5, 1, 4, 1)]);
        (await DocumentsAsync()).ShouldHaveSingleItem()["topic"].ShouldBe("email_topic");

        (await RunAsync("run", "--count", "5000", "--notify", "none", "--topic", "more", "--json")).ShouldExitWith(0)
            .Report.Stores[1].Inserted.ShouldBe(5_000);
        (await DocumentsAsync()).Count.ShouldBe(5_001);
        (await RunAsync("find", "ann@example.com", "--reveal", "--json")).ShouldExitWith(0).Json.GetProperty("stores").EnumerateArray()
            .Select(row => row.GetProperty("otp").GetString()).ShouldBe(["1234567", "1234567"]);
    }

    [Fact]
    public async Task Of_a_thousand_records_ten_that_MongoDB_refuses_become_dead_letters()
    {
        await _mongo.RefuseAsync(Canary);
        _at.Write("people.csv", [
            "email,otp", .. Enumerable.Range(0, 1_000).Select(i => $"user{i}@example.com,{(i % 100 == 42 ? Canary : $"{i:D6}")}")]);

        var ended = (await RunAsync("run", "--from", "people.csv", "--notify", "none", "--json")).ShouldExitWith(1);
        var mongo = ended.Report.Stores[1];
        (mongo.Read, mongo.Inserted, mongo.Skipped, mongo.DeadLettered, mongo.Missing).ShouldBe((1_000, 990, 0, 10, 10));
        (await DocumentsAsync()).Count.ShouldBe(990);
        _at.Data.Topic().Count.ShouldBe(1_010); // ten of them in the topic of dead letters
        _at.Data.Logs.ShouldNotContain(Canary);
        ended.Error.ShouldNotContain(Canary);
    }

    [Fact]
    public async Task Duplicates_fail_the_run_until_they_are_repaired()
    {
        await _mongo.Collection.InsertManyAsync(Enumerable.Range(0, 3).Select(_ =>
            new BsonDocument { { "email", "ann@example.com" }, { "otp", Canary } }), cancellationToken: TestContext.Current.CancellationToken);
        string[] run = ["run", "--email", "ann@example.com", "--otp", Canary, "--interval", "2ms", "--duration", "1ms", "--notify", "none", "--json"];
        var once = Settings;
        once["OtpActors__Workflow__Steps__Sink__Attempts"] = "1";

        var failed = (await _at.RunBareAsync([.. run, "--data", _at.Data.Root], environment: once)).ShouldExitWith(1);
        failed.Output.ShouldContain("repair mongo --dry-run");
        (await RunBareAsync("repair", "mongo", "--dry-run")).ShouldExitWith(1).Output.ShouldContain("2 documents too many, 0 removed");
        (await DocumentsAsync()).Count.ShouldBe(3);
        var repaired = (await RunBareAsync("repair", "mongo")).ShouldExitWith(0);
        repaired.Output.ShouldContain("2 documents too many, 2 removed");
        repaired.Output.ShouldNotContain(Canary);
        (await RunBareAsync("repair", "mongo", "--dry-run")).ShouldExitWith(0);

        // The failed run's record, which waited in the topic, and this one's.
        (await RunAsync(run)).ShouldExitWith(0).Report.Stores[1].Skipped.ShouldBe(2);
        _at.Data.Logs.ShouldNotContain(Canary);
    }

    [Theory]
    [InlineData($"mongodb://otp:{Canary}@127.0.0.1:1/?serverSelectionTimeoutMS=200", 1, "MongoDB at 127.0.0.1:1 is unavailable")]
    [InlineData($"mongo://otp:{Canary}@127.0.0.1:1", 2, "ConnectionString is no connection string of MongoDB")]
    [InlineData($"mongodb://otp:{Canary}/@127.0.0.1:1", 2, "ConnectionString is no connection string of MongoDB")]
    public async Task What_is_wrong_with_the_connection_is_said_without_its_secrets(string connectionString, int exitCode, string says)
    {
        var settings = Settings;
        settings["OtpActors__Mongo__ConnectionString"] = connectionString;

        var ended = (await _at.RunBareAsync(["find", "ann@example.com"], environment: settings)).ShouldExitWith(exitCode).ShouldSay(says);
        ended.Error.ShouldNotContain(Canary);
        ended.Output.ShouldNotContain(Canary);
    }

    [Fact]
    public async Task There_is_nothing_to_repair_where_the_store_is_embedded() =>
        (await _at.RunBareAsync(["repair", "mongo"])).ShouldExitWith(2).ShouldSay("Provider is Embedded");

    private Task<Ended> RunAsync(params string[] arguments) => RunBareAsync([.. arguments, "--data", _at.Data.Root]);

    private Task<Ended> RunBareAsync(params string[] arguments) => _at.RunBareAsync(arguments, environment: Settings);

    private Task<List<BsonDocument>> DocumentsAsync() => _mongo.Collection.Find(FilterDefinition<BsonDocument>.Empty).ToListAsync();
}

/// <summary>The program while its MongoDB breaks, on the double.</summary>
[Collection(OneAtATime.Name)]
public sealed class MongoOutageSpecs : IAsyncDisposable
{
    private const int Records = 20_000;

    private readonly Workplace _at = new();
    private readonly MongoServer _server = MongoServer.Start(members: 3);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _at.Dispose();
    }

    [Fact]
    public async Task An_outage_in_the_middle_of_a_run_holds_the_records() => await RunThroughAsync(async process =>
    {
        _server.Stop();
        (await process.UntilItSaysAsync("mongo is unavailable")).ShouldBeTrue();
        _server.Restart();
    });

    [Fact]
    public async Task A_new_primary_in_the_middle_of_a_run_takes_over() => await RunThroughAsync(_ =>
    {
        _server.FailOver();
        return Task.CompletedTask;
    });

    [Fact]
    public async Task Replies_that_are_lost_in_the_middle_of_a_run_double_nothing() => await RunThroughAsync(
        _ => Task.CompletedTask, (name, number) => name == "update" && number % 3 == 1 ? new MongoFault.DropReply() : null);

    /// <summary>Stops at the second write, lets something go wrong, and looks at what is there at the end.</summary>
    private async Task RunThroughAsync(Func<OtpActorsProcess, Task> trouble, Func<string, int, MongoFault?>? fault = null)
    {
        var (reached, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        _server.Fault = (name, number) =>
        {
            if (name == "update" && number == 1)
            {
                reached.TrySetResult();
                return new MongoFault.Hold(gate.Task);
            }

            return fault?.Invoke(name, number);
        };
        await using var process = OtpActorsProcess.Start(
            _at.Path, ["run", "--count", $"{Records}", "--notify", "none", "--window", "2m", "--json", "--data", _at.Data.Root],
            environment: new Dictionary<string, string>
            {
                ["OtpActors__Stores__Mongo__Provider"] = "MongoDB",
                ["OtpActors__Mongo__ConnectionString"] = $"{_server.ConnectionString}&serverSelectionTimeoutMS=500",
                ["OtpActors__Workflow__Steps__Sink__Timeout"] = "00:02:00",
            });
        (await process.UntilAsync(() => reached.Task.IsCompleted)).ShouldBeTrue();
        var broken = trouble(process);
        gate.SetResult();
        await broken;

        var report = (await process.EndAsync(TimeSpan.FromMinutes(2))).ShouldExitWith(0).Report;
        (report.Outcome, report.StoresAgree).ShouldBe(("Completed", true));
        report.Stores.Select(s => (s.Read, s.Inserted, s.Skipped, s.DeadLettered, s.Found)).ShouldBe(
            [(Records, Records, 0, 0, Records), (Records, Records, 0, 0, Records)]);
        using var client = new MongoClient(_server.ConnectionString);
        var stored = await client.GetDatabase("email_database").GetCollection<BsonDocument>("email_collection")
            .Find(FilterDefinition<BsonDocument>.Empty).ToListAsync(TestContext.Current.CancellationToken);
        stored.Select(document => (document["email"].AsString, document["otp"].AsString)).Order().ShouldBe(_at.Data.Topic().Order());
    }
}
