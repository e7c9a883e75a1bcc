using System.Net;
using System.Text.Json;
using Akka.Actor;
using Akka.Streams;
using Akka.Streams.Dsl;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Time.Testing;
using OtpActors.Api;
using OtpActors.Domain.Runs;
using OtpActors.Health;
using OtpActors.Infrastructure.Journal;
using OtpActors.Infrastructure.Storage;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Topics;
using OtpActors.Infrastructure.Topics.Embedded;
using OtpActors.Steps;
using OtpActors.Telemetry;
using OtpActors.Tests.Fakes;
using OtpActors.Tests.Support;
using OtpActors.Triggers;
using Shouldly;
using Xunit;
using StreamSink = Akka.Streams.Dsl.Sink;

namespace OtpActors.Tests.Health;

public sealed class HealthSpecs
{
    [Fact]
    public async Task A_new_service_is_live_and_ready()
    {
        await using var service = await RunningService.StartAsync();
        (await service.GetAsync("/healthz/live")).ShouldContain("live");
        var (status, ready) = await ReadyAsync(service);
        status.ShouldBe(HttpStatusCode.OK);
        ready.GetProperty("status").GetString().ShouldBe("ready");
        ready.GetProperty("checks").EnumerateObject().Select(check => check.Name)
            .ShouldBe(["topic", "cassandra", "mongo", "journal", "data", "runs", "sinks"]);
    }

    [Fact]
    public async Task A_store_that_is_out_makes_it_unready_and_not_dead()
    {
        await using var service = await RunningService.StartAsync(options =>
        {
            options.Stores.Cassandra.Provider = StoreProvider.Cassandra;
            options.Cassandra.ContactPoints = "127.0.0.1:1"; // nobody listens there
        });
        (await service.GetAsync("/healthz/live")).ShouldContain("live");
        var (status, ready) = await ReadyAsync(service);
        status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        ready.GetProperty("status").GetString().ShouldBe("notReady");
        ready.GetProperty("checks").GetProperty("cassandra").GetProperty("status").GetString().ShouldBe("unhealthy");
        ready.GetProperty("checks").GetProperty("cassandra").GetProperty("detail").GetString().ShouldNotBeNullOrWhiteSpace();
        ready.GetProperty("checks").GetProperty("mongo").GetProperty("status").GetString().ShouldBe("healthy");
        var logs = string.Concat(Directory.GetFiles(service.Data.LogsDirectory).Select(Shared));
        logs.ShouldContain("Not ready, cassandra: ");
        logs.ShouldNotContain("Health check cassandra");
    }

    [Fact]
    public async Task However_often_it_is_asked_it_answers()
    {
        await using var service = await RunningService.StartAsync(options => options.Http.RequestsPerSecond = 1);
        for (var n = 0; n < 50; n++)
        {
            foreach (var path in new[] { "/healthz/live", "/healthz/ready" })
            {
                using var answer = await service.Http.GetAsync(path, TestContext.Current.CancellationToken);
                answer.StatusCode.ShouldBe(HttpStatusCode.OK);
            }
        }
    }

