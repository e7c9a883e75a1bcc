using OtpActors.Infrastructure.Configuration;
using OtpActors.Infrastructure.Topics.Kafka;
using OtpActors.Streams.Kafka;
using OtpActors.Tests.Servers;
using Xunit;

[assembly: AssemblyFixture(typeof(KafkaServers))]

namespace OtpActors.Tests.Servers;

/// <summary>
/// The Kafka brokers of this test run: started when the first test asks, shared, killed at the end.
/// <c>OTPACTORS_TEST_KAFKA=host:port</c> gives other ones instead of the single broker; if they are older than 0.10.1,
/// <c>OTPACTORS_TEST_ZOOKEEPER=host:port</c> says where their topics can be made.
/// </summary>
public sealed class KafkaServers : IAsyncDisposable
{
    private const string Given = "OTPACTORS_TEST_KAFKA";
    internal const string GivenZooKeeper = "OTPACTORS_TEST_ZOOKEEPER";
    private const string Required = "OTPACTORS_REQUIRE_SERVERS";

    private readonly Lazy<Task<string?>> _whyMissing = new(KafkaDistribution.WhyMissingAsync);
    private readonly Lazy<Task<KafkaCluster>> _one = new(() => Task.Run(() => KafkaCluster.StartAsync(1)));
    private readonly Lazy<Task<KafkaCluster>> _three = new(() => Task.Run(() => KafkaCluster.StartAsync(3)));

    private readonly Lazy<Task<(KafkaUnderTest? Kafka, string? WhyNot)>> _given =
        new(() => GivenKafka.LookAtAsync(Variable(Given)!, Variable(GivenZooKeeper)));

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    /// <summary>One broker; skips the test that asks where there is none to be had.</summary>
    internal async Task<KafkaUnderTest> OneAsync()
    {
        if (Variable(Given) is not null)
        {
            var (kafka, why) = await _given.Value;
            SkipIf(why);
            return kafka! with { Options = Copy(kafka.Options) };
        }

        await RequireAsync();
        var cluster = await _one.Value;
        return KafkaUnderTest.Of(cluster);
    }

    /// <summary>A broker of the caller's own, which it may kill and has to dispose of.</summary>
    internal async Task<KafkaUnderTest> OwnAsync()
    {
        await RequireAsync();
        return KafkaUnderTest.Of(await KafkaCluster.StartAsync(1));
    }

    /// <summary>A broker of the caller's own that clients reach through the proxy alone.</summary>
    internal async Task<KafkaCluster> BehindAsync(FaultProxy front)
    {
        await RequireAsync();
        return await KafkaCluster.StartBehindAsync(front);
    }

    /// <summary>Three brokers of this test run's own, which tests may kill one of, and start again.</summary>
    internal async Task<KafkaUnderTest> ThreeAsync()
    {
        await RequireAsync();
        return KafkaUnderTest.Of(await _three.Value);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var cluster in new[] { _one, _three }.Where(each => each.IsValueCreated))
        {
            if (cluster.Value.IsCompletedSuccessfully)
            {
                await (await cluster.Value).DisposeAsync();
            }
        }
    }

    private async Task RequireAsync() =>
        SkipIf(await _whyMissing.Value is { } why ? $"{why}; {Given}=host:port names a broker" : null);

    private static void SkipIf(string? why)
    {
        if (why is not null && Variable(Required) == "1")
        {
            Assert.Fail($"Kafka is required ({Required}=1): {why}");
        }

        Assert.SkipWhen(why is not null, $"no Kafka broker: {why}");
    }

    internal static Dictionary<string, Secret> PropertiesOf(IEnumerable<KeyValuePair<string, string>> properties) =>
        properties.ToDictionary(each => each.Key, each => new Secret(each.Value));

    /// <summary>Tests change theirs.</summary>
    private static KafkaOptions Copy(KafkaOptions options) =>
        new() { BootstrapServers = options.BootstrapServers, Properties = new(options.Properties) };
}

/// <param name="Options">To connect with.</param>
/// <param name="Cluster">Null where the brokers are somebody else's.</param>
/// <param name="Creation">Makes a topic where the brokers cannot be asked to.</param>
internal sealed record KafkaUnderTest(KafkaOptions Options, KafkaCluster? Cluster, TopicCreation? Creation)
{
    public static KafkaUnderTest Of(KafkaCluster cluster) => new(
        new KafkaOptions { BootstrapServers = cluster.BootstrapServers, Properties = KafkaServers.PropertiesOf(KafkaCluster.Properties) }, cluster,
        cluster.CreateTopicAsync);
}
