using System.Text.Json;
using Microsoft.Data.Sqlite;
using OtpActors.Domain.Runs;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Processes;

/// <summary>The service is killed in each phase of a run and started again.</summary>
[Collection(OneAtATime.Name)]
public sealed class ServiceCrashSpecs(ITestOutputHelper output) : IDisposable
{
    private const int Records = 20_000;
    private const int Notified = 100;

    private readonly Workplace _at = new();

    private DataContent Data => _at.Data;

    public void Dispose() => _at.Dispose();

    /// <param name="phase">The phase to kill it in, or the first one after it that a look from outside catches.</param>
    /// <param name="held">A file that nobody else can write meanwhile, so that the phase lasts.</param>
    [Theory]
    [InlineData(RunPhase.EnsuringTopic, "topic.db")]
    [InlineData(RunPhase.StartingSinks, "cassandra.db")]
    [InlineData(RunPhase.Producing, null)]
    [InlineData(RunPhase.Draining, "mongo.db")]
    [InlineData(RunPhase.Checking, null)]
    [InlineData(RunPhase.Notifying, null)]
    public async Task Killed_in_a_phase_the_run_ends_as_if_nothing_had_been(RunPhase phase, string? held)
    {
        var body = $$"""{"count":{{Records}},"notify":{{Notified}}}""";
        string id;
        await using (var service = await ServiceProcess.StartAsync(_at))
        {
            var hold = held is not null && phase < RunPhase.Producing ? Hold(held) : null;
            id = (await service.PostAsync("/api/runs", body, idempotencyKey: "one")).ShouldBe(202)["runId"].GetString()!;
            if (phase == RunPhase.Draining)
            {
                await service.Process.UntilAsync(() => Data.TopicCount > 0);
                hold = Hold(held!);
            }

            using (hold)
            {
                var run = await service.UntilAsync(id, run => Enum.Parse<RunPhase>(run.State, ignoreCase: true) >= phase);
                await service.KillAsync();
                output.WriteLine($"killed in {run.State}: topic {Data.TopicCount}, mails {Data.MailFiles.Count}, posts {Data.SlackFiles.Count}");
                if (held is not null)
                {
                    run.State.ShouldBe(phase.ToString(), StringCompareShould.IgnoreCase);
                }
            }
        }

        await using (var service = await ServiceProcess.StartAsync(_at))
        {
            (await service.PostAsync("/api/runs", body, idempotencyKey: "one")).ShouldBe(200)["runId"].GetString().ShouldBe(id);
            var report = (await service.UntilAsync(id, run => run.IsOver))["report"].Deserialize<RunReport>(JsonSerializerOptions.Web)!;
            await service.KillAsync();
            await Data.ShouldHoldAsync(report, Records, Notified);
        }
    }

    [Fact]
    public async Task Records_that_are_published_while_the_service_is_killed_again_and_again_are_there_once()
    {
        const int requests = 60;
        var service = await ServiceProcess.StartAsync(_at);
        try
        {
            for (var i = 0; i < requests; i++)
            {
                if (i % 20 == 10)
                {
                    var last = PublishAsync(service, i); // answered or not
                    await service.KillAsync();
                    await last;
                    await service.DisposeAsync();
                    service = await ServiceProcess.StartAsync(_at);
                }

                (await PublishAsync(service, i)).ShouldBeTrue();
            }

            (await PublishAsync(service, 0)).ShouldBeTrue();
        }
        finally
        {
            await service.DisposeAsync();
        }

        Data.Topic().Select(record => record.Email).Order(StringComparer.Ordinal).ShouldBe(
            Enumerable.Range(0, requests).SelectMany(i => Enumerable.Range(0, 50).Select(j => $"user{i}-{j}@example.com")).Order(StringComparer.Ordinal));
    }

    private static async Task<bool> PublishAsync(ServiceProcess service, int number)
    {
        var records = string.Join(',', Enumerable.Range(0, 50).Select(j => $$"""{"email":"user{{number}}-{{j}}@example.com"}"""));
        try
        {
            return (await service.PostAsync("/api/otps", $"[{records}]", idempotencyKey: $"request-{number}")).Status is 200 or 201;
        }
        catch (HttpRequestException)
        {
            return false; // the service was killed
        }
    }

    /// <summary>As long as it is held, whoever wants to write to the file waits.</summary>
    private SqliteConnection Hold(string file)
    {
        var connection = new SqliteConnection($"Data Source={Data.File(file)};Pooling=False;Default Timeout=30");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA journal_mode=WAL; BEGIN IMMEDIATE";
        command.ExecuteNonQuery();
        return connection;
    }
}
