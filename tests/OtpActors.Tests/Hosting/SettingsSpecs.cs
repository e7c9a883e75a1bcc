using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Configuration;
using OtpActors.Api;
using OtpActors.Domain.Times;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Configuration;
using OtpActors.Infrastructure.Stores;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Hosting;

public class SettingsSpecs
{
    [Fact]
    public void The_file_that_is_shipped_says_the_defaults()
    {
        var shipped = Settings.Bind(new ConfigurationBuilder()
            .AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json"), optional: false).Build());

        JsonSerializer.Serialize(shipped, Revealed).ShouldBe(JsonSerializer.Serialize(new OtpActorsOptions(), Revealed));
    }

    [Fact]
    public void The_defaults_keep_the_rules()
    {
        SettingsRules.AllFaults(new OtpActorsOptions()).ShouldBeEmpty();
        _ = new MailTemplate(new MailOptions(), TimeProvider.System);
    }

    [Fact]
    public void A_section_is_alike_only_with_the_same_settings_at_every_depth()
    {
        SettingsRules.AreAlike(new OtpActorsOptions(), new OtpActorsOptions()).ShouldBeTrue();
        SettingsRules.AreAlike(Bind(("Workflow:Steps:Mail:Attempts", "7")), new OtpActorsOptions()).ShouldBeFalse();
        SettingsRules.AreAlike(Bind(("Mongo:ConnectionString", "mongodb://other")), new OtpActorsOptions()).ShouldBeFalse();
        var key = Bind(
            ("Http:ApiKeys:0:Name", "tool"), ("Http:ApiKeys:0:Sha256", new string('a', 64)), ("Http:ApiKeys:0:Scopes:0", "Read"));
        SettingsRules.AreAlike(key, new OtpActorsOptions()).ShouldBeFalse();
    }

    [Fact]
    public void What_is_set_takes_the_default_s_place_and_leaves_the_rest()
    {
        var settings = Bind(("Workflow:Steps:Mail:Attempts", "7"), ("Stores:Mongo:OnExisting", "Replace"), ("topic:name", "other"));

        settings.Workflow.Steps.Mail.Attempts.ShouldBe(7);
        settings.Workflow.Steps.Mail.Delay.ShouldBe(TimeSpan.FromSeconds(5));
        settings.Workflow.Steps.Slack.Attempts.ShouldBe(2);
        settings.Stores.Mongo.OnExisting.ShouldBe(OnExisting.Replace);
        settings.Stores.Mongo.ConsumerGroup.ShouldBe("mongodb_consumer_group");
        settings.Stores.Cassandra.OnExisting.ShouldBe(OnExisting.Skip);
        settings.Topic.Name.ShouldBe("other");
    }

    [Theory]
    [InlineData("Bogus", "OtpActors:Bogus")]
    [InlineData("Topic:Nmae", "OtpActors:Topic:Nmae")]
    [InlineData("Stores:Cassandra:Group", "OtpActors:Stores:Cassandra:Group")]
    [InlineData("Workflow:Steps:Post:Attempts", "OtpActors:Workflow:Steps:Post")]
    [InlineData("Workflow:Steps:Mail:Retries", "OtpActors:Workflow:Steps:Mail:Retries")]
    [InlineData("Topic:Name:Deeper", "OtpActors:Topic:Name")]
    [InlineData("Http:Port", "OtpActors:Http:Port")]
    [InlineData("Http:ApiKeys:0:Nmae", "OtpActors:Http:ApiKeys:0:Nmae")]
    public void A_key_that_is_none_is_named(string key, string named) => Refused((key, "1")).ShouldContain(named);

    [Fact]
    public void All_unknown_keys_are_named_at_once()
    {
        var message = Refused(("One", "1"), ("Topic:Two", "2"));
        message.ShouldContain("OtpActors:One");
        message.ShouldContain("OtpActors:Topic:Two");
    }

    [Theory]
    [InlineData("Workflow:Window", "soon", "Workflow:Window")]
    [InlineData("Workflow:Window", "00:00:00", "Window")]
    [InlineData("Workflow:NotifyLimit", "some", "NotifyLimit")]
    [InlineData("Workflow:Deadline", "00:00:00", "Deadline")]
    [InlineData("Workflow:Retention", "00:00:01", "Retention")]
    [InlineData("Workflow:RetainedRuns", "0", "RetainedRuns")]
    [InlineData("Journal:Provider", "Oracle", "Provider")]
    [InlineData("Journal:Provider", "PostgreSQL", "OtpActors:Journal:ConnectionString")]
    [InlineData("Journal:Schema", "a;b", "Schema")]
    [InlineData("Workflow:Steps:Sink:Timeout", "-1", "Timeout")]
    [InlineData("Workflow:Steps:Check:Attempts", "0", "Attempts")]
    [InlineData("Topic:Name", "a b", "Name")]
    [InlineData("Mongo:Database", "a.b", "OtpActors:Mongo:Database")]
    [InlineData("Mongo:ConnectionString", "localhost", "OtpActors:Mongo:ConnectionString")]
    [InlineData("Stores:Cassandra:Provider", "MongoDB", "OtpActors:Stores:Cassandra:Provider")]
    [InlineData("Topic:Partitions", "0", "Partitions")]
    [InlineData("Topic:Provider", "Paper", "Provider")]
    [InlineData("Stores:Cassandra:ConsumerGroup", "", "ConsumerGroup")]
    [InlineData("Mail:From", "nobody", "From")]
    [InlineData("Mail:Subject", "a\r\nBcc: x@y.z", "Subject")]
    [InlineData("LogLevel", "Loud", "LogLevel")]
    [InlineData("Http:Url", "", "OtpActors:Http:Url is required")]
    [InlineData("Http:Url", "127.0.0.1:8080", "Url")]
    [InlineData("Http:Url", "ftp://127.0.0.1:8080", "Url")]
    [InlineData("Http:Url", "http://0.0.0.0:8080", "api-key")]
    [InlineData("Http:Url", "http://*:8080", "AllowAnonymous")]
    [InlineData("Http:MaxBodyBytes", "10", "MaxBodyBytes")]
    [InlineData("Http:RequestsPerSecond", "0", "RequestsPerSecond")]
    [InlineData("Http:AllowAnonymous", "maybe", "AllowAnonymous")]
    [InlineData("Http:ApiKeys:0:Sha256", "abc", "Sha256")]
    [InlineData("Http:ApiKeys:0:Name", "", "Name")]
    [InlineData("Http:ApiKeys:0:Scopes:0", "Admin", "Scopes")]
    public void A_wrong_value_is_refused_by_its_key(string key, string value, string named) =>
        Refused((key, value)).ShouldContain(named);

    [Theory]
    [InlineData("Host=h;Password=canary-1;Port=many")]
    [InlineData("Password=canary-1")]
    [InlineData("postgres://u:canary-1@h/d")]
    [InlineData("Host=h;Passwrod=canary-1")]
    public void A_wrong_connection_string_is_refused_and_not_repeated(string text)
    {
        var message = Refused(("Journal:Provider", "PostgreSQL"), ("Journal:ConnectionString", text));
        message.ShouldContain("OtpActors:Journal:ConnectionString is no connection string of PostgreSQL");
        message.ShouldNotContain("canary");
        JsonSerializer.Serialize(Bind(("Journal:ConnectionString", text))).ShouldNotContain("canary");
    }

    [Theory]
    [InlineData("30s", 30_000)]
    [InlineData("00:00:30", 30_000)]
    [InlineData("500ms", 500)]
    [InlineData("1h", 3_600_000)]
    [InlineData(" 2m ", 120_000)]
    public void A_length_of_time_is_written_as_everywhere(string text, int milliseconds) =>
        Bind(("Workflow:Window", text)).Workflow.Window.ShouldBe(TimeSpan.FromMilliseconds(milliseconds));

    [Fact]
    public void Days_are_written_before_a_point() => Bind(("Workflow:Retention", "400.00:00:00")).Workflow.Retention.ShouldBe(TimeSpan.FromDays(400));

    [Theory]
    [InlineData("5")] // five days, to .NET
    [InlineData("1:30")]
    [InlineData("-5s")]
    [InlineData("\u0665s")]
    [InlineData("")]
    public void What_is_no_length_of_time_is_refused_with_the_forms_and_an_example(string text) =>
        Refused(("Workflow:Window", text)).ShouldBe(
            $"OtpActors:Workflow:Window must be a length of time ({Durations.Forms}, days before a point: 30.00:00:00), as OtpActors:Workflow:Window=30s.");

    [Theory]
    [InlineData("Topic:Provider", "Paper", "must be one of Embedded, Kafka, as OtpActors:Topic:Provider=Kafka.")]
    [InlineData("Topic:Provider", "1", "must be one of Embedded, Kafka, as OtpActors:Topic:Provider=Kafka.")]
    [InlineData("Http:AllowAnonymous", "yes", "must be true or false, as OtpActors:Http:AllowAnonymous=true.")]
    [InlineData("Topic:Partitions", "\u0663", "must be a whole number, as OtpActors:Topic:Partitions=10.")]
    [InlineData("Topic:Partitions", "99999999999", "must be a whole number, as OtpActors:Topic:Partitions=10.")]
    [InlineData("Workflow:Steps:Sink:Backoff", "NaN", "must be a number, as OtpActors:Workflow:Steps:Sink:Backoff=10.")]
    [InlineData("Topic:Partitions", "0", "must be from 1 to 1000.")]
    [InlineData("Topic", "email_topic", "takes settings of its own and no value: OtpActors:Topic:Provider and so on.")]
    [InlineData("Http:ApiKeys", "key", "takes settings of its own and no value: OtpActors:Http:ApiKeys:0 and so on.")]
    [InlineData("Kafka:Properties", "acks=all", "takes settings of its own and no value: OtpActors:Kafka:Properties:NAME and so on.")]
    [InlineData("Topic:Name:Deeper", "x", null)]
    public void What_is_refused_is_told_with_what_is_allowed(string key, string value, string? rule) =>
        Refused((key, value)).ShouldBe(rule is null ? "OtpActors:Topic:Name takes a value, not a section." : $"OtpActors:{key} {rule}");

    [Fact]
    public void A_key_without_scopes_is_refused() =>
        Refused(("Http:ApiKeys:0:Name", "me"), ("Http:ApiKeys:0:Sha256", new string('a', 64))).ShouldContain("OtpActors:Http:ApiKeys:0:Scopes must name");

    [Theory]
    [InlineData("otp@example.com", null, "otp@example.com")]
    [InlineData("otp@localhost", null, "otp@localhost")]
    [InlineData("Codes <otp@example.com>", "Codes", "otp@example.com")]
    [InlineData("\"Codes, all\" <otp@example.com>", "Codes, all", "otp@example.com")]
    [InlineData("Código <otp@example.com>", "Código", "otp@example.com")]
    public void The_sender_is_an_address_with_or_without_a_name(string text, string? name, string address)
    {
        var sender = MailOptions.Sender(Bind(("Mail:From", text)).Mail.From).ShouldNotBeNull();
        (sender.Name, sender.Address).ShouldBe((name ?? sender.Name, address));
    }

    [Theory]
    [InlineData("nobody")]
    [InlineData("Codes otp@example.com>")]
    [InlineData("a@example.com, b@example.com")]
    [InlineData("otp@")]
    [InlineData("@example.com")]
    [InlineData("Codes <>")]
    [InlineData("a@example.com\r\nBcc: b@example.com")]
    public void What_is_no_sender_is_refused(string text) => Refused(("Mail:From", text)).ShouldContain("OtpActors:Mail:From must be one address");

    [Theory]
    [InlineData("mail.txt")]
    [InlineData("mail.html")]
    public void A_template_without_the_password_s_place_is_refused(string name)
    {
        using var directory = new TempDirectory();
        File.WriteAllText(directory.File(name), "Hello {{heading}}");
        Refused(("Mail:Templates", directory.Path)).ShouldBe($"OtpActors:Mail:Templates: {name} has no place for the password: put {{{{otp}}}} where it belongs.");
        File.WriteAllText(directory.File(name), "Hello {{otp}}");
        Bind(("Mail:Templates", directory.Path));
    }

    [Fact]
    public void An_empty_value_keeps_past_runs_for_ever()
    {
        var settings = Bind(("Workflow:Retention", ""), ("Workflow:RetainedRuns", ""));
        (settings.Workflow.Retention, settings.Workflow.RetainedRuns).ShouldBe((null, null));
        Settings.Bind(new ConfigurationBuilder()
                .AddJsonStream(new MemoryStream("""{"OtpActors": {"Workflow": {"Retention": null}}}"""u8.ToArray())).Build())
            .Workflow.Retention.ShouldBeNull();
    }

    [Fact]
    public void The_file_of_the_environment_comes_after_the_general_one_and_the_working_directory_s_after_the_program_s() =>
        Settings.Files("/app", "/srv", "Docker").ShouldBe(
            ["/app/appsettings.json", "/app/appsettings.Docker.json", "/srv/appsettings.json", "/srv/appsettings.Docker.json"]);

    [Theory]
    [InlineData("/app/", "/app")]
    [InlineData("/app", "/app/sub/..")]
    public void A_program_in_its_own_directory_reads_each_file_once(string program, string working) =>
        Settings.Files(program, working, "Docker").ShouldBe(["/app/appsettings.json", "/app/appsettings.Docker.json"]);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void Without_an_environment_there_is_the_general_file_alone(string? environment) =>
        Settings.Files("/app", "/app", environment).ShouldBe(["/app/appsettings.json"]);

    [Theory]
    [InlineData("../secrets")]
    [InlineData("a/b")]
    [InlineData("a b")]
    [InlineData("Docker\n")]
    public void An_environment_that_is_no_name_is_refused(string environment) =>
        Should.Throw<SettingsException>(() => Settings.Files("/app", "/app", environment)).Message.ShouldContain("DOTNET_ENVIRONMENT");

    [Fact]
    public void Two_keys_of_one_name_are_refused() => Refused(
        ("Http:ApiKeys:0:Name", "me"), ("Http:ApiKeys:0:Sha256", new string('a', 64)),
        ("Http:ApiKeys:1:Name", "me"), ("Http:ApiKeys:1:Sha256", new string('b', 64))).ShouldContain("'me'");

    [Fact]
    public void With_a_key_it_may_listen_to_other_machines()
    {
        var settings = Bind(
            ("Http:Url", "http://0.0.0.0:8080"), ("Http:ApiKeys:0:Name", "me"), ("Http:ApiKeys:0:Sha256", new string('A', 64)), ("Http:ApiKeys:0:Scopes:0", "operate"));

        settings.Http.IsLoopback.ShouldBeFalse();
        settings.Http.ApiKeys.ShouldHaveSingleItem().Scopes.ShouldBe([ApiScope.Operate]);
    }

    [Fact]
    public void The_command_line_wins() =>
        Settings.Load([new("OtpActors:Data", "elsewhere")]).Data.ShouldBe("elsewhere");

    private static JsonSerializerOptions Revealed { get; } = new() { Converters = { new RevealedSecret() } };

    private sealed class RevealedSecret : JsonConverter<Secret>
    {
        public override Secret Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetString()!);

        public override void Write(Utf8JsonWriter writer, Secret value, JsonSerializerOptions options) => writer.WriteStringValue(value.Reveal());
    }

    private static string Refused(params (string Key, string Value)[] settings) =>
        Should.Throw<SettingsException>(() => Bind(settings)).Message;

    private static OtpActorsOptions Bind(params (string Key, string Value)[] settings) => Settings.Bind(
        new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(s => KeyValuePair.Create($"{OtpActorsOptions.Section}:{s.Key}", (string?)s.Value)))
            .Build());
}
