using Microsoft.Extensions.Logging.Abstractions;
using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Topics;
using OtpActors.Infrastructure.Topics.Kafka;
using OtpActors.Tests.Servers;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Processes;

/// <summary>What specs share that run the program with its topic on real brokers: a topic of their own, and its dead letters'.</summary>
public abstract class KafkaRunSpecs : IAsyncLifetime
{
    protected const int Partitions = 3;

    private protected Workplace At { get; } = new();

    private protected KafkaUnderTest Kafka { get; private set; } = null!;

    protected string Topic { get; } = $"run-{Guid.NewGuid():N}";

    protected KafkaTopic Topics { get; private set; } = null!;

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Kafka = await BrokersAsync();
        Topics = new KafkaTopic(Kafka.Options, TimeProvider.System, NullLogger<KafkaTopic>.Instance, Kafka.Creation);
        foreach (var topic in new[] { Topic, DeadLetters.TopicOf(Topic) })
        {
            await Topics.EnsureAsync(new TopicSpec(topic, Partitions, 3), Cancellation);
        }
    }

    public virtual async ValueTask DisposeAsync()
    {
        At.Dispose();
        if (Topics is not null)
        {
            await Topics.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    private protected abstract Task<KafkaUnderTest> BrokersAsync();

    private protected OtpActorsProcess Start(params string[] arguments) => Start(null, arguments);

    private protected OtpActorsProcess Start(IEnumerable<KeyValuePair<string, string>>? settings, params string[] arguments)
    {
        var environment = new Dictionary<string, string>(Kafka.Options.Properties.Select(each =>
            KeyValuePair.Create($"OtpActors__Kafka__Properties__{each.Key}", each.Value.Reveal())))
        {
            ["OtpActors__Topic__Provider"] = "Kafka",
            ["OtpActors__Kafka__BootstrapServers"] = Kafka.Options.BootstrapServers,
        };
        foreach (var (key, value) in settings ?? [])
        {
            environment[key] = value;
        }

        return OtpActorsProcess.Start(At.Path, [.. arguments, "--data", At.Data.Root], environment: environment);
    }

    /// <summary>Everything is produced, found in both stores, and there once.</summary>
    private protected static void ShouldHoldAll(RunReport report, int records)
    {
        (report.Outcome, report.Produced, report.StoresAgree).ShouldBe(("Completed", records, true));
        foreach (var store in report.Stores)
        {
            (store.Found, store.Missing, store.DeadLettered).ShouldBe((records, 0, store.Read - store.Inserted - store.Skipped), store.Name);
        }
    }
}
