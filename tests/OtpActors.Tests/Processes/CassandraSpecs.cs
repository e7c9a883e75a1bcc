using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using OtpActors.Cql;
using OtpActors.Infrastructure.Topics;
using OtpActors.Infrastructure.Topics.Kafka;
using OtpActors.Tests.Servers;
using OtpActors.Tests.Servers.Cassandra;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Processes;

/// <summary>The program with Cassandra as its store.</summary>
[Collection(OneAtATime.Name)]
public sealed class CassandraSpecs(CassandraServers servers, KafkaServers brokers) : IDisposable
{
    private const int Records = 20_000;

    private static readonly TimeSpan Outage = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(10);

    private readonly Workplace _at = new();
    private readonly string _keyspace = $"run_{Guid.NewGuid():N}";

    public void Dispose() => _at.Dispose();

    [Fact]
    public async Task A_store_that_is_away_for_half_a_minute_loses_and_doubles_nothing()
    {
        // A lone node that is killed loses what it has acknowledged and not yet synced, unless it syncs first.
        await using var node = await servers.OwnAsync(settings => settings with
        {
            Settings = new Dictionary<string, JsonNode?>
            {
                ["commitlog_sync"] = "batch",
                ["commitlog_sync_batch_window_in_ms"] = 2,
                ["commitlog_sync_period_in_ms"] = null,
            },
        });
        await node.StartAsync();
        await using var process = OtpActorsProcess.Start(
            _at.Path, ["run", "--count", $"{Records}", "--notify", "none", "--window", "600s", "--json", "--data", _at.Data.Root],
            environment: Settings(node.ContactPoint));

        // In the middle of it: some is committed, not all.
        (await process.UntilAsync(() => _at.Data.Committed("cassandra") is > 0 and < Records || process.HasExited)).ShouldBeTrue();
        await node.KillAsync();
        await Task.Delay(Outage, TestContext.Current.CancellationToken);
        await node.StartAsync();
        var report = (await process.EndAsync(Bound)).ShouldExitWith(0).Report;

        var store = report.Stores.Single(each => each.Name == "cassandra");
        (store.Read, store.Inserted, store.Skipped, store.DeadLettered).ShouldBe((Records, Records, 0, 0));
        (await RowsAsync(node.ContactPoint)).Order().ShouldBe(_at.Data.Topic().Order());
    }

    [Fact]
    public async Task Records_of_a_topic_in_Kafka_are_stored()
    {
        const int records = 5_000;
        var contactPoint = (await servers.OneAsync())[0];
        var kafka = await brokers.OneAsync();
        var topic = $"cassandra-{Guid.NewGuid():N}";
        await using (var topics = new KafkaTopic(kafka.Options, TimeProvider.System, NullLogger<KafkaTopic>.Instance, kafka.Creation))
        {
            await topics.EnsureAsync(new TopicSpec(topic, 3, 1), TestContext.Current.CancellationToken);
            await topics.EnsureAsync(new TopicSpec(DeadLetters.TopicOf(topic), 3, 1), TestContext.Current.CancellationToken);
        }

        var settings = Settings(contactPoint);
        settings["OtpActors__Topic__Provider"] = "Kafka";
        settings["OtpActors__Kafka__BootstrapServers"] = kafka.Options.BootstrapServers;
        foreach (var (key, value) in kafka.Options.Properties)
        {
            settings[$"OtpActors__Kafka__Properties__{key}"] = value.Reveal();
        }

        await using var process = OtpActorsProcess.Start(
            _at.Path, ["run", "--count", $"{records}", "--topic", topic, "--notify", "none", "--window", "600s", "--json", "--data", _at.Data.Root],
            environment: settings);
        var report = (await process.EndAsync(Bound)).ShouldExitWith(0).Report;

        (report.Outcome, report.StoresAgree).ShouldBe(("Completed", true));
        var store = report.Stores.Single(each => each.Name == "cassandra");
        (store.Read, store.Inserted, store.Skipped, store.DeadLettered).ShouldBe((records, records, 0, 0));
        (await RowsAsync(contactPoint)).Select(row => row.Item1).Distinct().Count().ShouldBe(records);
    }

    [Fact]
    public async Task A_record_that_was_stored_is_found()
    {
        var contactPoint = (await servers.OneAsync())[0];
        await using var run = OtpActorsProcess.Start(
            _at.Path, ["run", "--email", "ann@example.com", "--otp", "012345", "--json", "--data", _at.Data.Root], environment: Settings(contactPoint));
        (await run.EndAsync(Bound)).ShouldExitWith(0);
        await using var find = OtpActorsProcess.Start(
            _at.Path, ["find", "ann@example.com", "--reveal", "--json", "--data", _at.Data.Root], environment: Settings(contactPoint));

        (await find.EndAsync(Bound)).ShouldExitWith(0).Json.GetProperty("stores")[0].GetProperty("otp").GetString().ShouldBe("012345");
        await ShouldSayAsync(Settings(contactPoint, "elsewhere"), "has no keyspace elsewhere: set OtpActors:Cassandra:Keyspace");
        await ShouldSayAsync(Settings($"127.0.0.1:{Ports.Free("127.0.0.1")}"), "cannot be reached", "OtpActors:Cassandra:ContactPoints");
        await ShouldSayAsync(
            new(Settings(contactPoint)) { ["OtpActors__Cassandra__LocalDatacenter"] = "moon" }, "has no data centre moon", "OtpActors:Cassandra:LocalDatacenter");
        await ShouldSayAsync(
            new(Settings(contactPoint)) { ["OtpActors__Cassandra__Table"] = "nothing" }, "has no table nothing", "OtpActors:Cassandra:Table");
    }

    private async Task ShouldSayAsync(Dictionary<string, string> settings, params string[] words)
    {
        await using var find = OtpActorsProcess.Start(
            _at.Path, ["find", "ann@example.com", "--data", _at.Data.Root], environment: settings);
        var ended = (await find.EndAsync(Bound)).ShouldExitWith(1);

        foreach (var word in words)
        {
            ended.Error.ShouldContain(word);
        }

        ended.Error.ShouldNotContain("   at ");
    }

    private Dictionary<string, string> Settings(string contactPoint, string? keyspace = null) => new()
    {
        ["OtpActors__Stores__Cassandra__Provider"] = "Cassandra",
        ["OtpActors__Cassandra__ContactPoints"] = contactPoint,
        ["OtpActors__Cassandra__Keyspace"] = keyspace ?? _keyspace,
    };

    private async Task<List<(string, string)>> RowsAsync(string contactPoint)
    {
        await using var cluster = Cluster.Builder().AddContactPoint(contactPoint).Build();
        var session = await cluster.ConnectAsync(TestContext.Current.CancellationToken);
        var rows = new List<(string, string)>();
        await foreach (var row in await session.ExecuteAsync($"SELECT email, otp FROM {_keyspace}.email_table"))
        {
            rows.Add((row.GetValue<string>(0), row.GetValue<string>(1)));
        }

        return rows;
    }
}
