using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Topics;
using OtpActors.Tests.Servers;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Processes;

/// <summary>The program with its topic on a real broker and everything else embedded.</summary>
[Collection(OneAtATime.Name)]
public sealed class KafkaSpecs(KafkaServers servers) : KafkaRunSpecs
{
    private protected override Task<KafkaUnderTest> BrokersAsync() => servers.OneAsync();

    [Fact]
    public async Task The_tutorials_record_reaches_both_stores()
    {
        var report = await CompleteAsync("--interval", "500ms", "--duration", "2s");

        report.Produced.ShouldBe(5);
        report.Stores.ShouldAllBe(store => store.Read == 5 && store.Inserted == 1 && store.Found == 1);
        report.Notifications.Mail.Sent.ShouldBe(2);
    }

    [Fact]
    public async Task Records_of_a_file_reach_both_stores()
    {
        At.Write("people.csv", ["email,otp", .. Enumerable.Range(0, 500).Select(i => $"user{i}@example.com,{i:D6}")]);
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
    public async Task Records_that_cannot_be_stored_become_dead_letters_with_their_origin()
    {
        var huge = new byte[900_000]; // its letter would be larger than brokers take
        huge.AsSpan().Fill(7);
        await ProduceAsync(
            new ProducerRecord(0, "nobody"u8.ToArray(), "123"u8.ToArray(), DateTimeOffset.UnixEpoch),
            new ProducerRecord(1, "nobody"u8.ToArray(), huge, DateTimeOffset.UnixEpoch));
        var report = await CompleteAsync("--count", "10", "--notify", "none");

        report.Stores.ShouldAllBe(store => store.Inserted == 10 && store.DeadLettered == 2);
        var letters = await DeadLettersAsync(4);
        foreach (var offset in new[] { "0", "1" })
        {
            var both = letters.Where(letter => letter.Headers![DeadLetters.OffsetHeader] == offset).ToList();
            both.Select(letter => letter.Headers![DeadLetters.SinkHeader]).Order().ShouldBe(["cassandra-sink", "mongo-sink"]);
            foreach (var letter in both)
            {
                letter.Headers![DeadLetters.TopicHeader].ShouldBe(Topic);
                letter.Key.ShouldBe("nobody"u8.ToArray());
                letter.Value.ShouldBe(offset == "0" ? "123"u8.ToArray() : huge[..DeadLetters.MaxValueBytes]);
            }
        }

        letters.Count(letter => letter.Headers!.GetValueOrDefault(DeadLetters.ValueBytesHeader) == "900000").ShouldBe(2);
    }

    [Fact]
    public async Task Told_to_terminate_a_run_goes_on_where_it_was()
    {
        Signals.SkipUnlessSent(Signal.Terminate);
        const int records = 100_000;
        await using var process = Start("run", "--count", $"{records}", "--topic", Topic, "--notify", "none", "--json");
        (await process.UntilAsync(() => At.Data.StoreCount("mongo") > 0)).ShouldBeTrue();
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
        await using var process = Start("run", "--count", $"{records}", "--topic", Topic, "--notify", "none", "--json");
        (await process.UntilAsync(() => At.Data.StoreCount("mongo") > 5_000)).ShouldBeTrue();
        process.Kill();
        await process.EndAsync();
        foreach (var store in new[] { "cassandra", "mongo" })
        {
            (await CommittedAsync(store)).ShouldBeLessThanOrEqualTo(At.Data.StoreCount(store), "a commit ahead of its write");
        }

        var report = await ResumeAsync((await At.Data.RunsAsync()).Single().RunId);
        ShouldHoldAll(report, records);

        // What was produced and not yet heard of is produced again, and found to be there.
        report.Stores.ShouldAllBe(store => store.Read == store.Inserted + store.Skipped && store.Inserted <= records);
    }

    private new void ShouldHoldAll(RunReport report, int records)
    {
        KafkaRunSpecs.ShouldHoldAll(report, records);
        report.Stores.ShouldAllBe(store => At.Data.StoreCount(store.Name) == records);
    }

    private async Task<RunReport> CompleteAsync(params string[] arguments)
    {
        await using var process = Start(["run", "--json", "--topic", Topic, .. arguments]);
        return (await process.EndAsync()).ShouldExitWith(0).Report;
    }

    private async Task<RunReport> ResumeAsync(string runId)
    {
        await using var process = Start("run", "--resume", runId, "--json");
        return (await process.EndAsync()).ShouldExitWith(0).Report;
    }

    private async Task<long> CommittedAsync(string store) =>
        (await Topics.CommittedAsync(Topic, DataContent.Groups[store], Cancellation)).Values.Sum();

    private async Task ProduceAsync(params ProducerRecord[] records)
    {
        using var system = Akka.Actor.ActorSystem.Create("specs", "akka.loglevel = OFF");
        await KafkaStreams.ProduceAsync(Topics, system, Topic, records);
    }

    private async Task<List<TopicRecord>> DeadLettersAsync(int count)
    {
        using var system = Akka.Actor.ActorSystem.Create("specs", "akka.loglevel = OFF");
        return await KafkaStreams.ReadAsync(Topics, system, DeadLetters.TopicOf(Topic), count);
    }
}
