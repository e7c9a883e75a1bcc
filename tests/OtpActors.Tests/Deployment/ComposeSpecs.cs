using Shouldly;
using Xunit;

namespace OtpActors.Tests.Deployment;

/// <summary>Rules that <c>docker-compose.yml</c> keeps, checked on the file itself.</summary>
public class ComposeSpecs
{
    private static readonly string[] Servers = ["kafka1", "kafka2", "kafka3", "cassandra", "mongo", "postgres"];
    private static readonly string[] Consoles = ["kafka-ui", "mongo-express"];
    private static readonly string[] Observability = ["prometheus", "grafana"];

    private readonly ComposeFile _file = new();

    private IEnumerable<ComposeService> Services => _file.Services.Values;

    [Fact]
    public void All_parts_are_there_and_the_extras_have_their_profile()
    {
        _file.Services.Keys.Order().ShouldBe(((string[])[.. Servers, "mailpit", "otpactors", .. Consoles, .. Observability]).Order());
        Services.Where(each => each.Profiles.Count == 0).Select(each => each.Name).Order()
            .ShouldBe(((string[])[.. Servers, "mailpit", "otpactors"]).Order());
        Consoles.ShouldAllBe(name => _file.Services[name].Profiles.Single() == "consoles");
        Observability.ShouldAllBe(name => _file.Services[name].Profiles.Single() == "observability");
    }

    [Fact]
    public void Every_image_is_pinned_to_a_release()
    {
        foreach (var service in Services)
        {
            // Three numbers, or the two of a server that counts so; what is built here is named as such.
            service.Image.ShouldMatch(service.IsBuilt ? "^otpactors:local$" : @"^[a-z0-9./-]+:v?\d+\.\d+(\.\d+)?(-[a-z0-9.-]+)?$", service.Name);
        }
    }

    [Fact]
    public void What_is_published_is_published_to_this_machine_alone()
    {
        var ports = Services.SelectMany(each => each.Ports).ToList();
        ports.ShouldAllBe(port => port.StartsWith("127.0.0.1:", StringComparison.Ordinal) && port.Split(':').Length == 3);
        ports.Select(port => port.Split(':')[1]).ShouldBeUnique();
    }

    [Fact]
    public void Servers_are_published_to_nobody() => Servers.ShouldAllBe(name => _file.Services[name].Ports.Count == 0);

    [Fact]
    public void Every_service_has_a_health_check() => Services.ShouldAllBe(service => service.HasHealthCheck);

    [Fact]
    public void Who_needs_another_waits_until_that_is_healthy_and_shares_a_network_with_it()
    {
        foreach (var service in Services)
        {
            foreach (var (other, condition) in service.DependsOn)
            {
                condition.ShouldBe("service_healthy", $"{service.Name} on {other}");
                var needed = _file.Services[other];
                needed.HasHealthCheck.ShouldBeTrue(other);
                needed.Profiles.ShouldBeSubsetOf(service.Profiles, $"{service.Name} would be there without {other}");
                needed.Networks.Intersect(service.Networks).ShouldNotBeEmpty($"{service.Name} cannot reach {other}");
            }
        }

        _file.Services["otpactors"].DependsOn.Keys.Order().ShouldBe(((string[])[.. Servers, "mailpit"]).Order());
    }

    [Fact]
    public void No_secret_is_written_in_it()
    {
        string[] marks = ["PASSWORD", "SECRET", "TOKEN", "SHA256", "_AUTH", "CONNECTIONSTRING", "MONGODB_URL"];
        var secrets = Services.SelectMany(service => service.Environment)
            .Where(each => marks.Any(mark => each.Key.Contains(mark, StringComparison.OrdinalIgnoreCase)) && each.Value is not ("true" or "false"))
            .ToList();
        secrets.Count.ShouldBeGreaterThan(15);
        secrets.ShouldAllBe(each => each.Value.Contains("${", StringComparison.Ordinal));

        // An address with a password between colon and at-sign, wherever it stands.
        Services.SelectMany(service => service.Environment.Values)
            .Where(value => value.Contains("://", StringComparison.Ordinal) && value.Contains('@', StringComparison.Ordinal))
            .ShouldAllBe(value => value.Contains(":${", StringComparison.Ordinal));
    }

    [Fact]
    public void A_variable_that_is_missing_is_an_error_that_says_what_to_do()
    {
        ComposeFile.Variables.ShouldNotBeEmpty();
        ComposeFile.Variables.Where(each => !each.Required).ShouldBeEmpty();
        ComposeFile.StrayDollars.ShouldBeEmpty();
    }

