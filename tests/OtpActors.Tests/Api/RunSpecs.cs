using Shouldly;
using Xunit;

namespace OtpActors.Tests.Api;

/// <summary><c>/api/runs</c>.</summary>
[Collection(OneService.Name)]
public sealed class RunSpecs
{
    /// <summary>A run that goes on producing for as long as a test needs it.</summary>
    private const string Long = """{"email":"ann@example.com","otp":"s3cret","interval":"20ms","duration":"1h","notify":"none"}""";

    [Fact]
    public async Task A_run_is_started_watched_and_listed()
    {
        await using var service = await ApiService.StartAsync();
        var started = (await service.PostAsync("/api/runs", """{"topic":"people","partitions":2,"count":40,"notify":3}""")).ShouldBe(202);
        var id = started["runId"].GetString()!;
        started.Headers["Location"].ShouldBe($"/api/runs/{id}");
        started["trigger"].GetProperty("kind").GetString().ShouldBe("http");

        var run = await service.UntilAsync(id, "completed");
        var report = run["report"];
        (report.GetProperty("produced").GetInt64(), report.GetProperty("storesAgree").GetBoolean()).ShouldBe((40, true));
        foreach (var store in report.GetProperty("stores").EnumerateArray())
        {
            (store.GetProperty("read").GetInt64(), store.GetProperty("inserted").GetInt64(), store.GetProperty("found").GetInt64()).ShouldBe((40, 40, 40));
        }

        report.GetProperty("notifications").GetProperty("mail").GetProperty("sent").GetInt64().ShouldBe(6);
        run["request"].GetProperty("partitions").GetInt32().ShouldBe(2);
        var timeline = run["timeline"].EnumerateArray().ToList();
        timeline[0].GetProperty("what").GetString().ShouldBe("requested");
        timeline[^1].GetProperty("what").GetString().ShouldBe("ended");
        timeline.Select(fact => fact.GetProperty("id").GetInt64()).ShouldBeInOrder(SortDirection.Ascending);
        (await service.GetAsync("/api/runs")).ShouldBe(200)["items"].EnumerateArray().ShouldHaveSingleItem()
            .GetProperty("runId").GetString().ShouldBe(id);
    }

    [Fact]
    public async Task A_run_is_paused_resumed_and_cancelled()
    {
        await using var service = await ApiService.StartAsync();
        var id = await service.StartRunAsync(Long);
        await service.UntilAsync(id, run => run["report"].GetProperty("produced").GetInt64() > 0);

        (await service.PostAsync($"/api/runs/{id}/pause", null)).ShouldBe(200).State.ShouldBe("paused");
        (await service.PostAsync($"/api/runs/{id}/pause", null)).ShouldBe(200).State.ShouldBe("paused");
        await service.RestartAsync();
        (await service.GetAsync($"/api/runs/{id}")).State.ShouldBe("paused");
        var produced = (await service.PostAsync($"/api/runs/{id}/resume", null)).ShouldBe(200)["report"].GetProperty("produced").GetInt64();
        await service.UntilAsync(id, run => run["report"].GetProperty("produced").GetInt64() > produced);

        (await service.PostAsync($"/api/runs/{id}/cancel", null)).ShouldBe(200).State.ShouldBe("cancelled");
        foreach (var command in new[] { "cancel", "pause", "resume" })
        {
            (await service.PostAsync($"/api/runs/{id}/{command}", null)).ShouldBeProblem(409, "run_refused", "id");
        }

        var whats = (await service.GetAsync($"/api/runs/{id}"))["timeline"].EnumerateArray().Select(fact => fact.GetProperty("what").GetString()).ToList();
        whats.ShouldContain("paused");
        whats.ShouldContain("resumed");
        whats[^1].ShouldBe("ended");
    }

