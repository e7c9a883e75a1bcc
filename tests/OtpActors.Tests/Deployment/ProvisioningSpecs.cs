using OtpActors.Hosting;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Deployment;

/// <summary>What Prometheus, Grafana and systemd are given fits the rest.</summary>
public class ProvisioningSpecs
{
    private readonly ComposeFile _compose = new();

    [Fact]
    public void Prometheus_asks_the_service_for_its_metrics_with_a_key()
    {
        var job = List(Repository.Yaml("deploy/prometheus/prometheus.yml")["scrape_configs"]).Single(each => each["job_name"] is "otpactors");
        job["metrics_path"].ShouldBe("/metrics");
        var target = ((List<object>)List(job["static_configs"]).Single()["targets"]).ShouldHaveSingleItem().ShouldBeOfType<string>();
        target.ShouldBe("otpactors:8080");
        _compose.Services["otpactors"].Networks.Intersect(_compose.Services["prometheus"].Networks).ShouldNotBeEmpty();

        var authorization = (Dictionary<object, object>)job["authorization"];
        authorization["type"].ShouldBe("Bearer");
        authorization["credentials_file"].ShouldBe("/run/secrets/metrics_key");
        _compose.Services["prometheus"].Secrets.Keys.ShouldBe(["/run/secrets/metrics_key"]);
    }

    [Fact]
    public void Grafana_asks_Prometheus_and_finds_the_dashboards_where_they_are_mounted()
    {
        var source = List(Repository.Yaml("deploy/grafana/provisioning/datasources/prometheus.yml")["datasources"]).Single();
        (source["type"], source["url"], source["uid"]).ShouldBe(("prometheus", "http://prometheus:9090", "prometheus"));

        var provider = List(Repository.Yaml("deploy/grafana/provisioning/dashboards/otpactors.yml")["providers"]).Single();
        var path = ((Dictionary<object, object>)provider["options"])["path"].ShouldBeOfType<string>();
        _compose.Services["grafana"].Mounts.ShouldContain($"./deploy/grafana/dashboards:{path}:ro,z");
    }

    [Fact]
    public void The_unit_serves_and_waits_longer_than_the_service_takes_to_stop()
    {
        var unit = Repository.Lines("deploy/systemd/otpactors.service").Where(line => line.Contains('=', StringComparison.Ordinal) && line[0] != '#')
            .Select(line => line.Split('=', 2)).ToLookup(pair => pair[0], pair => pair[1]);

        unit["ExecStart"].ShouldHaveSingleItem().ShouldContain(" serve --data /var/lib/otpactors");
        int.Parse(unit["TimeoutStopSec"].Single(), System.Globalization.CultureInfo.InvariantCulture)
            .ShouldBeGreaterThan((int)new OtpActorsOptions().ShutdownTimeout.TotalSeconds);
        unit["RestartPreventExitStatus"].ShouldBe(["2"]);
        unit.Contains("MemoryDenyWriteExecute").ShouldBeFalse(".NET compiles while it runs");
    }

    private static List<Dictionary<object, object>> List(object value) => [.. ((List<object>)value).Cast<Dictionary<object, object>>()];
}