    [Fact]
    public void The_example_names_the_variables_that_are_used_and_gives_none_a_value()
    {
        var lines = Repository.Lines(".env.example").Where(line => line.Length > 0 && line[0] != '#').ToList();
        lines.ShouldAllBe(line => line.EndsWith('='));
        lines.Select(line => line[..^1]).Order().ShouldBe(ComposeFile.Variables.Select(each => each.Name).Distinct().Order());
    }

    [Fact]
    public void What_is_kept_lies_in_named_volumes_and_what_is_brought_in_is_in_the_repository_and_read_only()
    {
        var used = new List<string>();
        foreach (var mount in Services.SelectMany(service => service.Mounts))
        {
            var parts = mount.Split(':');
            if (parts[0].StartsWith('.'))
            {
                (Repository.Has(parts[0][2..]) || parts[0].StartsWith("./deploy/secrets/", StringComparison.Ordinal)).ShouldBeTrue(mount);
                parts[^1].ShouldBe("ro,z", $"{mount}: read-only, and labelled where SELinux is on");
            }
            else
            {
                used.Add(parts[0]);
            }
        }

        used.ShouldBeUnique();
        used.Order().ShouldBe(_file.Volumes.Order());
        foreach (var name in (string[])[.. Servers, "mailpit", "otpactors", .. Observability])
        {
            _file.Services[name].Mounts.ShouldContain(mount => mount.StartsWith($"{name}-data:", StringComparison.Ordinal), name);
        }
    }

    [Fact]
    public void Secrets_that_are_files_are_found_in_one_place_and_are_in_no_repository()
    {
        _file.Secrets.Count.ShouldBe(4);
        Services.SelectMany(service => service.Secrets.Keys).ShouldAllBe(place => place.StartsWith("/run/secrets/", StringComparison.Ordinal));
        Repository.Lines(".gitignore").ShouldContain("deploy/secrets/");
        Repository.Lines(".gitignore").ShouldContain(".env");
    }

    [Fact]
    public void The_image_is_told_its_version_and_revision()
    {
        _file.Services["otpactors"].BuildArguments.ShouldBe(
            new Dictionary<string, string> { ["VERSION"] = "${VERSION:-dev}", ["REVISION"] = "${REVISION:-unknown}" }, ignoreOrder: true);
        var file = Dockerfile.Read();
        var taken = file.Instructions.Where(each => each.Name == "ARG").Select(each => each.Arguments.Split('=')[0]).ToList();
        taken.Distinct().Order().ShouldBe(["REVISION", "VERSION"]);
        file.Instructions.Single(each => each.Arguments.StartsWith("dotnet publish", StringComparison.Ordinal)).Arguments
            .ShouldContain("InformationalVersion=${VERSION}+${REVISION}");
    }

    [Fact]
    public void The_mail_catcher_is_a_release_without_the_known_vulnerabilities() =>
        Version.Parse(_file.Services["mailpit"].Image.Split(":v")[1]).ShouldBeGreaterThanOrEqualTo(new Version(1, 30, 6));

    [Fact]
    public void The_brokers_are_one_cluster_of_three()
    {
        var brokers = Servers.Take(3).Select(name => _file.Services[name]).ToList();
        brokers.Select(each => each.Environment["KAFKA_NODE_ID"]).ShouldBe(["1", "2", "3"]);
        brokers.ShouldAllBe(each => each.Environment["KAFKA_ADVERTISED_LISTENERS"] == $"PLAINTEXT://{each.Name}:9092");
        brokers.Select(each => each.Environment["CLUSTER_ID"]).Distinct().ShouldHaveSingleItem().Length.ShouldBe(22, "16 bytes in base64");
        brokers.Select(each => each.Environment["KAFKA_CONTROLLER_QUORUM_VOTERS"]).Distinct()
            .ShouldHaveSingleItem().ShouldBe(string.Join(',', brokers.Select((each, index) => $"{index + 1}@{each.Name}:9093")));
        brokers.ShouldAllBe(each => each.Environment["KAFKA_PROCESS_ROLES"] == "broker,controller" && each.Environment["KAFKA_MIN_INSYNC_REPLICAS"] == "2");
    }

    [Fact]
    public void The_service_has_no_more_rights_than_it_needs()
    {
        var service = _file.Services["otpactors"];
        service.IsReadOnly.ShouldBeTrue();
        service.CapabilitiesDropped.ShouldBe(["ALL"]);
    }
}
