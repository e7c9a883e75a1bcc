using Akka.Configuration;
using Confluent.Kafka;
using OtpActors.Streams.Kafka;
using Shouldly;
using Xunit;
using Config = Akka.Configuration.Config;

namespace OtpActors.Tests.Streams.Kafka;

public sealed class SettingsSpecs
{
    [Fact]
    public void Defaults_of_a_consumer_are_those_that_are_documented()
    {
        var settings = Consumer(null);

        settings.PollInterval.ShouldBe(TimeSpan.FromMilliseconds(20));
        (settings.MaxBatchRecords, settings.MaxBatchBytes).ShouldBe((500, 256 * 1024));
        (settings.MaxQueuedBatches, settings.ResumeAtBatches).ShouldBe((4, 1));
        settings.PauseDelay.ShouldBe(TimeSpan.FromMilliseconds(250));
        settings.CommitInterval.ShouldBe(TimeSpan.FromMilliseconds(200));
        settings.RevokeTimeout.ShouldBe(TimeSpan.FromSeconds(3));
        settings.StopTimeout.ShouldBe(TimeSpan.FromSeconds(3));
        settings.CloseTimeout.ShouldBe(TimeSpan.FromSeconds(15));
        settings.OperationTimeout.ShouldBe(TimeSpan.FromSeconds(10));
        settings.StallTimeout.ShouldBe(TimeSpan.FromSeconds(60));
        settings.VerifyTopics.ShouldBeTrue();
        settings.Properties.ShouldBe(
            new Dictionary<string, string>
            {
                ["partition.assignment.strategy"] = "cooperative-sticky",
                ["auto.offset.reset"] = "earliest",
                ["queued.max.messages.kbytes"] = "16384",
                ["fetch.queue.backoff.ms"] = "20",
            },
            ignoreOrder: true);
    }

    [Fact]
    public void Defaults_of_a_producer_are_those_that_are_documented()
    {
        var settings = Producer(null);

        (settings.Parallelism, settings.QueueFullRetry, settings.FlushTimeout)
            .ShouldBe((4, TimeSpan.FromMilliseconds(5), TimeSpan.FromSeconds(30)));
        settings.Properties.ShouldBe(
            new Dictionary<string, string> { ["acks"] = "all", ["enable.idempotence"] = "true", ["message.timeout.ms"] = "30000" },
            ignoreOrder: true);
    }

    [Fact]
    public void A_section_of_the_users_own_goes_over_the_defaults()
    {
        var settings = Consumer(ConfigurationFactory.ParseString(
            "commit-interval = 1s, properties { session.timeout.ms = 6000, auto.offset.reset = latest }"));

        settings.CommitInterval.ShouldBe(TimeSpan.FromSeconds(1));
        settings.MaxBatchRecords.ShouldBe(500);
        settings.Properties["session.timeout.ms"].ShouldBe("6000");
        settings.Properties["auto.offset.reset"].ShouldBe("latest");
        settings.Properties["fetch.queue.backoff.ms"].ShouldBe("20");
    }

    private static ConsumerSettings<byte[], byte[]> Consumer(Config? config) =>
        ConsumerSettings<byte[], byte[]>.Create(config, Deserializers.ByteArray, Deserializers.ByteArray);

    private static ProducerSettings<byte[], byte[]> Producer(Config? config) =>
        ProducerSettings<byte[], byte[]>.Create(config, Serializers.ByteArray, Serializers.ByteArray);
}
