using System.Security.Cryptography;
using System.Text;
using OtpActors.Tests.Api;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Processes;

/// <summary>A password goes through every way in that the API has, and is looked for everywhere.</summary>
[Collection(OneAtATime.Name)]
public sealed class ServiceSecretSpecs : IDisposable
{
    private const string Canary = "canary-5up3r-s3cret";
    private const string Key = "otp_the-key-itself-is-a-secret";

    /// <summary>Files that hold passwords, as they must.</summary>
    private static readonly string[] Holders = ["topic.db", "cassandra.db", "mongo.db", "journal.db", "schedules.db", "inputs", "outbox", "slack"];

    private readonly Workplace _at = new();
    private readonly StringBuilder _answers = new();

    public void Dispose() => _at.Dispose();

    [Fact]
    public async Task A_password_is_found_in_mails_and_where_it_is_kept_and_nowhere_else()
    {
        await FeedAsync("email_topic", ("nobody", Canary), ("bad@example.com", Canary + new string('x', 200)));
        await FeedAsync(
            "otp_commands", ("", $$"""{"topic":"commanded","email":"eve@example.com","otp":"{{Canary}}","interval":"2ms","duration":"1ms"}"""),
            ("", $$"""{"otp":"{{Canary}}"""), ("", $$"""{"opt":"{{Canary}}"}"""), ("", $$"""{"otp":["{{Canary}}"]}"""), (Canary, Canary));
        await using var service = await ServiceProcess.StartAsync(
            _at, ("LogLevel", "Verbose"), ("Http__ApiKeys__0__Name", "me"),
            ("Http__ApiKeys__0__Sha256", Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(Key)))),
            ("Http__ApiKeys__0__Scopes__0", "Read"), ("Http__ApiKeys__0__Scopes__1", "Operate"), ("Workflow__Steps__Sink__Delay", "00:00:00.1"));
        var runs = new List<string>();
        foreach (var body in new[]
        {
            $$"""{"email":"ann@example.com","otp":"{{Canary}}","interval":"1ms","duration":"2ms","notify":"all"}""",
            $$"""{"records":[{"email":"bob@example.com","otp":"{{Canary}}"},{"email":"cat@example.com"}],"notify":"all"}""",
        })
        {
            runs.Add((await SendAsync(service, "/api/runs", body, 202))["runId"].GetString()!);
        }

        foreach (var body in new[]
        {
            $$"""{"email":"dan@example.com","otp":"{{Canary}}"}""",
            $$"""{"topic":"other","records":[{"email":"dan@example.com","otp":"{{Canary}}"}]}""",
            $$"""[{"email":"dan@example.com","otp":"{{Canary}}"}]""",
        })
        {
            await SendAsync(service, "/api/otps", body, 201);
        }

        await SendAsync(
            service, "/api/schedules",
            $$"""{"name":"mine","cron":"0 0 * * *","enabled":true,"request":{"email":"fay@example.com","otp":"{{Canary}}","interval":"2ms","duration":"1ms"} }""", 201);
        runs.Add((await SendAsync(service, "/api/schedules/mine/trigger", "{}", 202))["runId"].GetString()!);
        runs.Add("otp_commands-0-0");
        var longer = Canary + new string('x', 200);
        foreach (var (path, body) in new[]
        {
            ("/api/runs", $$"""{"email":"ann@example.com","otp":"{{longer}}"}"""),
            ("/api/runs", $$"""{"otp":["{{Canary}}"]}"""),
            ("/api/runs", $$"""{"records":[{"email":"{{Canary}}","otp":"ann@example.com"}]}"""),
            ("/api/runs", $$"""{"records":"{{Canary}}"}"""),
            ("/api/runs", $$"""{"opt":"{{Canary}}"}"""),
            ("/api/runs", $$"""{"count":"{{Canary}}"}"""),
            ("/api/runs", $$"""{"interval":"{{Canary}}"}"""),
            ("/api/runs", $$"""{"notify":"{{Canary}}"}"""),
            ("/api/runs", $$"""{"overlap":"{{Canary}}"}"""),
            ("/api/runs", $$"""{"otp":"{{Canary}}"""),
            ("/api/runs", Canary),
            ("/api/otps", $$"""{"email":"ann@example.com","otp":"{{longer}}"}"""),
            ("/api/otps", $$"""{"email":"ann@example.com","otp":"{{Canary}}\n"}"""),
            ("/api/otps", $$"""{"email":"{{Canary}}","otp":"1"}"""),
            ("/api/otps", $$"""[["{{Canary}}"]]"""),
            ("/api/otps", $"\"{Canary}\""),
            ("/api/otps", $$"""{"otp":"{{Canary}}","otp":"{{Canary}}"}"""),
            ("/api/schedules", $$"""{"name":"{{Canary}}","cron":"{{Canary}}","request":{"otp":"{{Canary}}"} }"""),
            ("/api/schedules", $$"""{"name":"x","cron":"0 0 * * *","request":{"otp":"{{longer}}"} }"""),
            ("/api/dead-letters/redrive", $$"""{"letters":["{{Canary}}"]}"""),
        })
        {
            await SendAsync(service, path, body, 400);
        }

        foreach (var id in runs)
        {
            while (await SeeAsync(service, $"/api/runs/{id}") is var run && (run.Status == 404 || !run.IsOver))
            {
                await Task.Delay(20, TestContext.Current.CancellationToken); // a command is taken when its turn comes
            }

            (await SeeAsync(service, $"/api/runs/{id}")).State.ShouldBe("completed");
            _answers.AppendJoin('\n', (await service.FollowAsync(id, key: Key)).Select(e => e.Data.GetRawText()));
        }

        foreach (var path in new[]
        {
            "/api/runs", "/api/otps/ann@example.com", "/api/otps/bob@example.com", "/api/otps/dan@example.com", "/api/topics/email_topic",
            "/api/topics/email_topic/records", "/api/topics/other/records", "/api/topics/email_topic.dlq/records", "/api/dead-letters", "/api/dead-letters?topic=otp_commands",
            "/api/topics/otp_commands/records", "/api/schedules", "/api/schedules/mine",
            "/api/config", "/openapi/v1.json", "/docs/", "/metrics", "/healthz/live", "/healthz/ready", $"/api/otps/{Canary}", $"/api/runs/x?x={Canary}",
        })
        {
            await SeeAsync(service, path);
        }

        _answers.ToString().ShouldContain("a***@example.com");
        _answers.ToString().ShouldContain("cassandra-sink"); // of a dead letter
        _answers.ToString().ShouldNotContain(Canary);
        _at.Data.Mails().ShouldContain(mail => mail.TextBody!.Contains(Canary));
        service.Process.Kill();
        var ended = await service.Process.EndAsync();
        foreach (var secret in new[] { Canary, Key })
        {
            (ended.Error + ended.Output).ShouldNotContain(secret);
            _at.Data.Logs.ShouldNotContain(secret);
        }

        foreach (var address in new[] { "ann@example.com", "bad@example.com", "bob@example.com", "dan@example.com", "eve@example.com", "fay@example.com" })
        {
            (ended.Error + _at.Data.Logs).ShouldNotContain(address);
        }

        var holding = Directory.GetFiles(_at.Data.Root, "*", SearchOption.AllDirectories)
            .Where(file => Encoding.Latin1.GetString(File.ReadAllBytes(file)).Contains(Canary, StringComparison.Ordinal))
            .Select(file => Path.GetRelativePath(_at.Data.Root, file).Split(Path.DirectorySeparatorChar)[0].Replace("-wal", "")).Distinct().ToList();
        holding.ShouldBeSubsetOf(Holders);
        holding.ShouldContain("outbox");
    }

    private Task FeedAsync(string topic, params (string Key, string Value)[] records) => TopicFeed.AppendAsync(
        _at.Data.Root, topic, records.Select(record => ((byte[]?)Encoding.UTF8.GetBytes(record.Key), Encoding.UTF8.GetBytes(record.Value))));

    private async Task<Answer> SendAsync(ServiceProcess service, string path, string body, int status)
    {
        var answer = (await service.PostAsync(path, body, Key)).ShouldBe(status);
        Keep(answer);
        return answer;
    }

    private async Task<Answer> SeeAsync(ServiceProcess service, string path)
    {
        var answer = await service.GetAsync(path, Key);
        answer.Status.ShouldBeLessThan(500, path);
        Keep(answer);
        return answer;
    }

    private void Keep(Answer answer)
    {
        _answers.AppendLine(answer.Text);
        _answers.AppendJoin('\n', answer.Headers.Select(header => $"{header.Key}: {header.Value}"));
    }
}
