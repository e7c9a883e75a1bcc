using Microsoft.Extensions.Configuration;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Configuration;
using Shouldly;
using Xunit;
using Leaf = OtpActors.Tests.Hosting.SettingsTree.Leaf;

namespace OtpActors.Tests.Hosting;

/// <summary>What is shown of the settings, and said of wrong ones: a canary stands in every one.</summary>
public sealed class ShownSettingsSpecs
{
    private const string Canary = "canary-5up3r-s3cret";

    /// <summary>The texts that are shown. A new one fails the spec until somebody has thought about it.</summary>
    private static readonly string[] Harmless =
    [
        "Data", "Http:Url", "Http:AllowedHosts:0", "Http:ApiKeys:0:Name", "Topic:Name", "Kafka:BootstrapServers", "Triggers:Commands:Topic", "Triggers:Commands:ConsumerGroup",
        "Cassandra:ContactPoints", "Cassandra:Keyspace", "Cassandra:Table", "Cassandra:LocalDatacenter", "Cassandra:TlsAuthorities",
        "Cassandra:TlsCertificate", "Mongo:Database", "Mongo:Collection", "Stores:Cassandra:ConsumerGroup", "Stores:Mongo:ConsumerGroup",
        "Journal:Schema", "Mail:From", "Mail:Subject", "Mail:Language", "Mail:Templates", "Mail:Smtp:Host", "Mail:Smtp:TrustedCertificates",
        "Mail:Smtp:AccessTokenFile", "Mail:Dkim:Domain", "Mail:Dkim:Selector", "Mail:Dkim:KeyFile", "Slack:Channel", "Slack:Username",
        "Kafka:Properties:broker.version.fallback", "Kafka:Properties:client.id", "Kafka:Properties:client.rack", "Kafka:Properties:debug",
        "Kafka:Properties:sasl.kerberos.keytab", "Kafka:Properties:ssl.ca.location", "Kafka:Properties:ssl.certificate.location",
        "Kafka:Properties:ssl.cipher.suites", "Kafka:Properties:ssl.crl.location", "Kafka:Properties:ssl.curves.list",
        "Kafka:Properties:ssl.key.location", "Kafka:Properties:ssl.keystore.location", "Kafka:Properties:ssl.providers",
        "Kafka:Properties:ssl.sigalgs.list",
    ];

    /// <summary>Ways in which a secret gets into a setting, right or wrong.</summary>
    private static readonly string[] Values =
    [
        Canary, $"http://user:{Canary}@0.0.0.0:8080", $"http://[{Canary}", $"mongodb://user:{Canary}@host:port/", $"mongodb://user:{Canary}@host/?w={Canary}x",
        $"Host=h;Password={Canary};Port=many", $"Host=h;{Canary}", $"user:{Canary}@host:9092", $"a,{Canary}", $"a' at 'OtpActors:X' to type '{Canary}", $"{Canary}\n",
    ];

    [Fact]
    public void The_texts_that_are_shown_are_these() =>
        SettingsTree.Leaves.Where(leaf => leaf is { IsText: true, IsShown: true }).Select(leaf => leaf.Key).Order().ShouldBe(Harmless.Order());

    [Fact]
    public void A_text_is_shown_where_it_is_declared_harmless_and_nowhere_else()
    {
        var texts = SettingsTree.Leaves.Where(leaf => leaf.IsText).ToList();
        var options = Read([.. texts.Select((leaf, i) => (leaf, leaf.Type == typeof(Uri) ? $"http://u{Marked(i)}:p{Marked(i)}@host:1/{Marked(i)}?{Marked(i)}" : Marked(i)))]);
        var shown = ShownSettings.From(options).ToJsonString();

        texts.Count.ShouldBeGreaterThan(60);
        foreach (var (leaf, i) in texts.Select((leaf, i) => (leaf, i)))
        {
            shown.Contains(Marked(i), StringComparison.Ordinal).ShouldBe(leaf.IsShown, leaf.Key);
        }

        shown.ShouldContain("\"OtlpEndpoint\":\"http://host:1\"");
        static string Marked(int i) => $"{Canary}-{i}-";
    }

    [Fact]
    public void What_is_not_set_is_null_and_what_is_no_text_is_as_it_is()
    {
        var shown = ShownSettings.From(new OtpActorsOptions());
        shown["Cassandra"]!["Password"].ShouldBeNull();
        shown["Mongo"]!["ConnectionString"]!.GetValue<string>().ShouldBe("***");
        shown["Topic"]!["Name"]!.GetValue<string>().ShouldBe("email_topic");
        shown["Topic"]!["Partitions"]!.GetValue<long>().ShouldBe(1);
        shown["Topic"]!["Continuous"]!.GetValue<bool>().ShouldBeFalse();
        shown["Topic"]!["Provider"]!.GetValue<string>().ShouldBe("Embedded");
        shown["Workflow"]!["Window"]!.GetValue<string>().ShouldBe("00:00:30");
        shown["Workflow"]!["Steps"]!["Sink"]!["Jitter"]!.GetValue<double>().ShouldBe(0.1);
    }

    public static TheoryData<string> Keys => [.. SettingsTree.Leaves.Where(leaf => !(leaf.IsShown && leaf.Key.StartsWith("Kafka:Properties", StringComparison.Ordinal))).Select(leaf => leaf.Key)];

    [Theory]
    [MemberData(nameof(Keys))]
    public void A_wrong_value_is_not_repeated(string key)
    {
        var leaf = SettingsTree.Leaves.Single(each => each.Key == key);
        foreach (var value in Values)
        {
            try
            {
                Settings.Bind(Configuration([(leaf, value)], ("Journal:Provider", "PostgreSQL"), ("Mail:Provider", "Smtp"), ("Slack:Provider", "Webhook")));
            }
            catch (SettingsException e)
            {
                e.Message.ShouldNotContain(Canary, Case.Sensitive, $"{key}={value}");
                e.InnerException.ShouldBeNull();
            }
        }
    }

    [Theory]
    [InlineData("Http:Url", "http://user:secret@127.0.0.1:8080")]
    [InlineData("Kafka:BootstrapServers", "user:secret@127.0.0.1:9092")]
    [InlineData("Cassandra:ContactPoints", "user:secret@127.0.0.1:9042")]
    [InlineData("Mail:Smtp:Host", "user:secret@127.0.0.1")]
    [InlineData("Telemetry:OtlpEndpoint", "http://user:secret@127.0.0.1:4317")]
    [InlineData("Telemetry:OtlpEndpoint", "127.0.0.1:4317")]
    public void An_address_that_is_shown_takes_no_password(string key, string value)
    {
        var refused = Should.Throw<SettingsException>(() => Settings.Bind(Configuration([(SettingsTree.Leaves.Single(leaf => leaf.Key == key), value)])));
        refused.Message.ShouldContain(key.Split(':')[^1]);
        refused.Message.ShouldNotContain("secret");
    }

    private static OtpActorsOptions Read((Leaf Leaf, string Value)[] values) =>
        Configuration(values).GetSection(OtpActorsOptions.Section).Get<OtpActorsOptions>()!;

    private static IConfigurationRoot Configuration((Leaf Leaf, string Value)[] values, params (string Key, string Value)[] more) => new ConfigurationBuilder()
        .AddInMemoryCollection(more.Select(each => KeyValuePair.Create<string, string?>($"{OtpActorsOptions.Section}:{each.Key}", each.Value)))
        .AddInMemoryCollection(values.Select(each => KeyValuePair.Create<string, string?>(each.Leaf.Full, each.Value)))
        .Build();
}
