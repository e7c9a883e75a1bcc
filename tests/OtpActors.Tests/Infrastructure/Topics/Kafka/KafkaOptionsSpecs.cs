using Microsoft.Extensions.Configuration;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Configuration;
using OtpActors.Infrastructure.Topics.Kafka;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Topics.Kafka;

public sealed class KafkaOptionsSpecs
{
    [Theory]
    [InlineData("enable.auto.commit")]
    [InlineData("enable.auto.offset.store")]
    [InlineData("auto.offset.reset")]
    [InlineData("acks")]
    [InlineData("request.required.acks")]
    [InlineData("enable.idempotence")]
    [InlineData("group.id")]
    [InlineData("group.instance.id")]
    [InlineData("partitioner")]
    [InlineData("max.in.flight.requests.per.connection")]
    [InlineData("Enable.Auto.Commit")]
    [InlineData("dotnet.producer.enable.delivery.reports")]
    [InlineData("bootstrap.servers")]
    public void A_property_that_would_break_a_promise_is_refused_by_name(string name)
    {
        var refusal = Should.Throw<SettingsException>(() => Bind((name, "whatever")));

        refusal.Message.ShouldContain($"OtpActors:Kafka:Properties:{name}", Case.Insensitive);
        refusal.Message.ShouldNotContain("whatever");
    }

    [Theory]
    [InlineData("sesion.timeout.ms", "6000", "No such configuration property")] // no name of the client library's
    [InlineData("session.timeout.ms", "long", "Invalid value")]
    [InlineData("session.timeout.ms", "0", "outside allowed range")]
    [InlineData("security.protocol", "TLS", "Invalid value")]
    [InlineData("sasl.mechanism", "NONE", "Unsupported SASL mechanism", "security.protocol", "SASL_PLAINTEXT")]
    [InlineData("max.poll.interval.ms", "5000", "must be >=")] // than session.timeout.ms
    [InlineData("ssl.ca.location", "/no/such/file", "failed", "security.protocol", "SSL")]
    [InlineData("retries", "0", "must be", "linger.ms", "1")] // with idempotent producers
    public void A_property_that_the_client_library_refuses_is_named_at_the_start(
        string name, string value, string says, string? with = null, string? of = null)
    {
        var properties = new List<(string, string)> { (name, value) };
        if (with is not null)
        {
            properties.Add((with, of!));
        }

        var refusal = Should.Throw<SettingsException>(() => Bind([.. properties]));
        refusal.Message.ShouldContain($"OtpActors:Kafka:Properties:{name} ");
        refusal.Message.ShouldContain(says);
    }

    [Fact]
    public void Any_other_property_passes()
    {
        var options = Bind(
            ("security.protocol", "SASL_SSL"), ("sasl.mechanism", "PLAIN"), ("sasl.username", "otp"), ("sasl.password", "secret"), ("session.timeout.ms", "6000"),
            ("broker.version.fallback", "0.9.0.1"));

        options.Properties["sasl.mechanism"].Reveal().ShouldBe("PLAIN");
        options.Properties.Count.ShouldBe(6);
    }

    [Theory]
    [InlineData("false", "0.9.0.1", true)]
    [InlineData("false", "0.10.2", true)]
    [InlineData("false", "0.11.0", false)]
    [InlineData("false", "2.8.0", false)]
    [InlineData("true", "0.9.0.1", false)]
    public void Brokers_are_old_where_the_settings_say_so(string ask, string version, bool old) =>
        Bind(("api.version.request", ask), ("broker.version.fallback", version)).IsBefore011.ShouldBe(old);

    [Fact]
    public void An_envelope_gives_back_what_went_in()
    {
        var headers = new Dictionary<string, string> { ["reason"] = "пусто \"\\\n", ["origin-offset"] = "7" };
        foreach (var value in new[] { null, [], "text"u8.ToArray(), [0, 255, 1] })
        {
            HeaderEnvelope.TryUnwrap(HeaderEnvelope.Wrap(value, headers), out var back, out var given).ShouldBeTrue();
            back.ShouldBe(value);
            given.ShouldNotBeNull().ShouldBe(headers, ignoreOrder: true);
        }
    }

    [Theory]
    [InlineData("1234567")]
    [InlineData("{}")]
    [InlineData("{\"otpactors-envelope\":1,")]
    [InlineData("{\"otpactors-envelope\":1,\"headers\":null}")]
    [InlineData("{\"otpactors-envelope\":1,\"headers\":{},\"value\":\"no base64!\"}")]
    public void Anything_else_is_no_envelope(string value) =>
        HeaderEnvelope.TryUnwrap(System.Text.Encoding.UTF8.GetBytes(value), out _, out _).ShouldBeFalse();

    private static KafkaOptions Bind(params (string Name, string Value)[] properties) => Settings.Bind(new ConfigurationBuilder()
        .AddInMemoryCollection(properties.Select(each =>
            KeyValuePair.Create<string, string?>($"OtpActors:Kafka:Properties:{each.Name}", each.Value)))
        .Build()).Kafka;
}
