using System.Reflection;
using Confluent.Kafka;
using OtpActors.Streams.Kafka;
using OtpActors.Streams.Kafka.Consumers;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Streams.Kafka;

public sealed class StallSpecs() : MockKafkaSpecs(partitions: 1)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    private readonly Ledger _ledger = new();

    [Fact]
    public async Task Records_that_lie_there_and_do_not_come_fail_the_stream()
    {
        await ProduceAsync(100);
        var (control, done) = Join(_ledger, settings: ConsumerSettings() with { StallTimeout = Limit });
        await UntilAsync(() => _ledger.Written == 100, "the records");
        ClientOf(control).Pause([new TopicPartition(Topic, 0)]); // behind the source's back, as a fault of the client would
        await ProduceAsync(100);

        (await Should.ThrowAsync<KafkaStreamException>(() => done.Eventually())).Failure.ShouldBe(KafkaFailure.Stalled);
        await control.IsShutdown.Eventually();
    }

    [Fact]
    public async Task Silence_and_outages_are_no_stall()
    {
        await ProduceAsync(100);
        var (control, done) = Join(_ledger, settings: ConsumerSettings() with { StallTimeout = Limit, OperationTimeout = Limit });
        await UntilAsync(() => _ledger.Written == 100, "the records");
        await Task.Delay(1.2 * Limit, Cancellation); // what is tested
        Kafka.SetDown(-1);
        await Task.Delay(1.2 * Limit, Cancellation);
        Kafka.SetUp(-1);
        await ProduceAsync(100);

        await UntilAsync(() => _ledger.Written == 200, "the records after");
        done.IsCompleted.ShouldBeFalse();
        await control.Stop().Eventually();
    }

    /// <summary>Nobody may have it, and so nobody gives it away.</summary>
    private static IConsumer<Decoded<byte[]>, Decoded<byte[]>> ClientOf(IControl control)
    {
        var loop = ((Delegate)Field(control, "_stop")).Target!;
        return (IConsumer<Decoded<byte[]>, Decoded<byte[]>>)Field(loop, "_consumer");
    }

    private static object Field(object of, string name) =>
        of.GetType().GetField(name, BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(of)!;
}
