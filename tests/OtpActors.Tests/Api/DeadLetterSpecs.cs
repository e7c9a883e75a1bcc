using System.Text;
using Microsoft.Extensions.DependencyInjection;
using OtpActors.Infrastructure.Topics;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Api;

/// <summary><c>/api/dead-letters</c>.</summary>
[Collection(OneService.Name)]
public sealed class DeadLetterSpecs
{
    private const string Canary = "canary-5up3r-s3cret";
    private const string All = """{"all":true}""";

    [Fact]
    public async Task A_record_that_cannot_be_stored_is_shown_masked_and_sent_again_once()
    {
        await using var service = await ApiService.StartAsync();
        await TopicSpecs.AppendAsync(service, "email_topic", ("nobody", Canary, null), ("ann@example.com", new string('x', 200), null));
        (await service.GetAsync("/api/dead-letters")).ShouldBe(200)["items"].GetArrayLength().ShouldBe(0);
        await service.CompleteAsync(count: 2);

        var letters = await ListAsync(service);
        letters.Count.ShouldBe(4); // one a sink of each record
        letters.Select(letter => (letter.Sink, letter.Origin)).Order()
            .ShouldBe([("cassandra-sink", 0), ("cassandra-sink", 1), ("mongo-sink", 0), ("mongo-sink", 1)]);
        var text = (await service.GetAsync("/api/dead-letters")).Text;
        text.ShouldContain("*** (6 bytes, no address)");
        text.ShouldContain("a***@example.com");
        text.ShouldNotContain(Canary);
        letters.ShouldAllBe(letter => !letter.Redriven && letter.Reason.Length > 0);

        var one = letters.First(letter => letter.Origin == 0).Offset;
        var other = letters.Last(letter => letter.Origin == 0).Offset;
        Redriven(await service.PostAsync("/api/dead-letters/redrive", $$"""{"letters":[{"partition":0,"offset":{{one}}}]}""")).ShouldBe((1, 0, 0));
        Redriven(await service.PostAsync("/api/dead-letters/redrive", $$"""{"letters":[{"partition":0,"offset":{{one}}},{"partition":0,"offset":{{other}}},{"partition":0,"offset":99},{"partition":5,"offset":0}]}"""))
            .ShouldBe((0, 2, 2));
        await service.RestartAsync();
        Redriven(await service.PostAsync("/api/dead-letters/redrive", All)).ShouldBe((1, 3, 0));
        Redriven(await service.PostAsync("/api/dead-letters/redrive", All)).ShouldBe((0, 4, 0));
        (await ListAsync(service)).ShouldAllBe(letter => letter.Redriven);

        // As they came, after the run's own two records.
        var again = await service.Services.GetRequiredService<IOtpTopic>().ReadAsync("email_topic", 0, 4, 10, TestContext.Current.CancellationToken);
        again.Select(record => (Encoding.UTF8.GetString(record.Key!), Encoding.UTF8.GetString(record.Value!), record.Timestamp))
            .ShouldBe([("nobody", Canary, DateTimeOffset.UnixEpoch), ("ann@example.com", new string('x', 200), DateTimeOffset.UnixEpoch)]);

        await service.CompleteAsync(count: 1);
        letters = await ListAsync(service);
        letters.Count.ShouldBe(8); // they cannot be stored now either
        letters.Count(letter => letter.Redriven).ShouldBe(4);
        Redriven(await service.PostAsync("/api/dead-letters/redrive", """{"all":true,"cursor":"0-4"}""")).ShouldBe((2, 2, 0));
    }

