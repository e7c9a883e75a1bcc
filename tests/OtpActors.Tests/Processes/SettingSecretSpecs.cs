using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using OtpActors.Infrastructure.Topics.Kafka;
using OtpActors.Tests.Hosting;
using OtpActors.Tests.Servers.Postgres;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Processes;

/// <summary>A secret is in every setting that can hold one, everything that they lead to is out, and the secrets are looked for everywhere.</summary>
[Collection(OneAtATime.Name)]
public sealed class SettingSecretSpecs(PostgresServers servers) : IDisposable
{
    private const string Canary = "canary-5up3r-s3cret";
    private const string Key = "otp_canary-5up3r-s3cret-key";

    private readonly Workplace _at = new();
    private readonly ConcurrentQueue<string> _seen = new();

    public void Dispose() => _at.Dispose();

    [Fact]
    public async Task Secrets_of_the_settings_are_told_nowhere()
    {
        await using var database = await servers.DatabaseAsync();
        await using var collector = await CollectAsync();
        var digest = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(Key)));
        var secret = new Dictionary<string, string>
        {
            ["Http:ApiKeys:0:Sha256"] = digest,
            ["Telemetry:OtlpEndpoint"] = $"{collector.Urls.Single()}/{Canary}",
            ["Cassandra:Username"] = Canary,
            ["Cassandra:Password"] = Canary,
            ["Mongo:ConnectionString"] = $"mongodb://{Canary}:{Canary}@127.0.0.1:1/{Canary}?appName={Canary}&serverSelectionTimeoutMS=300",
            ["Journal:ConnectionString"] = database.ConnectionString,
            ["Mail:Smtp:User"] = Canary,
            ["Mail:Smtp:Password"] = Canary,
            ["Slack:WebhookUrl"] = $"http://127.0.0.1:1/{Canary}",
        };
        var settings = new Dictionary<string, string>(secret)
        {
            ["LogLevel"] = "Verbose",
            ["Http:ApiKeys:0:Name"] = "me",
            ["Http:ApiKeys:0:Scopes:0"] = "Read",
            ["Http:ApiKeys:0:Scopes:1"] = "Operate",
            ["Telemetry:OtlpProtocol"] = "HttpProtobuf",
            ["Telemetry:ExportInterval"] = "00:00:01",
            ["Journal:Provider"] = "PostgreSQL",
            ["Topic:Provider"] = "Kafka",
            ["Kafka:BootstrapServers"] = "127.0.0.1:1",
            ["Kafka:OperationTimeout"] = "00:00:00.5",
            ["Kafka:Properties:debug"] = "all",
            ["Kafka:Properties:security.protocol"] = "SASL_PLAINTEXT",
            ["Kafka:Properties:sasl.mechanism"] = "PLAIN",
            ["Stores:Cassandra:Provider"] = "Cassandra",
            ["Cassandra:ContactPoints"] = "127.0.0.1:1",
            ["Stores:Mongo:Provider"] = "MongoDB",
            ["Mail:Provider"] = "Smtp",
            ["Mail:Smtp:Host"] = "127.0.0.1",
            ["Mail:Smtp:Port"] = "1",
            ["Mail:Smtp:AllowPlaintext"] = "true",
            ["Slack:Provider"] = "Webhook",
        };
        foreach (var leaf in SettingsTree.Leaves.Where(leaf => leaf is { IsText: true, IsShown: false } && !secret.ContainsKey(leaf.Key)))
        {
            leaf.Key.ShouldStartWith("Kafka:Properties:"); // else it has no secret yet
            if (Accepts(leaf.Key["Kafka:Properties:".Length..]))
            {
                settings[leaf.Key] = Canary;
            }
        }

        settings.ShouldContainKey("Kafka:Properties:sasl.password");
        await using var service = await ServiceProcess.StartAsync(_at, [.. settings.Select(each => (each.Key.Replace(":", "__", StringComparison.Ordinal), each.Value))]);
        _seen.Enqueue(await File.ReadAllTextAsync($"/proc/{service.Process.Id}/cmdline", TestContext.Current.CancellationToken));
        var run = (await service.PostAsync("/api/runs", """{"count":1}""", Key)).ShouldBe(202);
        var id = run["runId"].GetString()!;
        foreach (var path in new[]
        {
            "/api/config", "/metrics", "/healthz/live", "/healthz/ready", "/api/runs", "/api/topics/email_topic", "/api/topics/email_topic/records",
            "/api/dead-letters", "/api/otps/ann@example.com", "/api/schedules", "/openapi/v1.json",
        })
        {
            Keep(await service.GetAsync(path, Key));
        }

        Keep(await service.PostAsync("/api/otps", """{"email":"ann@example.com"}""", Key));
        Keep(await service.PostAsync("/api/runs", $$"""{"topic":"{{Canary}} "}""", "another key"));
        Keep(await service.UntilAsync(
            id, run => run.Text.Contains("attemptFailed", StringComparison.Ordinal) || run.Text.Contains("\"hold\"", StringComparison.Ordinal), Key));
        Keep(await service.GetAsync($"/api/runs/{id}", Key));
        Keep((await service.PostAsync($"/api/runs/{id}/cancel", "{}", Key)).ShouldBe(200));
        service.Process.Send(Signal.Terminate);
        var ended = (await service.Process.EndAsync()).ShouldExitWith(0);
        _seen.Enqueue(ended.Error + ended.Output);
        _seen.Enqueue(_at.Data.Logs);
        _seen.Enqueue((string)(await database.ScalarAsync("SELECT string_agg(encode(message, 'escape'), ' ') FROM journal"))!);

        var seen = string.Join('\n', _seen);
        seen.ShouldContain("127.0.0.1:1"); // it tried
        seen.ShouldContain("otpactors.runs"); // the collector had metrics
        foreach (var text in new[] { Canary, digest, PostgresServer.Password })
        {
            foreach (var form in new[] { text, Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{text}\0{text}")), text.ToLowerInvariant() })
            {
                seen.Split('\n').Where(line => line.Contains(form, StringComparison.Ordinal)).Take(5).ShouldBeEmpty();
            }
        }
    }

    private void Keep(Api.Answer answer)
    {
        _seen.Enqueue(answer.Text);
        _seen.Enqueue(string.Join('\n', answer.Headers.Select(header => $"{header.Key}: {header.Value}")));
    }

    /// <summary>Whether the client takes the secret there and the service lets it be set.</summary>
    private static bool Accepts(string property)
    {
        var options = new KafkaOptions { Properties = { [property] = Canary } };
        return !options.Validate(new System.ComponentModel.DataAnnotations.ValidationContext(options)).Any();
    }

    private async Task<WebApplication> CollectAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var collector = builder.Build();
        collector.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            _seen.Enqueue(Encoding.Latin1.GetString(body.ToArray()));
        });
        await collector.StartAsync(TestContext.Current.CancellationToken);
        return collector;
    }
}
