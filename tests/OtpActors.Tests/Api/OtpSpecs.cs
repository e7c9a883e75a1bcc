using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Stores;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Api;

/// <summary><c>/api/otps</c>.</summary>
[Collection(OneService.Name)]
public sealed class OtpSpecs
{
    private const string Canary = "canary-5up3r-s3cret";

    [Fact]
    public async Task A_record_that_is_published_is_stored_by_the_next_run()
    {
        await using var service = await ApiService.StartAsync();
        var published = (await service.PostAsync("/api/otps", $$"""{"email":"Ann@Example.com","otp":"{{Canary}}"}""")).ShouldBe(201);
        (published["topic"].GetString(), published["count"].GetInt32(), published["again"].GetBoolean()).ShouldBe(("email_topic", 1, false));
        published.Text.ShouldNotContain(Canary);
        service.Data.Topic().ShouldBe([("Ann@example.com", Canary)]);

        (await service.GetAsync("/api/otps/Ann@example.com")).ShouldBe(200)["stores"].EnumerateArray()
            .Select(store => (store.GetProperty("store").GetString(), store.GetProperty("found").GetBoolean()))
            .ShouldBe([("cassandra", false), ("mongo", false)]);
        (await service.CompleteAsync(count: 3)).State.ShouldBe("completed");

        var found = (await service.GetAsync("/api/otps/Ann@example.com")).ShouldBe(200);
        found["email"].GetString().ShouldBe("Ann@example.com");
        foreach (var store in found["stores"].EnumerateArray())
        {
            store.GetProperty("found").GetBoolean().ShouldBeTrue();
            store.GetProperty("otp").GetString().ShouldBe("***");
            var origin = store.GetProperty("origin");
            (origin.GetProperty("topic").GetString(), origin.GetProperty("offset").GetInt64()).ShouldBe(("email_topic", 0));
        }

        found.Text.ShouldNotContain(Canary);
    }

    [Theory]
    [InlineData("""{"email":"a@b.c"}""", 1, "email_topic")]
    [InlineData("""{"topic":"other","email":"a@b.c","otp":"1"}""", 1, "other")]
    [InlineData("""{"topic":"other","records":[{"email":"a@b.c"},{"email":"b@b.c","otp":"000"}]}""", 2, "other")]
    [InlineData("""{"records":[{"email":"a@b.c"}]}""", 1, "email_topic")]
    [InlineData("""[{"email":"a@b.c"},{"email":"a@b.c"},{"email":"c@b.c","otp":"пароль"}]""", 3, "email_topic")]
    public async Task Records_come_alone_in_an_object_or_in_an_array(string body, int count, string topic)
    {
        await using var service = await ApiService.StartAsync();
        var published = (await service.PostAsync("/api/otps", body)).ShouldBe(201);

        (published["topic"].GetString(), published["count"].GetInt32()).ShouldBe((topic, count));
        (await service.GetAsync($"/api/topics/{topic}")).ShouldBe(200)["records"].GetInt64().ShouldBe(count);
        service.Data.Topic().Count.ShouldBe(count);
    }

    [Fact]
    public async Task A_password_that_is_left_out_is_made_of_seven_random_digits()
    {
        await using var service = await ApiService.StartAsync();
        var many = JsonSerializer.Serialize(Enumerable.Range(0, 200).Select(i => new { email = $"user{i}@example.com" }));
        var published = (await service.PostAsync("/api/otps", many)).ShouldBe(201);

        var passwords = service.Data.Topic().Select(record => record.Otp).ToList();
        passwords.ShouldAllBe(otp => otp.Length == 7 && otp.All(char.IsAsciiDigit));
        passwords.Distinct().Count().ShouldBeGreaterThan(190);
        passwords.ShouldAllBe(otp => !published.Text.Contains(otp));
    }

