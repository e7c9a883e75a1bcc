using System.Text;
using Akka.Actor;
using Akka.Streams;
using Akka.Streams.Dsl;
using Microsoft.Extensions.DependencyInjection;
using OtpActors.Infrastructure.Topics;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Api;

/// <summary><c>/api/topics</c>.</summary>
[Collection(OneService.Name)]
public sealed class TopicSpecs
{
    private const string Canary = "canary-5up3r-s3cret";

    [Fact]
    public async Task A_topic_shows_its_partitions_and_how_far_the_sinks_are()
    {
        await using var service = await ApiService.StartAsync(options => options.Topic.Partitions = 3);
        (await service.GetAsync("/api/topics/email_topic")).ShouldBeProblem(404, "unknown_topic", "topic");
        (await service.CompleteAsync(count: 20)).State.ShouldBe("completed");
        (await service.PostAsync("/api/otps", """[{"email":"a@b.c"},{"email":"b@b.c"},{"email":"c@b.c"}]""")).ShouldBe(201);

        var topic = (await service.GetAsync("/api/topics/email_topic")).ShouldBe(200);
        topic["records"].GetInt64().ShouldBe(23);
        var partitions = topic["partitions"].EnumerateArray().ToList();
        partitions.Select(partition => partition.GetProperty("partition").GetInt32()).ShouldBe([0, 1, 2]);
        partitions.Sum(partition => partition.GetProperty("high").GetInt64()).ShouldBe(23);
        partitions.ShouldAllBe(partition => partition.GetProperty("low").GetInt64() == 0);
        var groups = topic["groups"].EnumerateArray().ToList();
        groups.Select(group => group.GetProperty("group").GetString()).ShouldBe(["cassandra_consumer_group", "mongodb_consumer_group"]);
        foreach (var group in groups)
        {
            group.GetProperty("lag").GetInt64().ShouldBe(3);
            group.GetProperty("partitions").EnumerateArray().Sum(partition => partition.GetProperty("lag").GetInt64()).ShouldBe(3);
        }
    }

    [Fact]
    public async Task Records_are_shown_page_by_page_and_masked()
    {
        await using var service = await ApiService.StartAsync();
        (await service.PostAsync("/api/otps", $$"""{"email":"ann@example.com","otp":"{{Canary}}"}""")).ShouldBe(201);
        await AppendAsync(
            service, "email_topic",
            (Canary, Canary, new Dictionary<string, string> { ["x"] = Canary, [DeadLetters.ReasonHeader] = "of ours" }),
            ("bob@example.com", null, null));

        var first = (await service.GetAsync("/api/topics/email_topic/records?limit=2")).ShouldBe(200);
        (first["low"].GetInt64(), first["high"].GetInt64(), first["next"].GetString()).ShouldBe((0, 3, "0-2"));
        var items = first["items"].EnumerateArray().ToList();
        (items[0].GetProperty("email").GetString(), items[0].GetProperty("otp").GetString()).ShouldBe(("a***@example.com", "***"));
        items[0].TryGetProperty("problem", out _).ShouldBeFalse();
        items[1].GetProperty("email").GetString().ShouldBe($"*** ({Canary.Length} bytes, no address)");
        items[1].GetProperty("problem").GetString().ShouldNotBeNullOrEmpty();
        items[1].GetProperty("headers").GetProperty("x").GetString().ShouldBe("***");
        items[1].GetProperty("headers").GetProperty("reason").GetString().ShouldBe("of ours");

        var second = (await service.GetAsync("/api/topics/email_topic/records?partition=0&offset=2")).ShouldBe(200);
        var last = second["items"].EnumerateArray().ShouldHaveSingleItem();
        (last.GetProperty("offset").GetInt64(), last.TryGetProperty("otp", out _)).ShouldBe((2, false));
        second.Json.TryGetProperty("next", out _).ShouldBeFalse();
        (await service.GetAsync("/api/topics/email_topic/records?offset=99"))["items"].GetArrayLength().ShouldBe(0);
        (first.Text + second.Text).ShouldNotContain(Canary);
    }

