using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Processes;

/// <summary>The service over HTTP, in a process of its own.</summary>
[Collection(OneAtATime.Name)]
public sealed class ServiceSpecs : IDisposable
{
    private readonly Workplace _at = new();

    private DataContent Data => _at.Data;

    public void Dispose() => _at.Dispose();

    [Fact]
    public async Task A_run_is_steered_over_HTTP_across_a_restart_and_a_reader_misses_nothing()
    {
        Signals.SkipUnlessSent(Signal.Terminate);
        const string body = """{"email":"ann@example.com","otp":"s3cret","interval":"50ms","duration":"1450ms","notify":1}""";
        string id;
        Task<List<(long? Id, JsonElement Data)>> first;
        await using (var service = await ServiceProcess.StartAsync(_at))
        {
            id = (await service.PostAsync("/api/runs", body, idempotencyKey: "one")).ShouldBe(202)["runId"].GetString()!;
            first = service.FollowAsync(id);
            await service.UntilAsync(id, run => run["report"].GetProperty("produced").GetInt64() > 2);
            (await service.PostAsync($"/api/runs/{id}/pause")).ShouldBe(200).State.ShouldBe("paused");
            (await service.PostAsync("/api/otps", """[{"email":"bob@example.com"},{"email":"cat@example.com"}]""", idempotencyKey: "two")).ShouldBe(201);
            service.Process.Send(Signal.Terminate);
            (await service.Process.EndAsync(TimeSpan.FromSeconds(20))).ShouldExitWith(0);
        }

        var seen = (await first).Where(e => e.Id is not null).ToList();
        await using (var service = await ServiceProcess.StartAsync(_at))
        {
            (await service.PostAsync("/api/runs", body, idempotencyKey: "one")).ShouldBe(200).State.ShouldBe("paused");
            (await service.PostAsync("/api/otps", """[{"email":"bob@example.com"},{"email":"cat@example.com"}]""", idempotencyKey: "two")).ShouldBe(200);
            var second = service.FollowAsync(id, seen[^1].Id);
            (await service.PostAsync($"/api/runs/{id}/resume")).ShouldBe(200);
            var rest = (await second).Where(e => e.Id is not null).ToList();
            var run = await service.UntilAsync(id, run => run.IsOver);

            run.State.ShouldBe("completed");
            seen.Concat(rest).Select(e => e.Id!.Value).ShouldBe(run["timeline"].EnumerateArray().Select(fact => fact.GetProperty("id").GetInt64()));
            run["report"].GetProperty("produced").GetInt64().ShouldBe(30);
            run["report"].GetProperty("stores").EnumerateArray().Select(store => store.GetProperty("read").GetInt64()).ShouldBe([32, 32]);
        }

        Data.TopicCount.ShouldBe(32);
        (Data.StoreCount("cassandra"), Data.StoreCount("mongo")).ShouldBe((3, 3));
    }

    [Fact]
    public async Task Dead_letters_are_redriven_once_though_the_service_is_killed_in_between()
    {
        const int bad = 40;
        var key = $"otp_{Guid.NewGuid():N}";
        (string, string)[] settings =
        [
            ("Http__ApiKeys__0__Name", "me"), ("Http__ApiKeys__0__Sha256", Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(key)))),
            ("Http__ApiKeys__0__Scopes__0", "Read"), ("Http__ApiKeys__0__Scopes__1", "Operate"),
        ];
        await Letters.WriteAsync(Data.File("topic.db"), bad);
        await using (var service = await ServiceProcess.StartAsync(_at, settings))
        {
            (await service.GetAsync("/api/dead-letters")).ShouldBeProblem(401, "no_key");
            (await service.GetAsync("/api/dead-letters?limit=500", key)).ShouldBe(200)["items"].GetArrayLength().ShouldBe(bad);
            var redrive = RedriveAsync(service, key);
            await service.Process.UntilAsync(() => Data.TopicCount > 1 + bad + 3);
            await service.KillAsync();
            await redrive;
        }

        await using (var service = await ServiceProcess.StartAsync(_at, settings))
        {
            var rest = (await service.PostAsync("/api/dead-letters/redrive", """{"all":true}""", key)).ShouldBe(200);
            (rest["redriven"].GetInt32() + rest["already"].GetInt32()).ShouldBe(bad);
            (await service.PostAsync("/api/dead-letters/redrive", """{"all":true}""", key))["redriven"].GetInt32().ShouldBe(0);
        }

        Data.Topic().Count.ShouldBe(1 + 2 * bad);
    }

    [Theory]
    [InlineData("http://0.0.0.0:0")]
    [InlineData("http://*:0")]
    [InlineData("http://[::]:0")]
    public async Task Open_to_other_machines_without_keys_it_refuses_to_start(string url)
    {
        var ended = await _at.RunBareAsync(["serve", "--data", Data.Root], environment: new Dictionary<string, string> { ["OtpActors__Http__Url"] = url });
        ended.ShouldExitWith(2).ShouldSay("can be reached from other machines", "OtpActors api-key", "AllowAnonymous=true");
        Data.IsThere.ShouldBeFalse();
    }

    [Fact]
    public async Task Open_to_other_machines_on_purpose_it_starts_and_reveals_nothing()
    {
        await using var service = await ServiceProcess.StartAsync(_at, ("Http__Url", "http://*:0"), ("Http__AllowAnonymous", "true"));
        service.Process.HasExited.ShouldBeFalse();
    }

    [Fact]
    public async Task A_key_that_is_made_opens_the_service()
    {
        var made = (await _at.RunBareAsync(["api-key"])).ShouldExitWith(0);
        var lines = made.Output.Split('\n').Where(line => line.Contains(':')).ToDictionary(line => line.Split(':')[0], line => line.Split(':')[1].Trim());
        lines["key"].ShouldStartWith("otp_");
        lines["sha256"].Length.ShouldBe(64);
        made.ShouldSay("OtpActors:Http:ApiKeys:0:Name").Error.ShouldNotContain(lines["key"]);
        (await _at.RunBareAsync(["api-key"])).Output.ShouldNotContain(lines["key"]);

        await using var service = await ServiceProcess.StartAsync(
            _at, ("Http__ApiKeys__0__Name", "me"), ("Http__ApiKeys__0__Sha256", lines["sha256"]), ("Http__ApiKeys__0__Scopes__0", "Read"));
        (await service.GetAsync("/api/runs", lines["key"])).ShouldBe(200);
        (await service.GetAsync("/api/runs", lines["sha256"])).ShouldBeProblem(401, "no_key");
        (await service.PostAsync("/api/runs", "{}", lines["key"])).ShouldBeProblem(403, "not_allowed");
    }

    [Fact]
    public async Task A_place_that_is_taken_is_said()
    {
        await using var service = await ServiceProcess.StartAsync(_at);
        using var other = new Workplace();
        var ended = await other.RunBareAsync(
            ["serve", "--data", other.Data.Root], environment: new Dictionary<string, string> { ["OtpActors__Http__Url"] = service.Url });
        ended.ShouldExitWith(1).ShouldSay("cannot listen");
    }

    private static async Task RedriveAsync(ServiceProcess service, string key)
    {
        try
        {
            await service.PostAsync("/api/dead-letters/redrive", """{"all":true}""", key);
        }
        catch (HttpRequestException)
        {
            // the service was killed
        }
    }
}