    [Theory]
    [InlineData("{}", "email")]
    [InlineData("""{"email":"nobody"}""", "email")]
    [InlineData("""{"email":"a@b.c","otp":""}""", "otp")]
    [InlineData("""{"email":"a@b.c","otp":7}""", "otp")]
    [InlineData("""{"email":"a@b.c","topic":"a b"}""", "topic")]
    [InlineData("""{"email":"a@b.c","topic":"email_topic.dlq"}""", "topic")]
    [InlineData("""{"email":"a@b.c","topic":"otp_commands"}""", "topic")]
    [InlineData("""{"email":"a@b.c","topic":"otp_commands.dlq"}""", "topic")]
    [InlineData("""{"topic":"otp_commands","records":[{"email":"a@b.c"}]}""", "topic")]
    [InlineData("""{"email":"a@b.c","records":[]}""", "records")]
    [InlineData("""{"records":[]}""", "records")]
    [InlineData("[]", "records")]
    [InlineData("""{"records":[{"email":"a@b.c"},{"email":"b"}]}""", "records[1].email")]
    [InlineData("""{"records":[{"email":"a@b.c"},null]}""", "records[1]")]
    [InlineData("""[{"email":"a@b.c"},{"otp":"1"}]""", "[1].email")]
    [InlineData("""[{"email":"a@b.c","otp":"a\nb"}]""", "[0].otp")]
    public async Task What_is_wrong_is_named_and_nothing_is_published(string body, string field)
    {
        await using var service = await ApiService.StartAsync();
        (await service.PostAsync("/api/otps", body)).ShouldBeProblem(400, "bad_field", field);
        (await service.PostAsync("/api/otps", """{"email":"a@b.c","opt":"1"}""")).ShouldBeProblem(400, "unknown_field", "opt");
        (await service.PostAsync("/api/otps", """{"records":[{"email":"a@b.c","code":"1"}]}""")).ShouldBeProblem(400, "unknown_field");
        service.Data.TopicCount.ShouldBe(0);
    }

    [Fact]
    public async Task More_than_ten_thousand_records_are_refused()
    {
        await using var service = await ApiService.StartAsync();
        var most = JsonSerializer.Serialize(Enumerable.Range(0, 10_000).Select(i => new { email = $"user{i}@example.com" }));
        (await service.PostAsync("/api/otps", most)).ShouldBe(201)["count"].GetInt32().ShouldBe(10_000);
        var more = JsonSerializer.Serialize(Enumerable.Range(0, 10_001).Select(i => new { email = $"user{i}@example.com" }));
        (await service.PostAsync("/api/otps", more)).ShouldBeProblem(400, "bad_field");
        service.Data.TopicCount.ShouldBe(10_000);
    }