    [Fact]
    public async Task Records_are_shown_from_the_newest_to_the_oldest_where_that_is_asked()
    {
        await using var service = await ApiService.StartAsync();
        (await service.PostAsync("/api/otps", $"[{string.Join(',', Enumerable.Range(0, 7).Select(i => $$"""{"email":"a{{i}}@b.c"}"""))}]")).ShouldBe(201);
        var pages = new List<long[]>();
        for (string? query = ""; query is not null;)
        {
            var page = (await service.GetAsync($"/api/topics/email_topic/records?order=newest&limit=3{query}")).ShouldBe(200);
            pages.Add(OffsetsOf(page));
            query = page.Json.TryGetProperty("next", out var next) ? $"&cursor={next.GetString()}" : null;
        }

        pages.ShouldBe([[6, 5, 4], [3, 2, 1], [0]]);
        OffsetsOf(await service.GetAsync("/api/topics/email_topic/records?order=newest&offset=4&limit=2")).ShouldBe([4, 3]);
        OffsetsOf(await service.GetAsync("/api/topics/email_topic/records?order=newest&offset=99&limit=2")).ShouldBe([6, 5]);
        OffsetsOf(await service.GetAsync("/api/topics/email_topic/records?order=oldest&cursor=0-5")).ShouldBe([5, 6]);
        OffsetsOf(await service.GetAsync("/api/topics/email_topic/records?order=newest&offset=9223372036854775806&limit=1")).ShouldBe([6]);
    }

    [Fact]
    public async Task The_newest_records_are_those_however_large_they_are()
    {
        await using var service = await ApiService.StartAsync();
        await AppendAsync(service, "email_topic", [.. Enumerable.Range(0, 5).Select(i => ($"a{i}@b.c", (string?)new string('x', 700_000), (IReadOnlyDictionary<string, string>?)null))]);
        OffsetsOf(await service.GetAsync("/api/topics/email_topic/records?order=newest&limit=4")).ShouldBe([4, 3, 2, 1]);
    }

    [Fact]
    public async Task Topics_are_listed_by_name_page_by_page()
    {
        await using var service = await ApiService.StartAsync(options => options.Triggers.Commands.Enabled = false);
        (await service.GetAsync("/api/topics")).ShouldBe(200)["items"].GetArrayLength().ShouldBe(0);
        await AppendAsync(service, "email_topic", ("a@b.c", "1", null));
        await AppendAsync(service, "email_topic.dlq", ("a@b.c", "1", null));
        await AppendAsync(service, "Zebra", ("a@b.c", "1", null));
        await AppendAsync(service, "otp_commands", ("", "{}", null));

        var all = (await service.GetAsync("/api/topics")).ShouldBe(200);
        all["items"].EnumerateArray().Select(item => (item.GetProperty("topic").GetString(), item.GetProperty("kind").GetString(), item.GetProperty("partitions").GetInt32()))
            .ShouldBe([("Zebra", "records", 1), ("email_topic", "records", 1), ("email_topic.dlq", "deadLetters", 1), ("otp_commands", "commands", 1)]);
        all.Json.TryGetProperty("next", out _).ShouldBeFalse();
        var first = (await service.GetAsync("/api/topics?limit=3")).ShouldBe(200);
        (first["items"].GetArrayLength(), first["next"].GetString()).ShouldBe((3, "email_topic.dlq"));
        (await service.GetAsync($"/api/topics?limit=3&cursor={first["next"].GetString()}"))["items"].EnumerateArray().ShouldHaveSingleItem()
            .GetProperty("topic").GetString().ShouldBe("otp_commands");
    }

    private static long[] OffsetsOf(Answer page) =>
        [.. page.ShouldBe(200)["items"].EnumerateArray().Select(item => item.GetProperty("offset").GetInt64())];

    [Theory]
    [InlineData("/api/topics?cursor=a%20b", 400, "cursor")]
    [InlineData("/api/topics?limit=0", 400, "limit")]
    [InlineData("/api/topics/email_topic/records?order=backwards", 400, "order")]
    [InlineData("/api/topics/email_topic/records?cursor=0", 400, "cursor")]
    [InlineData("/api/topics/email_topic/records?cursor=0-1&offset=1", 400, "cursor")]
    [InlineData("/api/topics/email_topic/records?cursor=5-0", 404, "partition")]
    [InlineData("/api/topics/email_topic/records?offset=%D9%A3", 400, "offset")]
    [InlineData("/api/topics/email_topic/records?offset=%EF%BC%93", 400, "offset")]
    [InlineData("/api/topics/none/records", 404, "topic")]
    [InlineData("/api/topics/a%20b", 404, "topic")]
    [InlineData("/api/topics/..%2F..", 404, "topic")]
    [InlineData("/api/topics/email_topic/records?partition=1", 404, "partition")]
    [InlineData("/api/topics/email_topic/records?partition=-1", 400, "partition")]
    [InlineData("/api/topics/email_topic/records?partition=99999999999999999999", 400, "partition")]
    [InlineData("/api/topics/email_topic/records?offset=-1", 400, "offset")]
    [InlineData("/api/topics/email_topic/records?offset=1e3", 400, "offset")]
    [InlineData("/api/topics/email_topic/records?limit=0", 400, "limit")]
    [InlineData("/api/topics/email_topic/records?limit=501", 400, "limit")]
    public async Task What_is_not_there_or_wrong_is_named(string path, int status, string field)
    {
        await using var service = await ApiService.StartAsync();
        (await service.PostAsync("/api/otps", """{"email":"a@b.c"}""")).ShouldBe(201);
        (await service.GetAsync(path)).ShouldBeProblem(status, field: field);
    }

    /// <summary>Appends as any other producer could.</summary>
    internal static async Task AppendAsync(
        ApiService service, string topic, params (string Key, string? Value, IReadOnlyDictionary<string, string>? Headers)[] records)
    {
        var log = service.Services.GetRequiredService<IOtpTopic>();
        await log.EnsureAsync(new TopicSpec(topic, 1, 1), TestContext.Current.CancellationToken);
        var batch = records.Select((record, i) => new ProducerRecord(
            i, Encoding.UTF8.GetBytes(record.Key), record.Value is null ? null : Encoding.UTF8.GetBytes(record.Value), DateTimeOffset.UnixEpoch, record.Headers)).ToList();
        await Source.Single<IReadOnlyList<ProducerRecord>>(batch).Via(log.ProducerFlow(topic, $"other-{Guid.NewGuid()}"))
            .RunWith(Sink.Ignore<ProducerAck>(), service.Services.GetRequiredService<ActorSystem>().Materializer()).Eventually();
    }
}
