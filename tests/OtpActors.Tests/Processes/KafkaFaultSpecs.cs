using Confluent.Kafka;
using MongoDB.Bson;
using MongoDB.Driver;
using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Topics.Kafka;
using OtpActors.Tests.Servers;
using OtpActors.Tests.Servers.Mongo;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Processes;

/// <summary>
/// The program while brokers or a store break. The store <c>mongo</c> is a double whose third write waits, so that the
/// run is under way for as long as a test needs.
/// </summary>
/// <remarks>Beside other specs, since they mostly wait; and so in groups of their own.</remarks>
[Collection(nameof(KafkaFaultSpecs))]
public abstract class KafkaFaultSpecs : KafkaRunSpecs
{
    private protected const int Records = 60_000;

    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private protected MongoServer Mongo { get; } = MongoServer.Start();

    /// <summary>As short as the brokers allow, which is 6 s unless they are told otherwise.</summary>
    protected TimeSpan Session => TimeSpan.FromSeconds(Kafka.Cluster is null ? 6 : 4);

    protected string MongoGroup => $"{Topic}-mongo";

    public override async ValueTask DisposeAsync()
    {
        _gate.TrySetResult();
        await base.DisposeAsync();
        await Mongo.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Lets something happen in the midst of a run, and looks at what is there at its end.</summary>
    private protected async Task<RunReport> RunThroughAsync(Func<OtpActorsProcess, Task> trouble)
    {
        Mongo.Fault = (name, number) =>
        {
            if (name == "update" && number == 2)
            {
                _reached.TrySetResult();
                return new MongoFault.Hold(_gate.Task);
            }

            return null;
        };
        await using var process = Start(
            new Dictionary<string, string>
            {
                ["OtpActors__Stores__Mongo__Provider"] = "MongoDB",
                ["OtpActors__Mongo__ConnectionString"] = $"{Mongo.ConnectionString}&serverSelectionTimeoutMS=500&socketTimeoutMS=300000",
                ["OtpActors__Stores__Mongo__ConsumerGroup"] = MongoGroup,
                ["OtpActors__Stores__Cassandra__ConsumerGroup"] = $"{Topic}-cassandra",
                ["OtpActors__Kafka__Properties__batch.num.messages"] = "50", // a production that takes its time
                ["OtpActors__Kafka__Properties__session.timeout.ms"] = $"{Session.TotalMilliseconds}",
                ["OtpActors__Kafka__Properties__heartbeat.interval.ms"] = "500",
            },
            "run", "--count", $"{Records}", "--topic", Topic, "--notify", "none", "--window", "5m", "--json");
        (await process.UntilAsync(() => _reached.Task.IsCompleted)).ShouldBeTrue();
        await trouble(process);
        process.HasExited.ShouldBeFalse();
        _gate.TrySetResult();

        var report = (await process.EndAsync(TimeSpan.FromMinutes(3))).ShouldExitWith(0).Report;
        ShouldHoldAll(report, Records);
        report.Stores.ShouldAllBe(store => store.Inserted == Records && store.DeadLettered == 0);
        var stored = await StoredAsync();
        stored.Count.ShouldBe(Records);
        stored.ShouldBe((await At.Data.StoreAsync(StoreNames.Cassandra)).Order());
        return report;
    }

    private protected void LetGo() => _gate.TrySetResult();

    private async Task<List<(string, string)>> StoredAsync()
    {
        using var client = new MongoClient(Mongo.ConnectionString);
        var stored = await client.GetDatabase("email_database").GetCollection<BsonDocument>("email_collection")
            .Find(FilterDefinition<BsonDocument>.Empty).ToListAsync(Cancellation);
        return [.. stored.Select(document => (document["email"].AsString, document["otp"].AsString)).Order()];
    }
}

public sealed class KafkaBrokersFaultSpecs(KafkaServers servers) : KafkaFaultSpecs
{
    private protected override Task<KafkaUnderTest> BrokersAsync() => servers.ThreeAsync();

    [Fact]
    public async Task A_leader_that_dies_and_comes_back_in_the_midst_of_a_run_loses_nothing() => await RunThroughAsync(async _ =>
    {
        var cluster = Kafka.Cluster!;
        var leader = await cluster.LeaderAsync(Topic, 0, Cancellation);
        await cluster.KillAsync(leader);
        await cluster.RestartAsync(leader, Cancellation);
        (await cluster.LeaderAsync(Topic, 0, Cancellation)).ShouldNotBe(leader);
    });
}

public sealed class KafkaLoneBrokerFaultSpecs(KafkaServers servers) : KafkaFaultSpecs
{
    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (Kafka?.Cluster is { } cluster)
        {
            await cluster.DisposeAsync();
        }
    }

    private protected override Task<KafkaUnderTest> BrokersAsync() => servers.OwnAsync();

    [Fact]
    public async Task The_only_broker_dies_and_comes_back_in_the_midst_of_a_run_and_nothing_is_lost() => await RunThroughAsync(async _ =>
    {
        var broker = Kafka.Cluster!.BrokerIds.Single();
        await Kafka.Cluster.KillAsync(broker);
        await Kafka.Cluster.RestartAsync(broker, Cancellation);
    });
}

public sealed class KafkaStoreOutageSpecs(KafkaServers servers) : KafkaFaultSpecs
{
    private protected override Task<KafkaUnderTest> BrokersAsync() => servers.OneAsync();

    [Fact]
    public async Task A_store_that_is_out_holds_its_records_and_its_place_in_the_group()
    {
        var report = await RunThroughAsync(async process =>
        {
            Mongo.Stop();
            LetGo();
            (await process.UntilItSaysAsync("mongo is unavailable")).ShouldBeTrue();
            var (member, committed) = (Member(), await CommittedAsync());
            await Task.Delay(2.3 * Session, Cancellation); // what is tested
            (Member(), await CommittedAsync()).ShouldBe((member, committed));
            (await process.UntilAsync(() => At.Data.StoreCount(StoreNames.Cassandra) == Records)).ShouldBeTrue(); // the other goes on
            Mongo.Restart();
        });

        report.Stores.ShouldAllBe(store => store.Read == Records && store.Skipped == 0);
    }

    private async Task<long> CommittedAsync() =>
        (await Topics.CommittedAsync(Topic, MongoGroup, Cancellation)).Values.Sum();

    /// <summary>The group's only one, by the name that the brokers gave it when it joined.</summary>
    private string Member()
    {
        using var admin = new AdminClientBuilder(
            KafkaClients.Common(Kafka.Options))
            .SetLogHandler((_, _) => { }).Build();
        var group = admin.ListGroup(MongoGroup, TimeSpan.FromSeconds(10));
        group.State.ShouldBe("Stable");
        return group.Members.ShouldHaveSingleItem().MemberId;
    }
}
