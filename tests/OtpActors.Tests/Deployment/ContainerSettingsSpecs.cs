using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using Npgsql;
using OtpActors.Api;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Configuration;
using OtpActors.Infrastructure.Journal;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Topics;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Deployment;

/// <summary>The settings that the service has in its container: every one is known, and together they are valid.</summary>
public partial class ContainerSettingsSpecs(GeneratedEnvironment made) : IClassFixture<GeneratedEnvironment>
{
    private static readonly ComposeFile File = new();

    [Fact]
    public void Every_setting_is_known_and_all_together_are_valid()
    {
        var options = Bind();

        options.Topic.Provider.ShouldBe(TopicProvider.Kafka);
        (options.Stores.Cassandra.Provider, options.Stores.Mongo.Provider).ShouldBe((StoreProvider.Cassandra, StoreProvider.MongoDB));
        options.Journal.Provider.ShouldBe(JournalProvider.PostgreSQL);
        (options.Mail.Provider, options.Mail.Smtp.AllowPlaintext).ShouldBe((MailProvider.Smtp, false));
        options.Data.ShouldStartWith("/var/lib/otpactors/");
        File.Services["otpactors"].Mounts.ShouldContain("otpactors-data:/var/lib/otpactors");
    }

    [Fact]
    public void It_listens_to_all_and_asks_everybody_for_a_key()
    {
        var http = Bind().Http;
        (http.IsLoopback, http.AllowAnonymous, new Uri(http.Url.Replace('*', 'a')).Port).ShouldBe((false, false, 8080));
        http.ApiKeys.Select(key => key.Name).ShouldBe(["operator", "prometheus"]);
        http.ApiKeys[0].Scopes.ShouldBe([ApiScope.Read, ApiScope.Operate]);
        http.ApiKeys[1].Scopes.ShouldBe([ApiScope.Read]);
    }

    [Fact]
    public void It_answers_to_the_name_that_Prometheus_calls()
    {
        var target = Regex.Match(Repository.Text("deploy/prometheus/prometheus.yml"), @"targets: \[""(?<host>[a-z]+):8080""").Groups["host"].Value;
        target.ShouldBe("otpactors");
        OtpActors.Api.AllowedHosts.Allows(Bind().Http, target, null).ShouldBeTrue();
    }

    [Fact]
    public void Without_a_key_it_would_not_start()
    {
        var environment = Environment().Where(each => !each.Key.Contains("ApiKeys", StringComparison.Ordinal));
        Should.Throw<SettingsException>(() => Bind(environment)).Message.ShouldContain("ApiKeys");
    }

    [Fact]
    public void Every_host_is_a_service_it_waits_for()
    {
        var options = Bind();
        string[] hosts =
        [
            .. options.Kafka.BootstrapServers.Split(','), .. options.Cassandra.ContactPoints.Split(','), options.Mail.Smtp.Host,
            options.Mongo.ConnectionString.Reveal().Split('@')[1].Split('/')[0], Journal(options).Host!,
        ];
        hosts.Select(host => host.Split(':')[0]).ShouldBeSubsetOf(File.Services["otpactors"].DependsOn.Keys);
    }

    [Fact]
    public void Users_and_passwords_are_those_that_the_servers_make()
    {
        var options = Bind();
        string password(string service, string variable) => ComposeFile.Resolve(File.Services[service].Environment[variable], made.Variables);

        (options.Cassandra.Username, options.Cassandra.Password!.Reveal()).ShouldBe(("otpactors", password("cassandra", "OTPACTORS_PASSWORD")));
        options.Mongo.ConnectionString.Reveal().ShouldBe($"mongodb://otpactors:{password("mongo", "OTPACTORS_PASSWORD")}@mongo:27017/email_database");
        (Journal(options).Username, Journal(options).Password).ShouldBe(("otpactors", password("postgres", "POSTGRES_PASSWORD")));
        Journal(options).Database.ShouldBe(File.Services["postgres"].Environment["POSTGRES_DB"]);
        $"{options.Mail.Smtp.User}:{options.Mail.Smtp.Password!.Reveal()}".ShouldBe(password("mailpit", "MP_SMTP_AUTH"));
        File.Services["mongo"].Environment["MONGO_INITDB_DATABASE"].ShouldBe(options.Mongo.Database);
        options.Mail.Smtp.TrustedCertificates.ShouldBe("/run/secrets/mail_authority");
        File.Services["otpactors"].Secrets.Keys.ShouldContain("/run/secrets/mail_authority");
    }

    [Fact]
    public void The_file_in_the_image_holds_no_secret() =>
        Secret().Match(Repository.Text("src/OtpActors/appsettings.Docker.json")).Value.ShouldBeEmpty();

    [Fact]
    public void It_is_given_longer_to_stop_than_it_takes()
    {
        var grace = File.Services["otpactors"].StopGracePeriod!;
        grace.ShouldEndWith("s");
        TimeSpan.FromSeconds(int.Parse(grace[..^1], System.Globalization.CultureInfo.InvariantCulture)).ShouldBeGreaterThan(Bind().ShutdownTimeout);
    }

    private static NpgsqlConnectionStringBuilder Journal(OtpActorsOptions options) => new(options.Journal.ConnectionString!.Reveal());

    private OtpActorsOptions Bind() => Bind(Environment());

    /// <summary>As the container reads them: both files beside the program, then its environment.</summary>
    private static OtpActorsOptions Bind(IEnumerable<KeyValuePair<string, string?>> environment) => Settings.Bind(new ConfigurationBuilder()
        .AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json"), optional: false)
        .AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.Docker.json"), optional: false)
        .AddInMemoryCollection(environment)
        .Build());

    /// <summary>The variables of the image and then those of the compose file, as keys.</summary>
    private Dictionary<string, string?> Environment()
    {
        var all = new Dictionary<string, string?>();
        foreach (var (name, value) in Dockerfile.Read().Environment.Concat(File.Services["otpactors"].Environment))
        {
            if (name.StartsWith("OtpActors__", StringComparison.Ordinal))
            {
                all[name.Replace("__", ":", StringComparison.Ordinal)] = ComposeFile.Resolve(value, made.Variables);
            }
        }

        all.Count.ShouldBeGreaterThan(8);
        return all;
    }

    [GeneratedRegex("password|secret\"|token|webhook|connectionstring|sha256", RegexOptions.IgnoreCase)]
    private static partial Regex Secret();
}
