using System.Text;
using System.Text.Json;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Triggers.Schedules;

public class ScheduleEndpointSpecs
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_schedule_is_made_shown_changed_paused_run_by_hand_and_removed()
    {
        using var directory = new TempDirectory();
        await using (var service = await RunningService.StartAsync(directory: directory.Path))
        {
            var list = await SendAsync(service, HttpMethod.Get, "/api/schedules", null, 200);
            var daily = list.GetProperty("items").EnumerateArray().ShouldHaveSingleItem();
            (Text(daily, "name"), Text(daily, "cron"), daily.GetProperty("enabled").GetBoolean()).ShouldBe(("daily", "@daily", false));
            daily.GetProperty("next").GetArrayLength().ShouldBe(5);

            const string form = """
                {"name":"weekly","cron":"0 8 * * MON","timeZone":"Europe/Berlin","catchUp":"2h","overlap":"skip",
                 "request":{"email":"jane.doe@example.com","otp":"s3cret-0042","interval":"10ms","duration":"20ms","notify":"none"}}
                """;
            var made = await SendAsync(service, HttpMethod.Post, "/api/schedules", form, 201);
            var shown = made.ToString();
            shown.ShouldNotContain("s3cret-0042");
            shown.ShouldNotContain("jane.doe");
            (Text(made, "catchUp"), Text(made, "overlap"), made.GetProperty("enabled").GetBoolean()).ShouldBe(("02:00:00", "skip", true));
            Text(await SendAsync(service, HttpMethod.Post, "/api/schedules", form, 409), "code").ShouldBe("schedule_refused");

            var put = await SendAsync(
                service, HttpMethod.Put, "/api/schedules/weekly", $$"""{"cron":"@weekly","request":{{made.GetProperty("request")}}}""", 200);
            Text(put, "cron").ShouldBe("@weekly");
            put.TryGetProperty("catchUp", out _).ShouldBeFalse();
            (await SendAsync(service, HttpMethod.Post, "/api/schedules/weekly/pause", null, 200)).GetProperty("enabled").GetBoolean().ShouldBeFalse();
            (await SendAsync(service, HttpMethod.Post, "/api/schedules/weekly/resume", null, 200)).GetProperty("enabled").GetBoolean().ShouldBeTrue();

            var run = Text(await SendAsync(service, HttpMethod.Post, "/api/schedules/weekly/trigger", null, 202), "runId");
            await service.GetAsync($"/api/runs/{run}/events");
            Text(JsonDocument.Parse(await service.GetAsync($"/api/runs/{run}")).RootElement, "state").ShouldBe("completed");
            Text(await SendAsync(service, HttpMethod.Get, "/api/schedules/weekly", null, 200), "lastRunId").ShouldBe(run);
            await SendAsync(service, HttpMethod.Delete, "/api/schedules/daily", null, 204);
        }

        await using var again = await RunningService.StartAsync(directory: directory.Path);
        var kept = (await SendAsync(again, HttpMethod.Get, "/api/schedules", null, 200)).GetProperty("items").EnumerateArray();
        Text(kept.ShouldHaveSingleItem(), "name").ShouldBe("weekly");
    }

    [Fact]
    public async Task What_is_wrong_is_a_problem_that_names_the_field()
    {
        await using var service = await RunningService.StartAsync();
        foreach (var (form, code, field) in new[]
        {
            ("""{"name":"a","cron":"61 * * * *"}""", "bad_field", "cron"),
            ("""{"name":"a","cron":"@daily","timeZone":"Mars/Base"}""", "bad_field", "timeZone"),
            ("""{"name":"a","cron":"@daily","timezone":"UTC"}""", "unknown_field", "timezone"),
            ("""{"name":"a","cron":"@daily","catchUp":"0s"}""", "bad_field", "catchUp"),
            ("""{"name":"a","cron":"@daily","overlap":"maybe"}""", "bad_field", "overlap"),
            ("""{"name":"a","cron":"@daily","request":{"count":"five"}}""", "bad_field", "request.count"),
            ("""{"name":"a b","cron":"@daily"}""", "bad_field", "name"),
        })
        {
            var problem = await SendAsync(service, HttpMethod.Post, "/api/schedules", form, 400);
            (Text(problem, "code"), Text(problem, "field")).ShouldBe((code, field), form);
        }

        foreach (var (method, path) in new[]
        {
            (HttpMethod.Get, "nobody"), (HttpMethod.Delete, "nobody"), (HttpMethod.Post, "nobody/pause"), (HttpMethod.Post, "nobody/resume"),
            (HttpMethod.Post, "nobody/trigger"), (HttpMethod.Get, "%20"),
        })
        {
            Text(await SendAsync(service, method, $"/api/schedules/{path}", null, 404), "code").ShouldBe("unknown_schedule");
        }
    }

    private static string Text(JsonElement element, string field) => element.GetProperty(field).GetString()!;

    private static async Task<JsonElement> SendAsync(RunningService service, HttpMethod method, string path, string? json, int status)
    {
        using var request = new HttpRequestMessage(method, path);
        if (json is not null)
        {
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        }

        using var response = await service.Http.SendAsync(request, Cancel);
        var text = await response.Content.ReadAsStringAsync(Cancel);
        ((int)response.StatusCode).ShouldBe(status, text);
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
    }
}
