using System.Net.ServerSentEvents;
using System.Text.Json;
using OtpActors.Tests.Matrix;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Api;

/// <summary><c>/api/runs/{id}/events</c>.</summary>
[Collection(OneService.Name)]
public sealed class RunEventsSpecs
{
    private const string Slow = """{"email":"ann@example.com","otp":"s3cret","interval":"100ms","duration":"2s","notify":1}""";

    [Fact]
    public async Task A_run_is_followed_to_its_end()
    {
        await using var service = await ApiService.StartAsync();
        var id = await service.StartRunAsync("""{"count":100,"notify":2}""");
        var events = await ReadAsync(service, id);

        var facts = events.Where(e => e.EventType == "fact").ToList();
        var timeline = (await service.GetAsync($"/api/runs/{id}"))["timeline"].EnumerateArray().ToList();
        facts.Select(Id).ShouldBe(timeline.Select(fact => fact.GetProperty("id").GetInt64()));
        facts.Select(fact => What(fact)).ShouldBe(timeline.Select(fact => fact.GetProperty("what").GetString()));
        events.Where(e => e.EventType == "progress").ShouldAllBe(e => e.EventId == null || e.EventId == "");
        var last = JsonDocument.Parse(events.Last(e => e.EventType == "progress").Data).RootElement;
        (last.GetProperty("state").GetString(), last.GetProperty("report").GetProperty("produced").GetInt64()).ShouldBe(("completed", 100));

        var version = Id(facts[^1]);
        (await EventsAsync(service, id, $"{version}")).StatusCode.ShouldBe(System.Net.HttpStatusCode.NoContent);
        (await ReadAsync(service, id, $"{version - 1}")).Where(e => e.EventType == "fact").Select(Id).ShouldBe([version]);
    }

    [Fact]
    public async Task Who_comes_back_after_a_restart_misses_no_fact_and_sees_none_twice()
    {
        await using var service = await ApiService.StartAsync();
        var id = await service.StartRunAsync(Slow);
        await service.UntilAsync(id, run => run["report"].GetProperty("produced").GetInt64() > 2);
        var before = new List<SseItem<string>>();
        using (var response = await EventsAsync(service, id))
        {
            await foreach (var e in ParseAsync(response))
            {
                before.Add(e);
                if (e.EventType == "progress")
                {
                    break;
                }
            }
        }

        await service.RestartAsync();
        var seen = before.Where(e => e.EventType == "fact").ToList();
        seen.ShouldNotBeEmpty();
        var after = (await ReadAsync(service, id, seen[^1].EventId)).Where(e => e.EventType == "fact").ToList();

        var timeline = (await service.GetAsync($"/api/runs/{id}"))["timeline"].EnumerateArray().Select(fact => fact.GetProperty("id").GetInt64()).ToList();
        seen.Concat(after).Select(Id).ShouldBe(timeline);
        What(after[^1]).ShouldBe("ended");
        service.Data.TopicCount.ShouldBe(21); // the last one at the end of its time
    }

    [Fact]
    public async Task A_reader_does_not_keep_the_service_from_stopping()
    {
        await using var service = await ApiService.StartAsync();
        var id = await service.StartRunAsync("""{"email":"ann@example.com","interval":"50ms","duration":"1h"}""");
        using var response = await EventsAsync(service, id);
        var reading = Task.Run(async () =>
        {
            await foreach (var _ in ParseAsync(response))
            {
            }
        }, TestContext.Current.CancellationToken);
        await service.UntilAsync(id, "producing");

        await service.StopAsync();
        await reading.Eventually();
    }

    [Fact]
    public async Task A_run_that_waits_for_the_journal_says_so_wherever_it_is_shown()
    {
        await using var service = await ApiService.StartAsync();
        var id = await service.StartRunAsync(Slow);
        await service.UntilAsync(id, run => run["report"].GetProperty("produced").GetInt64() > 2);
        using var response = await EventsAsync(service, id);
        await using var journal = new LockedFile(service.Data.File("journal.db"));
        await journal.BreakAsync(loseReply: false);

        var run = await service.UntilAsync(id, run => Hold(run.Json) is not null);
        ShouldTell(Hold(run.Json));
        ShouldTell(Hold((await service.GetAsync("/api/runs"))["items"].EnumerateArray().Single()));
        var holds = new List<JsonElement?>();
        await foreach (var e in ParseAsync(response))
        {
            if (e.EventType != "progress")
            {
                continue;
            }

            holds.Add(Hold(JsonDocument.Parse(e.Data).RootElement));
            if (holds[^1] is not null)
            {
                await journal.MendAsync();
            }
        }

        holds[0].ShouldBeNull();
        ShouldTell(holds.First(hold => hold is not null));
        holds[^1].ShouldBeNull();
        run = await service.UntilAsync(id, run => run.IsOver);
        (run.State, Hold(run.Json)).ShouldBe(("completed", null));
        run["report"].GetProperty("steps").EnumerateArray().ShouldAllBe(step => step.GetProperty("attempts").GetInt32() == 1);

        static JsonElement? Hold(JsonElement shown) => shown.TryGetProperty("hold", out var hold) ? hold : null;

        static void ShouldTell(JsonElement? told)
        {
            var hold = told.ShouldNotBeNull();
            hold.GetProperty("waitsFor").GetString().ShouldBe("journal");
            hold.GetProperty("reason").GetString().ShouldNotBeNullOrEmpty();
            hold.GetProperty("since").GetDateTimeOffset().ShouldBeLessThanOrEqualTo(TimeProvider.System.GetUtcNow());
        }
    }

    [Theory]
    [InlineData("x")]
    [InlineData("-1")]
    [InlineData("99999999999999999999999")]
    public async Task An_event_id_that_is_none_is_refused(string lastEventId)
    {
        await using var service = await ApiService.StartAsync();
        var id = (await service.CompleteAsync(count: 1))["runId"].GetString();
        var request = new HttpRequestMessage(HttpMethod.Get, $"/api/runs/{id}/events");
        request.Headers.Add("Last-Event-ID", lastEventId);
        (await service.SendAsync(request)).ShouldBeProblem(400, "bad_field", "Last-Event-ID");
    }

    private static long Id(SseItem<string> e) => long.Parse(e.EventId!, System.Globalization.CultureInfo.InvariantCulture);

    private static string What(SseItem<string> e) => JsonDocument.Parse(e.Data).RootElement.GetProperty("what").GetString()!;

    private static async Task<List<SseItem<string>>> ReadAsync(ApiService service, string id, string? lastEventId = null)
    {
        using var response = await EventsAsync(service, id, lastEventId);
        var events = new List<SseItem<string>>();
        await foreach (var e in ParseAsync(response))
        {
            events.Add(e);
        }

        return events;
    }

    private static IAsyncEnumerable<SseItem<string>> ParseAsync(HttpResponseMessage response)
    {
        response.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        return SseParser.Create(response.Content.ReadAsStream(TestContext.Current.CancellationToken)).EnumerateAsync(TestContext.Current.CancellationToken);
    }

    private static async Task<HttpResponseMessage> EventsAsync(ApiService service, string id, string? lastEventId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(new Uri(service.Url), $"/api/runs/{id}/events"));
        if (lastEventId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastEventId);
        }

        return await service.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken).Eventually();
    }
}