    [Fact]
    public async Task A_step_that_was_cancelled_is_tried_again_and_the_run_ends_whole()
    {
        await using var service = await ApiService.StartAsync();
        var id = await service.StartRunAsync("""{"email":"ann@example.com","otp":"s3cret","interval":"50ms","duration":"450ms","notify":"none"}""");
        await service.UntilAsync(id, run => run["report"].GetProperty("produced").GetInt64() > 0);
        (await service.PostAsync($"/api/runs/{id}/steps/cassandra-mail/retry", null)).ShouldBeProblem(409, "run_refused");
        (await service.PostAsync($"/api/runs/{id}/steps/bake/retry", null)).ShouldBeProblem(404, "unknown_step", "step");
        (await service.PostAsync($"/api/runs/{id}/cancel", null)).ShouldBe(200);

        (await service.PostAsync($"/api/runs/{id}/steps/produce/retry", null)).ShouldBe(200);
        foreach (var sink in new[] { "cassandra-sink", "mongo-sink" })
        {
            (await service.PostAsync($"/api/runs/{id}/steps/{sink}/retry", null)).Status.ShouldBeOneOf(200, 409); // reopened with the run
        }

        var run = await service.UntilAsync(id, run => run.IsOver);
        run.State.ShouldBe("completed", run.Text);
        run["report"].GetProperty("produced").GetInt64().ShouldBe(10);
        service.Data.TopicCount.ShouldBe(10);
        run["timeline"].EnumerateArray().Select(fact => fact.GetProperty("what").GetString()).ShouldContain("reopened");
    }