    [Fact]
    public async Task A_hundred_posts_under_one_key_publish_once_across_a_restart_too()
    {
        const string body = """{"records":[{"email":"a@b.c"},{"email":"b@b.c"},{"email":"c@b.c","otp":"1"}]}""";
        await using var service = await ApiService.StartAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => service.PostAsync("/api/otps", body, idempotencyKey: "key-1")));

        answers.Count(answer => answer.Status == 201).ShouldBe(1);
        answers.ShouldAllBe(answer => answer.Status == 201 || answer.Status == 200 && answer["again"].GetBoolean());
        service.Data.TopicCount.ShouldBe(3);

        (await service.PostAsync("/api/otps", """{"email":"a@b.c"}""", idempotencyKey: "key-1")).ShouldBeProblem(422, "key_reused", "Idempotency-Key");
        (await service.PostAsync("/api/otps", body, idempotencyKey: "key-2")).ShouldBe(201);
        await service.RestartAsync();
        (await service.PostAsync("/api/otps", body, idempotencyKey: "key-1")).ShouldBe(200)["again"].GetBoolean().ShouldBeTrue();
        (await service.PostAsync("/api/otps", """{"email":"a@b.c"}""", idempotencyKey: "key-1")).ShouldBeProblem(422, "key_reused");
        (await service.PostAsync("/api/otps", body)).ShouldBe(201); // without a key each is a publication of its own
        service.Data.TopicCount.ShouldBe(9);
        (await service.PostAsync("/api/otps", body, idempotencyKey: new string('k', 201))).ShouldBeProblem(400, "bad_field", "Idempotency-Key");
    }

    [Fact]
    public async Task A_password_is_revealed_to_a_key_with_the_scope_alone_and_the_log_tells_it()
    {
        await using var service = await ApiService.StartAsync(Keys.Set);
        await service.PostAsync("/api/otps", $$"""{"email":"ann@example.com","otp":"{{Canary}}"}""", Keys.Operator);
        var run = (await service.PostAsync("/api/runs", """{"count":1,"notify":"none"}""", Keys.Operator)).ShouldBe(202)["runId"].GetString();
        while ((await service.GetAsync($"/api/runs/{run}", Keys.Reader)).State != "completed")
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        var masked = (await service.GetAsync("/api/otps/ann@example.com", Keys.Reader)).ShouldBe(200);
        masked.Text.ShouldNotContain(Canary);
        (await service.GetAsync("/api/otps/ann@example.com?reveal=true", Keys.Reader)).ShouldBeProblem(403, "not_allowed", "reveal");
        (await service.GetAsync("/api/otps/ann@example.com?reveal=yes", Keys.Auditor)).ShouldBeProblem(400, "bad_field", "reveal");
        service.Data.Logs.ShouldNotContain("Password revealed");

        var shown = (await service.GetAsync("/api/otps/ann@example.com?reveal=true", Keys.Auditor)).ShouldBe(200);
        shown["stores"].EnumerateArray().Select(store => store.GetProperty("otp").GetString()).ShouldBe([Canary, Canary]);
        string[] lines = [.. service.Data.Logs.Split('\n').Where(text => text.Contains("Password revealed"))];
        lines.Length.ShouldBe(2); // in the log and in the audit
        var line = lines.Distinct().ShouldHaveSingleItem();
        line.ShouldContain("a***@example.com");
        line.ShouldContain("cassandra");
        line.ShouldContain("mongo");
        line.ShouldContain("auditor");
        service.Data.Logs.ShouldNotContain(Canary);
        service.Data.Logs.ShouldNotContain("ann@example.com");
    }

    [Fact]
    public async Task A_store_that_is_out_says_so_and_the_other_answers()
    {
        await using var service = await ApiService.StartAsync(replace: services =>
        {
            services.Remove(services.Last(service => service.ServiceType == typeof(IOtpStore)));
            services.AddSingleton<IOtpStore>(new ScriptedStore("mongo") { BeforeFind = () => throw new StoreUnavailableException("the store mongo is unavailable") });
        });

        var stores = (await service.GetAsync("/api/otps/ann@example.com")).ShouldBe(200)["stores"].EnumerateArray().ToList();
        stores[0].GetProperty("found").GetBoolean().ShouldBeFalse();
        stores[1].TryGetProperty("found", out _).ShouldBeFalse();
        stores[1].GetProperty("problem").GetString().ShouldBe("the store mongo is unavailable");
    }

    [Theory]
    [InlineData("nobody")]
    [InlineData("a@b")]
    [InlineData("a%0d%0aX:%20y@b.c")]
    public async Task What_is_no_address_is_refused(string address)
    {
        await using var service = await ApiService.StartAsync();
        (await service.GetAsync($"/api/otps/{address}")).ShouldBeProblem(400, "bad_field", "email");
    }

    [Fact]
    public async Task Every_address_that_can_be_published_can_be_asked_for()
    {
        await using var service = await ApiService.StartAsync();
        foreach (var email in new[] { "a+b@example.com", "a/b@example.com", "a%b@example.com", "a?b#c@example.com", "jürgen@例え.jp", "..%2F@x.y" })
        {
            var found = await service.GetAsync($"/api/otps/{Uri.EscapeDataString(email)}");
            if (email.StartsWith('.'))
            {
                found.ShouldBeProblem(400, "bad_field", "email");
            }
            else
            {
                found.ShouldBe(200)["email"].GetString().ShouldBe(EmailAddress.Parse(email).Value);
            }
        }
    }
}
