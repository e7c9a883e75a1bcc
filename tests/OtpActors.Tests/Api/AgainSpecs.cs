using OtpActors.Client;
using OtpActors.Triggers;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Api;

/// <summary>A run's request, made again by the service that has what it answers to nobody.</summary>
[Collection(OneService.Name)]
public sealed class AgainSpecs
{
    private const string Canary = "canary-5up3r-s3cret";
    private const string OneAddress = $$"""{"email":"ann@example.com","otp":"{{Canary}}","interval":"1ms","duration":"2ms","window":"7s","notify":"none"}""";
    private const string Given = """{"records":[{"email":"ann@example.com","otp":"1"},{"email":"bob@example.com"}],"notify":"none"}""";

    [Fact]
    public async Task The_masked_address_and_its_password_are_produced_again()
    {
        await using var service = await ApiService.StartAsync();
        var id = await CompletedAsync(service, OneAddress);
        await service.RestartAsync();
        var again = (await service.PostAsync($"/api/runs/{id}/again", null)).ShouldBe(202);

        again["runId"].GetString().ShouldNotBe(id);
        again.Headers["Location"].ShouldBe($"/api/runs/{again["runId"].GetString()}");
        again["request"].GetRawText().ShouldBe((await service.GetAsync($"/api/runs/{id}"))["request"].GetRawText());
        again.Text.ShouldNotContain(Canary);
        (await service.UntilAsync(again["runId"].GetString()!, run => run.IsOver)).State.ShouldBe("completed");
        service.Data.Topic().ShouldBe(Enumerable.Repeat(("ann@example.com", Canary), 6));
    }

    [Fact]
    public async Task Another_address_brings_its_own_password()
    {
        await using var service = await ApiService.StartAsync();
        var id = await CompletedAsync(service, OneAddress);
        (await service.PostAsync($"/api/runs/{id}/again", """{"email":"eve@example.com"}""")).ShouldBeProblem(400, "bad_field", "otp");
        (await service.PostAsync($"/api/runs/{id}/again", """{"email":"nobody","otp":"7"}""")).ShouldBeProblem(400, "bad_field", "email");
        (await service.PostAsync($"/api/runs/{id}/again", """{"otp":""}""")).ShouldBeProblem(400, "bad_field", "otp");
        (await service.PostAsync($"/api/runs/{id}/again", """{"topic":"other"}""")).ShouldBeProblem(400, "unknown_field", "topic");
        await MadeAgainAsync(service, id, """{"email":"eve@example.com","otp":"7"}""");
        await MadeAgainAsync(service, id, """{"otp":"8"}""");

        service.Data.Topic().Skip(3).ShouldBe([.. Enumerable.Repeat(("eve@example.com", "7"), 3), .. Enumerable.Repeat(("ann@example.com", "8"), 3)]);
    }

    [Fact]
    public async Task Generated_addresses_are_other_ones()
    {
        await using var service = await ApiService.StartAsync();
        var id = await CompletedAsync(service, """{"topic":"news","partitions":2,"count":20,"notify":"none"}""");
        (await service.PostAsync($"/api/runs/{id}/again", """{"otp":"1"}""")).ShouldBeProblem(400, "bad_field", "otp");
        var again = await MadeAgainAsync(service, id, "{}");

        (again["request"].GetProperty("topic").GetString(), again["records"].GetProperty("count").GetInt64()).ShouldBe(("news", 20));
        service.Data.Topic().Select(record => record.Otp).Distinct().Count().ShouldBeGreaterThan(20);
    }

    [Fact]
    public async Task Given_records_are_produced_again_until_their_run_has_completed()
    {
        await using var service = await ApiService.StartAsync();
        var holder = await service.StartRunAsync("""{"interval":"1h","duration":"2h","notify":"none"}"""); // takes the topic: the next ones wait
        await service.UntilAsync(holder, "producing");
        var id = await service.StartRunAsync(Given);
        var again = (await service.PostAsync($"/api/runs/{id}/again", null)).ShouldBe(202)["runId"].GetString()!;
        (await service.PostAsync($"/api/runs/{holder}/cancel", null)).ShouldBe(200);
        foreach (var run in new[] { id, again })
        {
            (await service.UntilAsync(run, each => each.IsOver)).State.ShouldBe("completed");
        }

        var given = service.Data.Topic().Skip(1).ToList(); // behind the holder's one
        given.Take(2).ShouldBe(given.Skip(2)); // the password that was made for bob too
        await FilesGoneAsync(service);

        var gone = (await service.PostAsync($"/api/runs/{id}/again", null)).ShouldBeProblem(410, "input_gone", "id");
        gone["hint"].GetString().ShouldBe("Send them with POST /api/runs.");
        var refused = await Should.ThrowAsync<ServiceException>(
            () => service.Client().StartAgainAsync(id, new AgainRequest(), null, TestContext.Current.CancellationToken));
        (refused.Code, refused.IsCallersFault).ShouldBe(("input_gone", true));
    }

    [Fact]
    public async Task Under_one_key_it_is_one_run()
    {
        await using var service = await ApiService.StartAsync();
        var id = await CompletedAsync(service, OneAddress);
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => service.PostAsync($"/api/runs/{id}/again", "{}", idempotencyKey: "key-1")));
        answers.Count(answer => answer.Status == 202).ShouldBe(1);
        var run = answers.Select(answer => answer["runId"].GetString()!).Distinct().ShouldHaveSingleItem();
        await service.UntilAsync(run, "completed");
        var (same, known) = await service.Client().StartAgainAsync(id, new AgainRequest(), "key-1", TestContext.Current.CancellationToken);
        (same.RunId, known).ShouldBe((run, true));

        (await service.PostAsync($"/api/runs/{id}/again", """{"otp":"7"}""", idempotencyKey: "key-1")).ShouldBeProblem(422, "key_reused", "Idempotency-Key");
        (await service.PostAsync($"/api/runs/{run}/again", null, idempotencyKey: "key-1")).ShouldBeProblem(422, "key_reused", "Idempotency-Key");
        (await service.PostAsync("/api/runs", OneAddress, idempotencyKey: "key-1")).ShouldBeProblem(422, "key_reused", "Idempotency-Key");
        (await service.PostAsync("/api/runs/none/again", null)).ShouldBeProblem(404, "unknown_run", "id");
        service.Data.TopicCount.ShouldBe(6);
    }

    private static async Task<string> CompletedAsync(ApiService service, string request)
    {
        var id = await service.StartRunAsync(request);
        (await service.UntilAsync(id, run => run.IsOver)).State.ShouldBe("completed");
        return id;
    }

    private static async Task<Answer> MadeAgainAsync(ApiService service, string id, string change)
    {
        var again = (await service.PostAsync($"/api/runs/{id}/again", change)).ShouldBe(202);
        (await service.UntilAsync(again["runId"].GetString()!, run => run.IsOver)).State.ShouldBe("completed");
        return again;
    }

    private static async Task FilesGoneAsync(ApiService service)
    {
        while (Directory.GetFiles(Path.Combine(service.Options.Data, "inputs")).Length > 0)
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }
}