    [Fact]
    public async Task A_hundred_posts_under_one_key_start_one_run_with_one_set_of_passwords()
    {
        const string body = """{"records":[{"email":"a@b.c"},{"email":"b@b.c"},{"email":"c@b.c"}],"notify":"all"}""";
        await using var service = await ApiService.StartAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => service.PostAsync("/api/runs", body, idempotencyKey: "key-1")));

        answers.Count(answer => answer.Status == 202).ShouldBe(1);
        answers.ShouldAllBe(answer => answer.Status == 202 || answer.Status == 200);
        var id = answers.Select(answer => answer["runId"].GetString()).Distinct().ShouldHaveSingleItem()!;
        (await service.UntilAsync(id, run => run.IsOver)).State.ShouldBe("completed");
        service.Data.TopicCount.ShouldBe(3);
        var stored = await service.Data.StoreAsync("cassandra");
        stored.Order().ShouldBe(service.Data.Topic().Order());
        foreach (var mail in service.Data.Mails())
        {
            stored.Any(record => mail.To.ToString() == record.Email && mail.TextBody!.Contains(record.Otp)).ShouldBeTrue();
        }

        (await service.PostAsync("/api/runs", """{"count":1}""", idempotencyKey: "key-1")).ShouldBeProblem(422, "key_reused", "Idempotency-Key");
        await service.RestartAsync();
        (await service.PostAsync("/api/runs", body, idempotencyKey: "key-1")).ShouldBe(200)["runId"].GetString().ShouldBe(id);
        (await service.PostAsync("/api/runs", """{"count":1}""", idempotencyKey: "key-1")).ShouldBeProblem(422, "key_reused", "Idempotency-Key");
        (await service.PostAsync("/api/runs", """{"count":1}""", idempotencyKey: "")).ShouldBeProblem(400, "bad_field", "Idempotency-Key");
        (await service.GetAsync("/api/runs"))["items"].GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task Runs_are_filtered_and_paged()
    {
        await using var service = await ApiService.StartAsync();
        var ids = new List<string>();
        for (var i = 0; i < 7; i++)
        {
            ids.Add((await service.CompleteAsync(count: 1, topic: i % 2 == 0 ? "even" : "odd"))["runId"].GetString()!);
        }

        ids.Add(await service.StartRunAsync(Long));
        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = (await service.GetAsync($"/api/runs?limit=3{(cursor is null ? "" : $"&cursor={cursor}")}")).ShouldBe(200);
            seen.AddRange(Ids(page));
            cursor = page.Json.TryGetProperty("next", out var next) ? next.GetString() : null;
        }
        while (cursor is not null);

        seen.ShouldBe(ids.AsEnumerable().Reverse());
        Ids(await service.GetAsync("/api/runs?topic=odd")).Count.ShouldBe(3);
        Ids(await service.GetAsync("/api/runs?state=completed")).Count.ShouldBe(7);
        Ids(await service.GetAsync("/api/runs?state=completed,failed&topic=odd")).Count.ShouldBe(3);
        Ids(await service.GetAsync("/api/runs?state=failed,cancelled")).ShouldBeEmpty();
        await service.UntilAsync(ids[^1], run => run.State == "producing");
        await service.UntilListedAsync("/api/runs?state=completed&state=producing,failed", 8); // the list follows the run
        Ids(await service.GetAsync("/api/runs?state=Completed&topic=even&limit=2")).Count.ShouldBe(2);
        var middle = (await service.GetAsync($"/api/runs/{ids[3]}"))["requestedAt"].GetDateTimeOffset();
        Ids(await service.GetAsync($"/api/runs?from={Uri.EscapeDataString($"{middle.AddMilliseconds(1):O}")}")).ShouldBe(ids.Skip(4).Reverse());
        Ids(await service.GetAsync($"/api/runs?to={Uri.EscapeDataString($"{middle:O}")}")).ShouldBe(ids.Take(3).Reverse());
        (await service.PostAsync($"/api/runs/{ids[^1]}/cancel", null)).ShouldBe(200);
    }

    [Theory]
    [InlineData("state=busy", "state")]
    [InlineData("state=3", "state")]
    [InlineData("state=completed,busy", "state")]
    [InlineData("state=completed,", "state")]
    [InlineData("state=completed%20", "state")]
    [InlineData("state=", "state")]
    [InlineData("topic=", "topic")]
    [InlineData("topic=even,odd", "topic")]
    [InlineData("limit=", "limit")]
    [InlineData("limit=%D9%A1%D9%A0", "limit")]
    [InlineData("limit=%EF%BC%91", "limit")]
    [InlineData("cursor=", "cursor")]
    [InlineData("from=soon", "from")]
    [InlineData("to=2031-02-30", "to")]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=501", "limit")]
    [InlineData("limit=-1", "limit")]
    [InlineData("cursor=%F0%9F", "cursor")]
    [InlineData("cursor=AAAA", "cursor")]
    public async Task A_filter_that_is_none_is_named(string query, string field)
    {
        await using var service = await ApiService.StartAsync();
        (await service.GetAsync($"/api/runs?{query}")).ShouldBeProblem(400, "bad_field", field);
    }

    [Theory]
    [InlineData("""{"topic":"a b"}""", "topic")]
    [InlineData("""{"topic":"email_topic.dlq"}""", "topic")]
    [InlineData("""{"topic":"x.dlq","count":1}""", "topic")]
    [InlineData("""{"topic":"otp_commands","count":1}""", "topic")]
    [InlineData("""{"topic":"otp_commands.dlq"}""", "topic")]
    [InlineData("""{"partitions":0}""", "partitions")]
    [InlineData("""{"partitions":1001}""", "partitions")]
    [InlineData("""{"email":"nobody"}""", "email")]
    [InlineData("""{"otp":""}""", "otp")]
    [InlineData("""{"interval":"soon"}""", "interval")]
    [InlineData("""{"interval":5}""", "interval")]
    [InlineData("""{"duration":"-1s"}""", "duration")]
    [InlineData("""{"interval":"1ms","duration":"8000h"}""", "duration")]
    [InlineData("""{"count":0}""", "count")]
    [InlineData("""{"count":1000000001}""", "count")]
    [InlineData("""{"count":1.5}""", "count")]
    [InlineData("""{"count":1,"email":"a@b.c"}""", "count")]
    [InlineData("""{"records":[]}""", "records")]
    [InlineData("""{"records":[{"email":"a@b.c"}],"count":1}""", "records")]
    [InlineData("""{"records":[{"email":"a@b.c"},{}]}""", "records[1].email")]
    [InlineData("""{"notify":-1}""", "notify")]
    [InlineData("""{"notify":"some"}""", "notify")]
    [InlineData("""{"overlap":"both"}""", "overlap")]
    [InlineData("""{"overlap":1}""", "overlap")]
    [InlineData("""{"deadline":"0s"}""", "deadline")]
    public async Task A_wrong_field_of_a_request_is_named_and_no_run_is_made(string body, string field)
    {
        await using var service = await ApiService.StartAsync();
        (await service.PostAsync("/api/runs", body)).ShouldBeProblem(400, "bad_field", field);
        (await service.GetAsync("/api/runs"))["items"].GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task An_unknown_run_is_not_found_whatever_is_asked_of_it()
    {
        await using var service = await ApiService.StartAsync();
        foreach (var id in new[] { "none", "..", "%2e%2e%2f", new string('a', 400), "a b", "http-000000000000000000000000" })
        {
            (await service.GetAsync($"/api/runs/{id}")).Status.ShouldBeOneOf(404, 200);
            if (id is not "..")
            {
                (await service.GetAsync($"/api/runs/{id}")).ShouldBeProblem(404, "unknown_run", "id");
                (await service.GetAsync($"/api/runs/{id}/events")).ShouldBeProblem(404, "unknown_run", "id");
                (await service.PostAsync($"/api/runs/{id}/cancel", null)).ShouldBeProblem(404, "unknown_run", "id");
                (await service.PostAsync($"/api/runs/{id}/steps/produce/retry", null)).ShouldBeProblem(404, "unknown_run", "id");
            }
        }
    }

    [Fact]
    public async Task An_empty_request_is_the_tutorial_s_run()
    {
        await using var service = await ApiService.StartAsync();
        var run = (await service.PostAsync("/api/runs")).ShouldBe(202);
        (run["request"].GetProperty("topic").GetString(), run["request"].GetProperty("duration").GetString(), run["request"].GetProperty("notify").GetInt64())
            .ShouldBe(("email_topic", "00:00:20", 100));
        run["records"].GetProperty("source").GetString().ShouldBe("sample");
        (await service.PostAsync($"/api/runs/{run["runId"].GetString()}/cancel", null)).ShouldBe(200);
    }

    [Fact]
    public async Task A_run_s_document_holds_what_was_asked_so_that_it_can_be_sent_again()
    {
        await using var service = await ApiService.StartAsync();
        foreach (var asked in new[]
        {
            """{"topic":"a","partitions":2,"count":3,"window":"00:00:07","notify":"none","deadline":"01:00:00","overlap":"skip"}""",
            """{"topic":"b","partitions":1,"email":"ann@example.com","otp":"0042","interval":"00:00:00.0100000","duration":"00:00:00.0350000","window":"00:00:07","notify":"all"}""",
        })
        {
            var run = (await service.PostAsync("/api/runs", asked)).ShouldBe(202);
            run["request"].GetRawText().ShouldBe(asked.Replace("ann@example.com", "a***@example.com").Replace("\"0042\"", "\"***\"").Replace("\"none\"", "0"));
            (await service.UntilAsync(run["runId"].GetString()!, answer => answer.IsOver)).State.ShouldBe("completed");
            (await service.GetAsync($"/api/runs/{run["runId"].GetString()}"))["request"].GetRawText().ShouldBe(run["request"].GetRawText());
        }

        var shown = (await service.GetAsync("/api/runs?topic=a")).ShouldBe(200)["items"][0].GetProperty("runId").GetString();
        var again = (await service.PostAsync("/api/runs", (await service.GetAsync($"/api/runs/{shown}"))["request"].GetRawText())).ShouldBe(202);
        again["request"].GetRawText().ShouldBe((await service.GetAsync($"/api/runs/{shown}"))["request"].GetRawText());
        (again["records"].GetProperty("source").GetString(), again["records"].GetProperty("count").GetInt64()).ShouldBe(("generated", 3));
        var given = (await service.PostAsync("/api/runs", """{"records":[{"email":"a@b.c"},{"email":"b@b.c"}]}""")).ShouldBe(202);
        (given["records"].GetProperty("source").GetString(), given["records"].GetProperty("count").GetInt64()).ShouldBe(("given", 2));
    }

    [Fact]
    public async Task Names_are_spelled_alike_in_every_answer()
    {
        await using var service = await ApiService.StartAsync();
        var id = (await service.CompleteAsync(count: 2))["runId"].GetString();
        var texts = new List<string>();
        foreach (var path in new[] { $"/api/runs/{id}", "/api/runs", "/api/topics", "/api/schedules" })
        {
            Collect((await service.GetAsync(path)).ShouldBe(200).Json, texts);
        }

        foreach (var name in new[] { "completed", "created", "drained", "http", "stepStarted", "sinkReady", "generated", "wait" })
        {
            texts.ShouldContain(name);
        }

        // Steps, topics and schedules have names of their own; messages are sentences.
        texts.Where(text => System.Text.RegularExpressions.Regex.IsMatch(text, "^[A-Z][A-Za-z]*$") && text != "UTC").ShouldBeEmpty();
        texts.Where(text => text.StartsWith("step-", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    private static void Collect(System.Text.Json.JsonElement json, List<string> texts)
    {
        foreach (var each in json.ValueKind switch
        {
            System.Text.Json.JsonValueKind.Object => json.EnumerateObject().Select(property => property.Value),
            System.Text.Json.JsonValueKind.Array => json.EnumerateArray(),
            _ => Enumerable.Empty<System.Text.Json.JsonElement>(),
        })
        {
            Collect(each, texts);
        }

        if (json.ValueKind == System.Text.Json.JsonValueKind.String)
        {
            texts.Add(json.GetString()!);
        }
    }

    [Fact]
    public async Task Overlapping_runs_wait_are_skipped_or_take_the_topic_over()
    {
        await using var service = await ApiService.StartAsync();
        var first = await service.StartRunAsync(Long);
        await service.UntilAsync(first, "producing");
        var waiting = await service.StartRunAsync("""{"count":1,"notify":"none"}""");
        var skipped = await service.StartRunAsync("""{"count":1,"overlap":"skip"}""");
        (await service.UntilAsync(skipped, run => run.IsOver)).State.ShouldBe("cancelled");
        (await service.GetAsync($"/api/runs/{waiting}")).State.ShouldBe("requested");
        var last = await service.StartRunAsync("""{"count":1,"notify":"none","overlap":"cancelOther"}""");
        (await service.UntilAsync(last, run => run.IsOver)).State.ShouldBe("completed");
        (await service.GetAsync($"/api/runs/{first}")).State.ShouldBe("cancelled");
        (await service.GetAsync($"/api/runs/{waiting}")).State.ShouldBe("cancelled");
    }

    [Fact]
    public async Task Settings_are_shown_without_their_secrets()
    {
        await using var service = await ApiService.StartAsync(options =>
        {
            Keys.Set(options);
            options.Kafka.Properties["sasl.password"] = "canary-5up3r-s3cret";
        });
        var config = (await service.GetAsync("/api/config", Keys.Reader)).ShouldBe(200);
        config.Text.ShouldNotContain("canary-5up3r-s3cret");
        config.Text.ShouldNotContain(service.Options.Http.ApiKeys[0].Sha256);
        config["Topic"].GetProperty("Name").GetString().ShouldBe("email_topic");
    }

    private static List<string> Ids(Answer page) =>
        [.. page.ShouldBe(200)["items"].EnumerateArray().Select(run => run.GetProperty("runId").GetString()!)];
}
