using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OtpActors.Api;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Api;

/// <summary>What happened in a run, in sentences.</summary>
[Collection(OneService.Name)]
public sealed class RunLogSpecs
{
    private const string Canary = "canary-5up3r-s3cret";

    [Fact]
    public async Task Each_fact_is_a_line_and_a_message_of_the_service_lies_between()
    {
        await using var service = await ApiService.StartAsync();
        var id = await service.StartRunAsync($$"""{"email":"ann@example.com","otp":"{{Canary}}","interval":"1h","duration":"2h","notify":"none"}""");
        await service.UntilAsync(id, "producing");
        service.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Test").LogWarning("{Step} of run {RunId} is slow", "mongo-sink", id);
        (await service.PostAsync($"/api/runs/{id}/cancel", null)).ShouldBe(200);
        var run = await service.UntilAsync(id, "cancelled");

        var log = (await service.GetAsync($"/api/runs/{id}/log")).ShouldBe(200);
        var lines = log["items"].EnumerateArray().ToList();
        lines[0].GetProperty("text").GetString().ShouldBe("The run is requested, on email_topic");
        lines[1].GetProperty("text").GetString().ShouldBe("ensure-topic, attempt 1, begins");
        (lines[1].GetProperty("step").GetString(), lines[1].GetProperty("attempt").GetInt32(), lines[1].GetProperty("level").GetString())
            .ShouldBe(("ensure-topic", 1, "info"));
        var facts = lines.Where(IsFact).ToList();
        (facts[^1].GetProperty("text").GetString(), facts[^1].GetProperty("level").GetString())
            .ShouldBe(("The run was cancelled: cancelled over HTTP", "error"));
        facts.Select(line => line.GetProperty("fact").GetInt64()).ShouldBe(
            run["timeline"].EnumerateArray().Select(fact => fact.GetProperty("id").GetInt64()));
        var slow = lines.Where(line => line.GetProperty("text").GetString()!.EndsWith("is slow", StringComparison.Ordinal)).ShouldHaveSingleItem();
        (IsFact(slow), slow.GetProperty("text").GetString(), slow.GetProperty("step").GetString(), slow.GetProperty("level").GetString())
            .ShouldBe((false, $"mongo-sink of run {id} is slow", "mongo-sink", "warning"));
        lines.IndexOf(slow).ShouldBeLessThan(lines.IndexOf(facts[^1]));
        log.Text.ShouldNotContain(Canary);
        log.Text.ShouldNotContain("ann@");

        // The facts are there for as long as the run is.
        await service.RestartAsync();
        (await service.GetAsync($"/api/runs/{id}/log")).ShouldBe(200)["items"].EnumerateArray().Where(IsFact)
            .Select(line => line.GetRawText()).ShouldBe(facts.Select(line => line.GetRawText()));
    }

    [Fact]
    public async Task It_is_paged_from_either_end()
    {
        await using var service = await ApiService.StartAsync();
        var id = (await service.CompleteAsync())["runId"].GetString()!;
        var all = (await service.Client().GetRunLogAsync(id, null, 500, null, TestContext.Current.CancellationToken)).Items;
        all.Count.ShouldBeGreaterThan(15);
        foreach (var order in new[] { "oldest", "newest" })
        {
            var seen = new List<RunLogPage.Line>();
            string? cursor = null;
            do
            {
                var page = await service.Client().GetRunLogAsync(id, order, 4, cursor, TestContext.Current.CancellationToken);
                page.Items.Count.ShouldBeInRange(1, 4);
                seen.AddRange(page.Items);
                cursor = page.Next;
            }
            while (cursor is not null);

            seen.ShouldBe(order == "oldest" ? all : all.Reverse());
        }
    }

    [Theory]
    [InlineData("order=first", "order")]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=501", "limit")]
    [InlineData("cursor=AAAA", "cursor")]
    [InlineData("cursor=MTp4MQ", "cursor")]
    public async Task A_parameter_that_is_none_is_named(string query, string field)
    {
        await using var service = await ApiService.StartAsync();
        var id = await service.StartRunAsync("""{"count":1,"notify":"none"}""");
        (await service.GetAsync($"/api/runs/{id}/log?{query}")).ShouldBeProblem(400, "bad_field", field);
        (await service.GetAsync("/api/runs/none/log")).ShouldBeProblem(404, "unknown_run", "id");
    }

    private static bool IsFact(JsonElement line) => line.TryGetProperty("fact", out _);
}
