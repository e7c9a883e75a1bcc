using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using OtpActors.Tests.Servers;
using OtpActors.Topics;
using OtpActors.Topics.Kafka;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Topics.Kafka;

/// <summary>The command <c>run</c>, as a process, on a real broker.</summary>
public sealed class KafkaRunSpecs(KafkaServers servers) : IAsyncLifetime
{
    private readonly TempDirectory _directory = new();
    private readonly string _topic = $"run-{Guid.NewGuid():N}";
    private KafkaUnderTest _kafka = null!;

    public async ValueTask InitializeAsync()
    {
        _kafka = await servers.OneAsync();
        await using var topics = Open();
        await topics.EnsureAsync(new TopicSpec(_topic, 3, 1), TestContext.Current.CancellationToken);
        await topics.EnsureAsync(new TopicSpec(DeadLetters.TopicOf(_topic), 1, 1), TestContext.Current.CancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task The_tutorials_record_reaches_both_stores()
    {
        using var run = Start("--duration", "2s", "--interval", "1s");
        var report = await run.ReportAsync();

        report.GetProperty("outcome").GetString().ShouldBe("Completed");
        foreach (var store in Stores(report))
            (Count(store, "inserted"), Count(store, "found")).ShouldBe((1, 1));
    }

    [Fact]
    public async Task Records_of_a_file_reach_both_stores()
    {
        var file = _directory.File("people.csv");
        await File.WriteAllLinesAsync(
            file, ["email,otp", .. Enumerable.Range(0, 500).Select(i => $"user{i}@example.com,{i:D6}")],
            TestContext.Current.CancellationToken);
        using var run = Start("--from", file, "--notify", "3");
        var report = await run.ReportAsync();

        foreach (var store in Stores(report))
            (Count(store, "inserted"), Count(store, "found")).ShouldBe((500, 500));
    }

    [Fact]
    public async Task Two_hundred_thousand_records_reach_both_stores()
    {
        using var run = Start("--count", "200000", "--notify", "none");
        var report = await run.ReportAsync();

        TestContext.Current.TestOutputHelper?.WriteLine($"{Count(report, "durationMs")} ms");
        foreach (var store in Stores(report))
            (Count(store, "read"), Count(store, "inserted"), Count(store, "found")).ShouldBe((200_000, 200_000, 200_000));
    }

    private KafkaTopic Open() =>
        new(_kafka.Options, TimeProvider.System, NullLogger<KafkaTopic>.Instance, _kafka.Creation);

    private OtpProcess Start(params string[] arguments) =>
        OtpProcess.Start(_kafka.Options, _directory.Path, ["run", "--json", "--topic", _topic, .. arguments]);

    private static IEnumerable<JsonElement> Stores(JsonElement report)
    {
        var stores = report.GetProperty("stores").EnumerateArray().ToList();
        stores.Count.ShouldBe(2);
        return stores;
    }

    private static long Count(JsonElement store, string name) => store.GetProperty(name).GetInt64();
}
