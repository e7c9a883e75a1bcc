using System.Text;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Schedules;
using OtpActors.Infrastructure.Inputs;
using OtpActors.Infrastructure.Journal;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Processes;

[Collection(OneAtATime.Name)]
public sealed class TriggerSpecs : IDisposable
{
    private const string Canary = "canary-s3cret";

    private readonly Workplace _at = new();

    private DataContent Data => _at.Data;

    public void Dispose() => _at.Dispose();

    [Fact]
    public async Task A_command_makes_one_run_however_often_the_service_is_killed()
    {
        const int runs = 6;
        await TopicFeed.AppendAsync(Data.Root, "otp_commands",
        [
            .. Enumerable.Range(0, runs).Select(_ => Command("""{"count":20,"notify":"none"}""")),
            Command($$"""{"count":20,"{{Canary}}":1}"""), Command($"not JSON: {Canary}"),
            Command("""{"interval":"10s","duration":"1h","deadline":"300ms"}"""),
        ]);
        foreach (var some in new[] { 1, 3, 5 })
        {
            await using var killed = _at.Start("serve");
            (await killed.UntilAsync(() => Committed == 9 || Data.Runs().Count >= some)).ShouldBeTrue();
            killed.Kill();
            await killed.EndAsync();
        }

        await using var service = _at.Start("serve");
        (await service.UntilAsync(() => Data.Runs() is { Count: runs + 1 } all && all.Values.All(IsOver) && Committed == 9)).ShouldBeTrue();
        (await service.UntilAsync(() => Data.Logs.Contains("Missed: Deadline", StringComparison.Ordinal))).ShouldBeTrue();
        await StopAsync(service);

        var all = await Data.RunsAsync();
        all.Select(run => (run.RunId, run.State)).Order().ShouldBe(
            [.. Enumerable.Range(0, runs).Select(i => ($"otp_commands-0-{i}", RunPhase.Completed)), ("otp_commands-0-8", RunPhase.TimedOut)]);
        Data.StoreCount("cassandra").ShouldBe((runs * 20) + 1);
        foreach (var report in all.Where(run => run.State == RunPhase.Completed).Select(run => run.Report))
        {
            report.Stores.ShouldAllBe(store => store.Read == 20 && store.Inserted == 20);
        }

        Data.Logs.Split("Missed: Deadline of otp_commands-0-8").Length.ShouldBe(2, "one alert");
        Data.Logs.ShouldNotContain(Canary);
        var letters = Data.Headers("otp_commands.dlq");
        letters.Count.ShouldBe(2);
        letters.ShouldAllBe(headers => headers.Contains("\"reason\"") && !headers.Contains(Canary));
    }

    [Fact]
    public async Task A_due_time_makes_one_run_across_kills_and_restarts()
    {
        Signals.SkipUnlessSent(Signal.Terminate);
        var began = TimeProvider.System.GetUtcNow().AddSeconds(-30);
        var definition = new ScheduleDefinition
        {
            Name = "often",
            Cron = "*/5 * * * * *",
            Request = new RunRequest { Count = 1, Notify = new NotifyLimit(0) },
            CatchUp = TimeSpan.FromHours(1),
            Enabled = true,
        };
        Directory.CreateDirectory(Data.Root);
        await using (var store = new SqliteScheduleStore(Data.File("schedules.db")))
        {
            await store.OpenAsync([ScheduleState.New(definition, began)]);
        }

        foreach (var some in new[] { 1, 4 })
        {
            await using var killed = _at.Start("serve");
            (await killed.UntilAsync(() => Data.Runs().Count >= some)).ShouldBeTrue();
            killed.Kill();
            await killed.EndAsync();
        }

        await using var service = _at.Start("serve");
        (await service.UntilAsync(() => Data.Runs().Count >= 9)).ShouldBeTrue();
        await StopAsync(service);
        await using var kept = new SqliteScheduleStore(Data.File("schedules.db"));
        var state = (await kept.OpenAsync([])).ShouldHaveSingleItem();
        var due = CronTimes.From(definition).Between(began, state.HandledUntil).Select(time => RunIds.OfSchedule("often", time)).ToList();
        Data.Runs().Keys.Order(StringComparer.Ordinal).ShouldBe(due);
        (state.Missed, state.LastRunId).ShouldBe((0, due[^1]));
    }

    [Fact]
    public async Task Records_of_any_producer_are_stored_between_runs_whenever_the_service_is_killed()
    {
        Signals.SkipUnlessSent(Signal.Terminate);
        const int records = 20_000;
        var environment = new Dictionary<string, string> { ["OtpActors__Topic__Continuous"] = "true" };
        var made = RecordSources.Open(new RecordSpec.Generated(records, new string('5', 64)), "").Read().Select(record => record.Record);
        await TopicFeed.AppendAsync(
            Data.Root, "email_topic", made.Select(record => ((byte[]?)OtpRecordCodec.EncodeKey(record.Email), OtpRecordCodec.EncodeValue(record.Otp))));
        foreach (var share in new[] { 1, 3 })
        {
            await using var killed = _at.Start(environment, "serve");
            (await killed.UntilAsync(() => Data.StoreCount("mongo") >= records * share / 5)).ShouldBeTrue();
            killed.Kill();
            await killed.EndAsync();
        }

        await using (var service = _at.Start(environment, "serve"))
        {
            (await service.UntilAsync(() => Data.Committed("cassandra") == records && Data.Committed("mongo") == records)).ShouldBeTrue();
            await StopAsync(service);
        }

        (Data.StoreCount("cassandra"), Data.StoreCount("mongo")).ShouldBe((records, records));

        // A run counts its own records and no others, with the sinks at work before it and after.
        await TopicFeed.AppendAsync(Data.Root, "otp_commands", [Command("""{"count":500,"notify":"none"}""")]);
        await using var last = _at.Start(environment, "serve");
        (await last.UntilAsync(() => Data.Runs().Values.Any(IsOver))).ShouldBeTrue();
        await StopAsync(last);
        var report = (await Data.RunsAsync()).Single().Report;
        (report.Outcome, report.Produced).ShouldBe(("Completed", 500));
        report.Stores.ShouldAllBe(store => store.Read == 500 && store.Inserted == 500);
        (Data.StoreCount("cassandra"), Data.StoreCount("mongo")).ShouldBe((records + 500, records + 500));
    }

    private static (byte[]? Key, byte[] Value) Command(string text) => (null, Encoding.UTF8.GetBytes(text));

    private long Committed => Data.CommittedOf("otp_commands_consumer_group");

    private static bool IsOver(RunPhase phase) => phase is RunPhase.Completed or RunPhase.Failed or RunPhase.Cancelled or RunPhase.TimedOut or RunPhase.Incomplete;

    private static async Task StopAsync(OtpActorsProcess service)
    {
        (await service.UntilItSaysAsync("Serving from")).ShouldBeTrue(); // from here on it hears signals
        service.Send(Signal.Terminate);
        (await service.EndAsync(TimeSpan.FromSeconds(30))).ShouldExitWith(0);
    }
}
