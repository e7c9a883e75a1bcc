using System.Globalization;
using System.Text.RegularExpressions;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Telemetry;

/// <summary>Alone: a collector hears of every service of the process.</summary>
[Collection(nameof(MetricsSpecs))]
[CollectionDefinition(nameof(MetricsSpecs), DisableParallelization = true)]
public sealed partial class MetricsSpecs
{
    private static readonly string[] Outcomes = ["inserted", "skipped", "dead_lettered"];

    [Fact]
    public async Task A_run_is_told_in_numbers_that_add_up_and_name_nobody()
    {
        await using var service = await RunningService.StartAsync();
        await service.RunAsync(new { email = "canary.person@example.com", otp = "canary-7731", interval = "1ms", duration = "19ms", notify = "all" });
        await service.RunAsync(new { count = 50, notify = 3 });

        var metrics = await service.GetAsync("/metrics");

        Value(metrics, "otpactors_runs_started_total", "trigger=\"Http\"").ShouldBe(2);
        Value(metrics, "otpactors_runs_ended_total", "outcome=\"Completed\"").ShouldBe(2);
        Value(metrics, "otpactors_run_duration_seconds_count", "outcome=\"Completed\"").ShouldBe(2);
        Value(metrics, "otpactors_records_produced_total").ShouldBe(70);
        foreach (var store in StepId.Stores)
        {
            var read = Value(metrics, "otpactors_records_read_total", $"store=\"{store}\"");
            read.ShouldBe(70);
            var became = Outcomes.Sum(outcome => Value(metrics, "otpactors_records_total", $"store=\"{store}\"", $"outcome=\"{outcome}\""));
            became.ShouldBe(read, "conservation");
            Value(metrics, "otpactors_records_total", $"store=\"{store}\"", "outcome=\"inserted\"").ShouldBe(51);
            Value(metrics, "otpactors_store_duration_seconds_count", $"store=\"{store}\"", "operation=\"write\"", "outcome=\"ok\"").ShouldBeGreaterThan(0);
        }

        Value(metrics, "otpactors_notifications_total", "channel=\"mail\"", "outcome=\"sent\"").ShouldBe(8);
        Value(metrics, "otpactors_notifications_total", "channel=\"slack\"", "outcome=\"sent\"").ShouldBe(8);
        Value(metrics, "otpactors_steps_total", "step=\"cassandra-sink\"", "outcome=\"completed\"").ShouldBe(2);
        Value(metrics, "otpactors_runs_active", "phase=\"Producing\"").ShouldBe(0);
        foreach (var part in new[] { "topic", "cassandra", "mongo", "mail", "slack", "ledger" })
        {
            Value(metrics, "otpactors_steps_held", $"waits_for=\"{part}\"").ShouldBe(0);
        }

        metrics.ShouldContain("http_server_request_duration_seconds");
        metrics.ShouldNotContain("canary");
        metrics.ShouldNotContain("@");
    }

