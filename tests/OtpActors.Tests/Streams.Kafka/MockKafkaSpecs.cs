using Akka.Streams;
using Akka.Streams.Dsl;
using Confluent.Kafka;
using OtpActors.Streams.Kafka;
using OtpActors.Streams.Kafka.Consumers;
using OtpActors.Streams.Kafka.Producers;
using OtpActors.Tests.Servers;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Streams.Kafka;

/// <summary>A mock cluster, a topic on it, and what specs do with them.</summary>
public abstract class MockKafkaSpecs : Akka.TestKit.Xunit.TestKit
{
    protected const string Topic = "topic";
    protected const string Group = "group";

    protected MockKafkaSpecs(int brokers = 1, int partitions = 1) : base("akka.loglevel = OFF")
    {
        Kafka = new MockKafka(brokers);
        Kafka.CreateTopic(Topic, partitions);
        Materializer = Sys.Materializer();
        Admin = new KafkaAdmin(
            new Dictionary<string, string> { ["bootstrap.servers"] = Kafka.BootstrapServers }, TimeSpan.FromSeconds(10),
            TimeProvider.System);
    }

    private protected MockKafka Kafka { get; }

    protected ActorMaterializer Materializer { get; }

    protected KafkaAdmin Admin { get; }

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public override async ValueTask DisposeAsync()
    {
        await Sys.Terminate();
        Admin.Dispose();
        Kafka.Dispose();
        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected ConsumerSettings<byte[], byte[]> ConsumerSettings(int batch = 50) =>
        ConsumerSettings<byte[], byte[]>.Create(Sys, Deserializers.ByteArray, Deserializers.ByteArray)
            .WithBootstrapServers(Kafka.BootstrapServers)
            .WithGroupId(Group)
            .WithProperty("session.timeout.ms", "2000")
            .WithProperty("heartbeat.interval.ms", "200")
            .WithProperty("reconnect.backoff.max.ms", "500")
            .WithProperty("topic.metadata.refresh.interval.ms", "500") with
        {
            MaxBatchRecords = batch,
            CommitInterval = TimeSpan.FromMilliseconds(50),
            RevokeTimeout = TimeSpan.FromSeconds(20), // a loaded machine is no reason to repeat anything
            StopTimeout = TimeSpan.FromSeconds(2),
            StallTimeout = TimeSpan.Zero,
        };

    protected ProducerSettings<byte[], byte[]> ProducerSettings() =>
        ProducerSettings<byte[], byte[]>.Create(Sys, Serializers.ByteArray, Serializers.ByteArray)
            .WithBootstrapServers(Kafka.BootstrapServers)
            .WithProperty("reconnect.backoff.max.ms", "500");

    /// <summary>Batches of 100 records with 20 bytes each, round the partitions.</summary>
    protected Task<IReadOnlyList<MultiResult<int>>> ProduceAsync(
        int records, int partitions = 1, ProducerSettings<byte[], byte[]>? settings = null) => Source
        .From(Enumerable.Range(0, records / 100))
        .Select(batch => new MultiMessage<byte[], byte[], int>(
            [.. Enumerable.Range(0, 100).Select(i => (new TopicPartition(Topic, (batch * 100 + i) % partitions), new Message<byte[], byte[]>
            {
                Key = BitConverter.GetBytes(batch),
                Value = new byte[20],
            }))],
            batch))
        .Via(KafkaProducer.FlexiFlow<byte[], byte[], int>(settings ?? ProducerSettings()))
        .RunWith(Sink.Seq<MultiResult<int>>(), Materializer)
        .ContinueWith(task => (IReadOnlyList<MultiResult<int>>)task.GetAwaiter().GetResult(), TaskScheduler.Default).Eventually();

    /// <summary>A member that writes each batch into the ledger and commits it then.</summary>
    private protected (IControl Control, Task Done) Join(
        Ledger ledger, string member = "member", ConsumerSettings<byte[], byte[]>? settings = null)
    {
        var (control, done) = KafkaConsumer.CommittableBatchSource(settings ?? ConsumerSettings(), Topic)
            .Select(batch =>
            {
                ledger.Write(member, batch);
                _ = batch.CommitAsync();
                return batch;
            })
            .ToMaterialized(Sink.Ignore<KafkaBatch<byte[], byte[]>>(), Keep.Both).Run(Materializer);
        return (control, done);
    }

    protected static async Task UntilAsync(Func<bool> condition, string what) => await UntilAsync(() => Task.FromResult(condition()), what);

    protected static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            TimeProvider.System.GetElapsedTime(since).ShouldBeLessThan(TimeSpan.FromMinutes(1), what);
            await Task.Delay(20, Cancellation);
        }
    }

    protected async Task<long> CommittedAsync() => (await Admin.CommittedAsync(Topic, Group, Cancellation)).Values.Sum();
}
