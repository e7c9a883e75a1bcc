using System.Text;
using Microsoft.Extensions.DependencyInjection;
using OtpActors.Infrastructure.Topics;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Api;

/// <summary><c>/api/commands</c>.</summary>
[Collection(OneService.Name)]
public sealed class CommandSpecs
{
    private const string Canary = "canary-5up3r-s3cret";

    [Fact]
    public async Task A_command_lies_in_the_topic_as_it_was_sent_and_starts_its_run()
    {
        await using var service = await ApiService.StartAsync();
        const string command = """{ "count": 2, "notify": "none" }""";

        var sent = (await service.PostAsync("/api/commands", command)).ShouldBe(201);
        (sent["topic"].GetString(), sent["partition"].GetInt32(), sent["offset"].GetInt64(), sent["runId"].GetString(), sent["again"].GetBoolean())
            .ShouldBe(("otp_commands", 0, 0, "otp_commands-0-0", false));
        var log = service.Services.GetRequiredService<IOtpTopic>();
        var record = (await log.ReadAsync("otp_commands", 0, 0, 10, TestContext.Current.CancellationToken)).ShouldHaveSingleItem();
        Encoding.UTF8.GetString(record.Value!).ShouldBe(command);

        await service.UntilListedAsync("/api/runs", 1);
        (await service.UntilAsync("otp_commands-0-0", "completed"))["report"].GetProperty("produced").GetInt64().ShouldBe(2);
    }

    [Fact]
    public async Task With_a_key_it_lies_there_once_across_restarts()
    {
        await using var service = await ApiService.StartAsync();
        const string command = """{"count":1,"notify":"none"}""";
        (await service.PostAsync("/api/commands", """{"count":3,"notify":"none"}""")).ShouldBe(201);

        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => service.PostAsync("/api/commands", command, idempotencyKey: "once")));
        answers.Select(answer => answer.Status).Order().ShouldBe([200, 200, 200, 200, 201]);
        await service.RestartAsync();
        (await service.PostAsync("/api/commands", command)).ShouldBe(201)["offset"].GetInt64().ShouldBe(2);
        var again = (await service.PostAsync("/api/commands", command, idempotencyKey: "once")).ShouldBe(200);
        (again["offset"].GetInt64(), again["runId"].GetString(), again["again"].GetBoolean()).ShouldBe((1, "otp_commands-0-1", true));
        (await service.PostAsync("/api/commands", """{"count":2}""", idempotencyKey: "once")).ShouldBeProblem(422, "key_reused", "Idempotency-Key");
        (await service.PostAsync("/api/commands", command, idempotencyKey: "two words")).ShouldBeProblem(400, "bad_field", "Idempotency-Key");
    }

    [Theory]
    [InlineData("", "bad_command", "The command is empty.")]
    [InlineData("[]", "bad_command", "The command is no JSON object.")]
    [InlineData($"{{\"otp\":\"{Canary}\"", "bad_command", "The command is not JSON that can be read: line 1, byte")]
    [InlineData($"{{\"{Canary}\":1}}", "bad_command", "A field is not known: line 1, byte")]
    [InlineData("""{"count":0}""", "bad_field", "count: 0 is not between 1 and 1000000000")]
    [InlineData("""{"topic":"otp_commands"}""", "bad_field", "topic: otp_commands belongs to the commands")]
    [InlineData("""{"records":[{"email":"nobody"}]}""", "bad_field", "records[0].email: ")]
    [InlineData("""{"notAfter":"2001-05-17T08:30:00Z"}""", "bad_field", "notAfter: the time has passed.")]
    public async Task What_the_reader_would_not_take_is_not_put_there(string command, string code, string says)
    {
        await using var service = await ApiService.StartAsync();
        var problem = (await service.PostAsync("/api/commands", command)).ShouldBeProblem(400, code);

        problem["detail"].GetString()!.ShouldStartWith(says);
        problem.Text.ShouldNotContain(Canary);
        service.Data.Topic().ShouldBeEmpty();
    }

    [Fact]
    public async Task Where_no_commands_are_taken_none_is_put_there()
    {
        await using var service = await ApiService.StartAsync(options => options.Triggers.Commands.Enabled = false);
        (await service.PostAsync("/api/commands")).ShouldBeProblem(409, "commands_off")["hint"].GetString()!.ShouldContain("Triggers:Commands:Enabled=true");
        service.Data.Topic().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_larger_one_than_the_reader_takes_is_refused()
    {
        await using var service = await ApiService.StartAsync(options => options.Triggers.Commands.MaxBytes = 1_024);
        (await service.PostAsync("/api/commands", $$"""{"count":1}{{new string(' ', 1_100)}}""")).ShouldBeProblem(400, "bad_command")["detail"].GetString()!
            .ShouldContain("at most 1024 are taken");
    }
}