    [Fact]
    public async Task Every_counter_is_there_at_zero_from_the_start_with_every_label_that_is_known()
    {
        await using var service = await RunningService.StartAsync();
        var metrics = await service.GetAsync("/metrics");
        foreach (var outcome in Enum.GetNames<RunOutcome>())
        {
            Value(metrics, "otpactors_runs_ended_total", $"outcome=\"{outcome}\"").ShouldBe(0);
        }

        foreach (var trigger in Enum.GetNames<TriggerKind>())
        {
            Value(metrics, "otpactors_runs_started_total", $"trigger=\"{trigger}\"").ShouldBe(0);
        }

        foreach (var step in StepId.All)
        {
            foreach (var outcome in new[] { "completed", "skipped", "failed", "attempt_failed" })
            {
                Value(metrics, "otpactors_steps_total", $"step=\"{step.Name}\"", $"outcome=\"{outcome}\"").ShouldBe(0);
            }
        }

        foreach (var store in StepId.Stores)
        {
            Value(metrics, "otpactors_steps_total", $"step=\"{store}-sink\"", "outcome=\"window_elapsed\"").ShouldBe(0);
            Value(metrics, "otpactors_records_read_total", $"store=\"{store}\"").ShouldBe(0);
            Outcomes.ShouldAllBe(outcome => Value(metrics, "otpactors_records_total", $"store=\"{store}\"", $"outcome=\"{outcome}\"") == 0);
            Value(metrics, "otpactors_store_failures_total", $"store=\"{store}\"", "outcome=\"unavailable\"").ShouldBe(0);
            Value(metrics, "otpactors_store_failures_total", $"store=\"{store}\"", "outcome=\"error\"").ShouldBe(0);
        }

        foreach (var channel in new[] { "mail", "slack" })
        {
            Value(metrics, "otpactors_notifications_total", $"channel=\"{channel}\"", "outcome=\"sent\"").ShouldBe(0);
            Value(metrics, "otpactors_notifications_total", $"channel=\"{channel}\"", "outcome=\"failed\"").ShouldBe(0);
        }

        foreach (var outcome in new[] { "started", "repeated", "dead_lettered" })
        {
            Value(metrics, "otpactors_commands_total", $"outcome=\"{outcome}\"").ShouldBe(0);
        }

        foreach (var single in new[] { "otpactors_records_produced_total", "otpactors_runs_missed_total", "otpactors_runs_broken", "otpactors_journal_out" })
        {
            Value(metrics, single).ShouldBe(0);
        }

        Value(metrics, "otpactors_data_free_bytes").ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Lag_is_measured()
    {
        await using var service = await RunningService.StartAsync(options => options.Telemetry.LagInterval = TimeSpan.FromMilliseconds(100));
        await service.RunAsync(new { count = 10, notify = "none" });
        var metrics = "";
        while (!metrics.Contains("otpactors_topic_lag{", StringComparison.Ordinal))
        {
            metrics = await service.GetAsync("/metrics");
        }

        Value(metrics, "otpactors_topic_lag", "group=\"cassandra_consumer_group\"").ShouldBe(0);
        Value(metrics, "otpactors_topic_lag", "group=\"mongodb_consumer_group\"").ShouldBe(0);
    }

    [Theory]
    [InlineData("docs/operations.md")]
    [InlineData("deploy/prometheus/alerts.yml")]
    [InlineData("deploy/grafana/dashboards/otpactors.json")]
    public async Task Every_metric_that_is_written_about_is_there(string file)
    {
        await using var service = await RunningService.StartAsync(options => options.Telemetry.LagInterval = TimeSpan.FromMilliseconds(100));
        await service.RunAsync(new { count = 10, notify = "1" });
        var metrics = "";
        while (!metrics.Contains("otpactors_topic_lag{", StringComparison.Ordinal))
        {
            metrics = await service.GetAsync("/metrics");
        }

        var named = Named().Matches(await File.ReadAllTextAsync(Path.Combine(Repository.Root, file), TestContext.Current.CancellationToken))
            .Select(match => match.Value).Distinct().ToList();
        named.ShouldNotBeEmpty();
        foreach (var name in named)
        {
            metrics.ShouldMatch($@"(?m)^{name}(_count)?[{{ ]");
        }
    }

    [GeneratedRegex(@"\b(otpactors|http_server|dotnet)_\w*[a-z]\b(?!\*)")]
    private static partial Regex Named();

    /// <summary>The sample that has these labels, alone or among others.</summary>
    private static double Value(string metrics, string name, params string[] labels)
    {
        var samples = metrics.Split('\n').Select(line => Sample().Match(line)).Where(match => match.Success && match.Groups[1].Value == name
            && labels.All(label => match.Groups[2].Value.Contains(label, StringComparison.Ordinal))).ToList();
        samples.Count.ShouldBe(1, $"{name} {string.Join(' ', labels)} in:\n{metrics}");
        return double.Parse(samples[0].Groups[3].Value, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"^(\w+)(\{.*\})? (\S+)( \d+)?$")]
    private static partial Regex Sample();
}
