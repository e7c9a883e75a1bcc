using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Topics;
using OtpActors.Tests.Support;
using OtpActors.Triggers;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Api;

/// <summary>
/// Whatever other producers write, no record stops a partition: each ends in the stores or as a dead letter, the pages
/// show it, and everything is committed to the end. For each log that the service can have.
/// </summary>
public abstract class ForeignRecordContract
{
    private const string Topic = "email_topic";
    private const string Commands = "otp_commands";
    private const int Count = 300;

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Prepares the log that a service uses, with topics of one partition.</summary>
    private protected virtual void Use(IServiceCollection services)
    {
    }

    private protected abstract Task AppendAsync(ApiService service, string topic, IReadOnlyList<ForeignRecord> records);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Every_record_is_stored_or_a_dead_letter_and_shown_and_committed(int seed)
    {
        var records = new ForeignRecords(seed).Take(Count);
        await using var service = await ApiService.StartAsync(options => options.Topic.Continuous = true, Use);
        var log = service.Services.GetRequiredService<IOtpTopic>();
        await log.EnsureAsync(new TopicSpec(Topic, 1, 1), Cancel);
        await AppendAsync(service, Topic, records);
        await CommittedAsync(log, Topic, "cassandra_consumer_group", Count);
        await CommittedAsync(log, Topic, "mongodb_consumer_group", Count);

        var rows = await PagesAsync(service, $"/api/topics/{Topic}/records?limit=100");
        rows.Count.ShouldBe(Count);
        var marked = rows.Where(row => row.TryGetProperty("problem", out _)).Select(row => row.GetProperty("offset").GetInt64()).ToHashSet();
        marked.Count.ShouldBeInRange(Count / 5, Count * 4 / 5);
        for (var i = 0; i < Count; i++)
        {
            // By the rules as written here, not as the program reads them.
            var good = records[i].Key is { } key && Encoding.UTF8.GetString(key) == $"user-{i}@example.com"
                && records[i].Value is [_, _, _, _, _, _] digits && digits.All(digit => digit is >= (byte)'0' and <= (byte)'9')
                && records[i].Time is >= -62_135_596_800_000 and <= 253_402_300_799_999;
            marked.Contains(i).ShouldBe(!good, $"seed {seed}, record {i}");
        }

        var letters = await PagesAsync(service, $"/api/dead-letters?topic={Topic}&limit=100");
        foreach (var sink in new[] { "cassandra-sink", "mongo-sink" })
        {
            letters.Where(letter => letter.GetProperty("sink").GetString() == sink)
                .Select(letter => letter.GetProperty("origin").GetProperty("offset").GetInt64()).ToHashSet().SetEquals(marked).ShouldBeTrue(sink);
        }

        foreach (var store in service.Services.GetServices<IOtpStore>())
        {
            var stored = await store.FindAsync(
                [.. Enumerable.Range(0, Count).Where(i => !marked.Contains(i)).Select(i => EmailAddress.Parse($"user-{i}@example.com"))], Cancel);
            stored.Values.Select(row => row.Origin!.Value.Offset).Order().ShouldBe(Enumerable.Range(0, Count).Select(i => (long)i).Except(marked));
        }

        // What is sent again comes to rest as well; with a time of its own where it had none.
        var again = (await service.PostAsync("/api/dead-letters/redrive", """{"all":true}""")).ShouldBe(200);
        var end = Count + again["redriven"].GetInt64();
        again["redriven"].GetInt32().ShouldBe(marked.Count);
        await CommittedAsync(log, Topic, "cassandra_consumer_group", end);
        await CommittedAsync(log, Topic, "mongodb_consumer_group", end);
        foreach (var row in (await PagesAsync(service, $"/api/topics/{Topic}/records?limit=100&offset={Count}")))
        {
            row.TryGetProperty("time", out _).ShouldBeTrue();
        }
    }

    [Fact]
    public async Task Every_command_is_a_run_or_a_dead_letter_and_none_is_logged()
    {
        var records = new ForeignRecords(7).TakeCommands(Count);
        await using var service = await ApiService.StartAsync(replace: Use);
        var log = service.Services.GetRequiredService<IOtpTopic>();
        await log.EnsureAsync(new TopicSpec(Commands, 1, 1), Cancel);
        await AppendAsync(service, Commands, records);
        await CommittedAsync(log, Commands, service.Options.Triggers.Commands.ConsumerGroup, Count);

        var counts = service.Services.GetRequiredService<TriggerCounts>();
        (counts.CommandsStarted + counts.CommandsDeadLettered).ShouldBe(Count);
        counts.CommandsStarted.ShouldBeGreaterThan(5);
        counts.CommandsDeadLettered.ShouldBeGreaterThan(Count / 2);
        (await PagesAsync(service, $"/api/topics/{Commands}/records?limit=100")).Count.ShouldBe(Count);
        var letters = await PagesAsync(service, $"/api/topics/{Commands}.dlq/records?limit=100");
        letters.Count.ShouldBe((int)counts.CommandsDeadLettered);
        string.Concat(letters.Select(letter => letter.GetRawText())).ShouldNotContain("canary");
        service.Data.Logs.ShouldNotContain("canary");
    }

    private static async Task CommittedAsync(IOtpTopic log, string topic, string group, long end)
    {
        var began = TimeProvider.System.GetTimestamp();
        while ((await log.CommittedAsync(topic, group, Cancel)).GetValueOrDefault(0) is var committed && committed < end)
        {
            TimeProvider.System.GetElapsedTime(began).ShouldBeLessThan(TimeSpan.FromSeconds(60), $"{group} is at {committed} of {end}");
            await Task.Delay(50, Cancel);
        }
    }

    private static async Task<List<JsonElement>> PagesAsync(ApiService service, string path)
    {
        var items = new List<JsonElement>();
        for (var from = path; ;)
        {
            var page = (await service.GetAsync(from)).ShouldBe(200);
            items.AddRange(page["items"].EnumerateArray());
            if (!page.Json.TryGetProperty("next", out var next))
            {
                return items;
            }

            from = $"{path.Split("&offset=")[0]}{(path.Contains('?') ? '&' : '?')}cursor={next.GetString()}";
        }
    }
}
