using Shouldly;
using Xunit;

namespace OtpActors.Tests.Deployment;

/// <summary>The alerts, judged by Prometheus' own tool on recorded series.</summary>
public class AlertSpecs
{
    private const string Directory = "deploy/prometheus";

    [Fact]
    public async Task Every_alert_fires_where_it_should_and_nowhere_else()
    {
        var (exit, output) = await Repository.RunAsync(
            Repository.Require("promtool"), ["test", "rules", Repository.File($"{Directory}/alerts.test.yml")]);
        exit.ShouldBe(0, output);
    }

    [Fact]
    public void Every_alert_has_a_series_where_it_fires_and_one_where_it_does_not()
    {
        var alerts = List(Repository.Yaml($"{Directory}/alerts.yml")["groups"]).SelectMany(group => List(group["rules"])).Select(rule => (string)rule["alert"]).ToList();
        var tests = List(Repository.Yaml($"{Directory}/alerts.test.yml")["tests"]).Select(test => (string)test["name"]).ToList();
        alerts.ShouldNotBeEmpty();
        tests.ShouldBe(alerts.SelectMany(alert => new[] { $"{alert} fires", $"{alert} does not fire" }), ignoreOrder: true);
    }

    private static List<Dictionary<object, object>> List(object value) => [.. ((List<object>)value).Cast<Dictionary<object, object>>()];
}
