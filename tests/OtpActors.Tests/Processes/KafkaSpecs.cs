using Microsoft.Extensions.Logging.Abstractions;
using OtpActors.Tests.Servers;
using OtpActors.Topics;
using OtpActors.Topics.Kafka;
using OtpActors.Workflow;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Processes;

/// <summary>The program with its topic on a real broker and everything else embedded.</summary>
[Collection(OneAtATime.Name)]
public sealed class KafkaSpecs(KafkaServers servers) : IAsyncLifetime
{
    private const int Partitions = 3;

    private readonly Workplace _at = new();
    private readonly string _topic = $"run-{Guid.NewGuid():N}";
    private KafkaUnderTest _kafka = null!;
    private KafkaTopic _topics = null!;

    public async ValueTask InitializeAsync()
    {
        _kafka = await servers.OneAsync();
        _topics = new KafkaTopic(_kafka.Options, TimeProvider.System, NullLogger<KafkaTopic>.Instance, _kafka.Creation);
        foreach (var topic in new[] { _topic, DeadLetters.TopicOf(_topic) })
        {
            await _topics.EnsureAsync(new TopicSpec(topic, Partitions, 1), Cancellation);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _at.Dispose();
        if (_topics is not null)
        {
            await _topics.DisposeAsync();
        }
    }

    [Fact]
    public async Task The_tutorials_record_reaches_both_stores()
    {
        var report = await CompleteAsync("--interval", "500ms", "--duration", "2s");

        report.Produced.ShouldBe(4);
        report.Stores.ShouldAllBe(store => store.Read == 4 && store.Inserted == 1 && store.Found == 1);
        report.Notifications.Mail.Sent.ShouldBe(2);
    }

    [Fact]
    public async Task Records_of_a_file_reach_both_stores()
    {
        _at.Write("people.csv", ["email,otp", .. Enumerable.Range(0, 500).Select(i => $"user{i}@example.com,{i:D6}")]);
        var report = await CompleteAsync("--from", "people.csv", "--notify", "3");

        ShouldHoldAll(report, 500);
        report.Stores.ShouldAllBe(store => store.Read == 500);
    }

    [Fact]
    public async Task Two_hundred_thousand_records_reach_both_stores()
    {
        var report = await CompleteAsync("--count", "200000", "--notify", "none");

        ShouldHoldAll(report, 200_000);
        report.Stores.ShouldAllBe(store => store.Read == 200_000);
        TestContext.Current.TestOutputHelper?.WriteLine($"{report.DurationMs} ms");
    }

    [Fact]
    public async Task A_record_that_cannot_be_stored_becomes_a_dead_letter_with_its_origin()
    {
        await ProduceAsync(new ProducerRecord(0, "nobody"u8.ToArray(), "123"u8.ToArray(), DateTimeOffset.UnixEpoch));
        var report = await CompleteAsync("--count", "10", "--notify", "none");

        report.Stores.ShouldAllBe(store => store.Inserted == 10 && store.DeadLettered == 1);
        var letters = await DeadLettersAsync(2);
        letters.Select(letter => letter.Headers![DeadLetters.SinkHeader]).Order().ShouldBe(["cassandra-sink", "mongo-sink"]);
        foreach (var letter in letters)
        {
            letter.Key.ShouldBe("nobody"u8.ToArray());
            letter.Value.ShouldBe("123"u8.ToArray());
            (letter.Headers![DeadLetters.TopicHeader], letter.Headers[DeadLetters.OffsetHeader]).ShouldBe((_topic, "0"));
        }
    }

    [Fact]
    public async Task Told_to_terminate_a_run_goes_on_where_it_was()
    {
        Signals.SkipUnlessSent(Signal.Terminate);
        const int records = 100_000;
        await using var process = Start("run", "--count", $"{records}", "--topic", _topic, "--notify", "none", "--json");
        (await process.UntilAsync(() => _at.Data.StoreCount("mongo") > 0)).ShouldBeTrue();
        process.Send(Signal.Terminate);
        var interrupted = (await process.EndAsync()).ShouldExitWith(1).Report;

        interrupted.Outcome.ShouldBe("Interrupted");
        foreach (var store in interrupted.Stores)
        {
            (await CommittedAsync(store.Name)).ShouldBe(store.Read, store.Name); // in order: nothing is read twice
        }

        var report = await ResumeAsync(interrupted.RunId);
        ShouldHoldAll(report, records);
        report.Stores.ShouldAllBe(store => store.Read == records);
    }

    [Fact]
    public async Task Killed_in_the_midst_of_it_a_run_goes_on_and_loses_nothing()
    {
        const int records = 50_000;
        await using var process = Start("run", "--count", $"{records}", "--topic", _topic, "--notify", "none", "--json");
        (await process.UntilAsync(() => _at.Data.StoreCount("mongo") > 5_000)).ShouldBeTrue();
        process.Kill();
        await process.EndAsync();
        foreach (var store in new[] { "cassandra", "mongo" })
        {
            (await CommittedAsync(store)).ShouldBeLessThanOrEqualTo(_at.Data.StoreCount(store), "a commit ahead of its write");
        }

        var report = await ResumeAsync((await _at.Data.RunsAsync()).Single().RunId);
        ShouldHoldAll(report, records);

        // What was produced and not yet heard of is produced again, and found to be there.
        report.Stores.ShouldAllBe(store => store.Read == store.Inserted + store.Skipped && store.Inserted <= records);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private void ShouldHoldAll(RunReport report, int records)
    {
        (report.Outcome, report.Produced, report.StoresAgree).ShouldBe(("Completed", records, true));
        foreach (var store in report.Stores)
        {
            (store.Found, store.Missing).ShouldBe((records, 0), store.Name);
            _at.Data.StoreCount(store.Name).ShouldBe(records, store.Name);
        }
    }

    private async Task<RunReport> CompleteAsync(params string[] arguments)
    {
        await using var process = Start(["run", "--json", "--topic", _topic, .. arguments]);
        return (await process.EndAsync()).ShouldExitWith(0).Report;
    }

    private async Task<RunReport> ResumeAsync(string runId)
    {
        await using var process = Start("run", "--resume", runId, "--json");
        return (await process.EndAsync()).ShouldExitWith(0).Report;
    }

    private OtpActorsProcess Start(params string[] arguments) => OtpActorsProcess.Start(
        _at.Path, [.. arguments, "--data", _at.Data.Root],
        environment: new Dictionary<string, string>(_kafka.Options.Properties.Select(each =>
            KeyValuePair.Create($"OtpActors__Kafka__Properties__{each.Key}", each.Value)))
        {
            ["OtpActors__Topic__Provider"] = "Kafka",
            ["OtpActors__Kafka__BootstrapServers"] = _kafka.Options.BootstrapServers,
        });

    private async Task<long> CommittedAsync(string store) =>
        (await _topics.CommittedAsync(_topic, DataContent.Groups[store], Cancellation)).Values.Sum();

    private async Task ProduceAsync(ProducerRecord record)
    {
        using var system = Akka.Actor.ActorSystem.Create("specs", "akka.loglevel = OFF");
        await KafkaStreams.ProduceAsync(_topics, system, _topic, [record]);
    }

    private async Task<List<TopicRecord>> DeadLettersAsync(int count)
    {
        using var system = Akka.Actor.ActorSystem.Create("specs", "akka.loglevel = OFF");
        return await KafkaStreams.ReadAsync(_topics, system, DeadLetters.TopicOf(_topic), count);
    }
}