    [Fact]
    public async Task Redriven_by_many_at_once_a_record_is_sent_once()
    {
        await using var service = await ApiService.StartAsync();
        await TopicSpecs.AppendAsync(service, "email_topic", [.. Enumerable.Range(0, 20).Select(i => ($"nobody-{i}", (string?)"1", (IReadOnlyDictionary<string, string>?)null))]);
        await service.CompleteAsync(count: 1);
        var before = (await service.GetAsync("/api/topics/email_topic"))["records"].GetInt64();
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => service.PostAsync("/api/dead-letters/redrive", All)));

        answers.Sum(answer => answer.ShouldBe(200)["redriven"].GetInt32()).ShouldBe(20);
        answers.Sum(answer => answer["already"].GetInt32()).ShouldBe(10 * 40 - 20);
        (await service.GetAsync("/api/topics/email_topic"))["records"].GetInt64().ShouldBe(before + 20);
    }

    [Fact]
    public async Task One_request_sends_a_thousand_at_most_and_tells_where_to_go_on()
    {
        await using var service = await ApiService.StartAsync();
        await TopicSpecs.AppendAsync(service, "email_topic", ("a@b.c", "1", null));
        await TopicSpecs.AppendAsync(service, "email_topic.dlq", [.. Enumerable.Range(0, 1_200).Select(i => ($"n-{i}", (string?)"1", LetterOf("email_topic", i)))]);
        var first = (await service.PostAsync("/api/dead-letters/redrive", All)).ShouldBe(200);
        (first["redriven"].GetInt32(), first["next"].GetString()).ShouldBe((1_000, "0-1000"));
        var second = (await service.PostAsync("/api/dead-letters/redrive", """{"all":true,"cursor":"0-1000"}""")).ShouldBe(200);
        (second["redriven"].GetInt32(), second.Json.TryGetProperty("next", out _)).ShouldBe((200, false));
    }

    [Fact]
    public async Task A_letter_that_does_not_say_where_it_came_from_is_shown_and_not_sent()
    {
        await using var service = await ApiService.StartAsync();
        await TopicSpecs.AppendAsync(service, "email_topic", ("a@b.c", "1", null));
        await TopicSpecs.AppendAsync(
            service, "email_topic.dlq", ("a@b.c", "1", null), ("a@b.c", "1", LetterOf("other", 0)), ("a@b.c", "1", LetterOf("email_topic", -1)));
        var items = (await service.GetAsync("/api/dead-letters")).ShouldBe(200)["items"].EnumerateArray().ToList();
        items.Count.ShouldBe(3);
        items.ShouldAllBe(item => !item.EnumerateObject().Any(property => property.Name == "origin"));
        Redriven(await service.PostAsync("/api/dead-letters/redrive", All)).ShouldBe((0, 0, 3));
        service.Data.TopicCount.ShouldBe(4);
    }

    [Theory]
    [InlineData("{}", 400, "letters")]
    [InlineData("""{"all":false}""", 400, "letters")]
    [InlineData("""{"all":true,"letters":[]}""", 400, "letters")]
    [InlineData("""{"letters":[]}""", 400, "letters")]
    [InlineData("""{"letters":[{"partition":0,"offset":0}],"cursor":"0-0"}""", 400, "cursor")]
    [InlineData("""{"letters":[{"partition":0,"offset":0},{"partition":-1,"offset":0}]}""", 400, "letters[1].partition")]
    [InlineData("""{"letters":[{"partition":0}]}""", 400, "letters[0].offset")]
    [InlineData("""{"letters":[null]}""", 400, "letters[0].partition")]
    [InlineData("""{"all":true,"cursor":"0--1"}""", 400, "cursor")]
    [InlineData("""{"all":true,"cursor":"0-٣"}""", 400, "cursor")]
    [InlineData("""{"all":true,"cursor":7}""", 400, "cursor")]
    [InlineData("""{"all":true,"from":{"partition":0,"offset":0}}""", 400, "from")]
    [InlineData("""{"all":true,"topic":"none"}""", 404, "topic")]
    [InlineData("""{"all":true,"topic":"../x"}""", 404, "topic")]
    public async Task A_wrong_request_is_named(string body, int status, string field)
    {
        await using var service = await ApiService.StartAsync();
        await TopicSpecs.AppendAsync(service, "email_topic", ("a@b.c", "1", null));
        (await service.PostAsync("/api/dead-letters/redrive", body)).ShouldBeProblem(status, field: field);
    }

    [Fact]
    public async Task Letters_are_listed_by_topic_and_page()
    {
        await using var service = await ApiService.StartAsync();
        (await service.GetAsync("/api/dead-letters?topic=none")).ShouldBeProblem(404, "unknown_topic", "topic");
        await TopicSpecs.AppendAsync(service, "other", ("a@b.c", "1", null));
        await TopicSpecs.AppendAsync(service, "other.dlq", [.. Enumerable.Range(0, 5).Select(i => ("a@b.c", (string?)"1", LetterOf("other", i)))]);
        var page = (await service.GetAsync("/api/dead-letters?topic=other&offset=1&limit=2")).ShouldBe(200);
        page["items"].EnumerateArray().Select(item => item.GetProperty("offset").GetInt64()).ShouldBe([1, 2]);
        (page["next"].GetString(), page["deadLetterTopic"].GetString()).ShouldBe(("0-3", "other.dlq"));
        var rest = (await service.GetAsync("/api/dead-letters?topic=other&cursor=0-3")).ShouldBe(200);
        rest["items"].EnumerateArray().Select(item => item.GetProperty("offset").GetInt64()).ShouldBe([3, 4]);
        rest.Json.TryGetProperty("next", out _).ShouldBeFalse();
        var newest = (await service.GetAsync("/api/dead-letters?topic=other&order=newest&limit=2")).ShouldBe(200);
        newest["items"].EnumerateArray().Select(item => item.GetProperty("offset").GetInt64()).ShouldBe([4, 3]);

        // What a page gives as its next is what a redrive goes on from.
        Redriven(await service.PostAsync("/api/dead-letters/redrive", $$"""{"topic":"other","all":true,"cursor":"{{page["next"].GetString()}}"}""")).ShouldBe((2, 0, 0));
        (await service.GetAsync("/api/dead-letters?topic=other&partition=1")).ShouldBeProblem(404, "unknown_partition", "partition");
        (await service.GetAsync("/api/dead-letters?topic=other&limit=x")).ShouldBeProblem(400, "bad_field", "limit");
    }

    private static Dictionary<string, string> LetterOf(string topic, long offset) => new()
    {
        [DeadLetters.TopicHeader] = topic,
        [DeadLetters.PartitionHeader] = "0",
        [DeadLetters.OffsetHeader] = $"{offset}",
        [DeadLetters.SinkHeader] = "cassandra-sink",
        [DeadLetters.ReasonHeader] = "none",
    };

    private static (int, int, int) Redriven(Answer answer) =>
        (answer.ShouldBe(200)["redriven"].GetInt32(), answer["already"].GetInt32(), answer["unknown"].GetArrayLength());

    private static async Task<List<(long Offset, string Sink, long Origin, string Reason, bool Redriven)>> ListAsync(ApiService service) =>
        [.. (await service.GetAsync("/api/dead-letters?limit=500")).ShouldBe(200)["items"].EnumerateArray().Select(item => (
            item.GetProperty("offset").GetInt64(), item.GetProperty("sink").GetString()!, item.GetProperty("origin").GetProperty("offset").GetInt64(),
            item.GetProperty("reason").GetString()!, item.GetProperty("redriven").GetBoolean()))];
}
