using OtpActors.Tests.Servers;
using OtpActors.Topics.Kafka;
using Xunit;

[assembly: AssemblyFixture(typeof(KafkaServers))]

namespace OtpActors.Tests.Servers;

/// <summary>
/// The Kafka brokers of this test run: started when the first test asks, shared, killed at the end.
/// <c>OTPACTORS_TEST_KAFKA=host:port</c> gives other ones instead of the single broker.
/// </summary>
public sealed class KafkaServers : IAsyncDisposable
{
    private const string Given = "OTPACTORS_TEST_KAFKA";
    private const string Required = "OTPACTORS_REQUIRE_SERVERS";

    private readonly Lazy<Task<string?>> _whyMissing = new(KafkaDistribution.WhyMissingAsync);
    private readonly Lazy<Task<KafkaCluster>> _one = new(() => Task.Run(() => KafkaCluster.StartAsync(1)));
    private readonly Lazy<Task<KafkaCluster>> _three = new(() => Task.Run(() => KafkaCluster.StartAsync(3)));

    private static string? GivenServers => Environment.GetEnvironmentVariable(Given) is { Length: > 0 } servers ? servers : null;

    /// <summary>One broker; skips the test that asks where there is none to be had.</summary>
    internal async Task<KafkaUnderTest> OneAsync()
    {
        if (GivenServers is { } servers)
        {
            return new KafkaUnderTest(new KafkaOptions { BootstrapServers = servers }, null);
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

    private async Task RequireAsync()
    {
        var why = await _whyMissing.Value;
        if (why is not null && Environment.GetEnvironmentVariable(Required) == "1")
        {
            Assert.Fail($"Kafka is required ({Required}=1): {why}");
        }

        Assert.SkipWhen(why is not null, $"no Kafka broker: {why}; {Given}=host:port names one");
    }
}

/// <param name="Options">To connect with.</param>
/// <param name="Cluster">Null where the brokers are somebody else's.</param>
internal sealed record KafkaUnderTest(KafkaOptions Options, KafkaCluster? Cluster)
{
    public static KafkaUnderTest Of(KafkaCluster cluster) => new(
        new KafkaOptions { BootstrapServers = cluster.BootstrapServers, Properties = new(KafkaCluster.Properties) }, cluster);

    /// <summary>Makes a topic where the brokers cannot be asked to.</summary>
    public OtpActors.Streams.Kafka.TopicCreation? Creation => Cluster is { } cluster ? cluster.CreateTopicAsync : null;
}