    [Fact]
    public async Task What_a_check_throws_is_a_sentence_and_so_is_its_silence()
    {
        var thrown = await CheckAsync(_ => throw new InvalidOperationException("the broker says no"));
        (thrown.Status, thrown.Description, thrown.Exception).ShouldBe((HealthStatus.Unhealthy, "the broker says no", null));
        var silent = await CheckAsync(_ => new TaskCompletionSource<HealthCheckResult>().Task); // ignores that it is cancelled
        (silent.Status, silent.Exception).ShouldBe((HealthStatus.Unhealthy, null));
        silent.Description.ShouldBe("no answer within 0 s");

        static Task<HealthCheckResult> CheckAsync(Func<CancellationToken, Task<HealthCheckResult>> check) =>
            new SentenceCheck(new Check(check), TimeSpan.FromMilliseconds(50)).CheckHealthAsync(new HealthCheckContext(), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Those_who_may_not_read_are_told_no_details()
    {
        await using var service = await RunningService.StartAsync(options =>
        {
            options.Stores.Cassandra.Provider = StoreProvider.Cassandra;
            options.Cassandra.ContactPoints = "127.0.0.1:1";
            options.Http.ApiKeys.Add(new ApiKeyOptions { Name = "somebody", Sha256 = new string('0', 64) });
        });
        var (_, ready) = await ReadyAsync(service);
        ready.GetProperty("checks").GetProperty("cassandra").TryGetProperty("detail", out _).ShouldBeFalse();
        (await service.Http.GetAsync("/metrics", TestContext.Current.CancellationToken)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task A_sink_that_should_get_on_and_does_not_is_noticed()
    {
        using var directory = new TempDirectory();
        await using var topic = new EmbeddedTopic(directory.File("topic.db"));
        await topic.EnsureAsync(new TopicSpec("email_topic"), TestContext.Current.CancellationToken);
        await AppendAsync(topic, 7);
        var clock = new FakeTimeProvider(RunDriver.Start);
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var metrics = new ServiceMetrics(services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>(), new TriggerCounts(), new ContinuousSinkCounts(), new JournalStatus(),
            DataDirectory.OpenReadOnly(directory.Path));
        using var monitor = new LagMonitor(new TelemetryOptions(), new TopicOptions(), new StoresOptions(), topic, metrics, clock);

        await MeasureAsync(monitor, clock);
        await MeasureAsync(monitor, clock);
        monitor.Latest.ShouldAllBe(group => group.Lag == 7 && group.StalledFor == TimeSpan.Zero, "nobody should consume");

        metrics.Follow(RunDriver.At(RunPhase.Draining).State);
        await MeasureAsync(monitor, clock);
        await MeasureAsync(monitor, clock);
        monitor.Latest.ShouldAllBe(group => group.StalledFor == TimeSpan.FromSeconds(60));

        metrics.Follow(RunDriver.At(RunPhase.Cancelled).State);
        await MeasureAsync(monitor, clock);
        monitor.Latest.ShouldAllBe(group => group.StalledFor == TimeSpan.Zero);
    }

    [Fact]
    public async Task Steps_that_wait_for_a_part_are_told_and_make_nobody_unready()
    {
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var metrics = new ServiceMetrics(services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>(), new TriggerCounts(), new ContinuousSinkCounts(), new JournalStatus(),
            DataDirectory.OpenReadOnly("data"));
        var check = new HeldStepsCheck(metrics);
        (await check.CheckHealthAsync(new HealthCheckContext(), TestContext.Current.CancellationToken)).Description.ShouldBeNull();

        var run = RunDriver.At(RunPhase.Draining).Do(Say.Hold(Say.CassandraSink));
        metrics.Follow(run.State);
        var told = await check.CheckHealthAsync(new HealthCheckContext(), TestContext.Current.CancellationToken);
        told.Status.ShouldBe(HealthStatus.Healthy);
        told.Description.ShouldBe(
            "cassandra-sink of the run run-1 waits for cassandra since 2031-05-17 08:30:00 UTC: connection refused");

        metrics.Follow(run.Do(Say.Release(Say.CassandraSink)).State);
        (await check.CheckHealthAsync(new HealthCheckContext(), TestContext.Current.CancellationToken)).Description.ShouldBeNull();
    }

    [Fact]
    public async Task A_continuous_sink_that_waits_for_a_part_is_told()
    {
        using var directory = new TempDirectory();
        await using var topic = new EmbeddedTopic(directory.File("topic.db"));
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var continuous = new ContinuousSinkCounts();
        var metrics = new ServiceMetrics(services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>(), new TriggerCounts(), continuous, new JournalStatus(),
            DataDirectory.OpenReadOnly("data"));
        var options = new TelemetryOptions();
        using var monitor = new LagMonitor(options, new TopicOptions(), new StoresOptions(), topic, metrics, TimeProvider.System);
        continuous.Hold(StoreNames.Mongo, StoreNames.Mongo, "connection refused", RunDriver.Start);
        var told = await new SinksCheck(monitor, continuous, options).CheckHealthAsync(new HealthCheckContext(), TestContext.Current.CancellationToken);
        told.Description.ShouldBe(
            "the continuous sink into mongo waits for mongo since 2031-05-17 08:30:00 UTC: connection refused");
    }

    private static async Task AppendAsync(EmbeddedTopic topic, int records)
    {
        using var system = ActorSystem.Create("health");
        await Source.Single<IReadOnlyList<ProducerRecord>>(
                [.. Enumerable.Range(0, records).Select(n => new ProducerRecord(n, null, null, RunDriver.Start))])
            .Via(topic.ProducerFlow("email_topic", "somebody"))
            .RunWith(StreamSink.Ignore<ProducerAck>(), system.Materializer());
        await system.Terminate();
    }

    private static async Task MeasureAsync(LagMonitor monitor, FakeTimeProvider clock)
    {
        clock.Advance(TimeSpan.FromSeconds(30));
        await monitor.MeasureAsync(TestContext.Current.CancellationToken);
    }

    private static async Task<(HttpStatusCode, JsonElement)> ReadyAsync(RunningService service)
    {
        using var response = await service.Http.GetAsync("/healthz/ready", TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return (response.StatusCode, JsonDocument.Parse(text).RootElement);
    }

    private static string Shared(string file)
    {
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        return reader.ReadToEnd();
    }

    private sealed class Check(Func<CancellationToken, Task<HealthCheckResult>> check) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => check(cancellationToken);
    }
}
