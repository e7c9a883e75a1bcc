using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Akka.Actor;
using Akka.Streams;
using Akka.Streams.Dsl;
using Confluent.Kafka;
using OtpActors.Streams.Kafka;
using OtpActors.Streams.Kafka.Consumers;
using OtpActors.Streams.Kafka.Producers;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Streams.Kafka;

/// <summary>The library's README has an example that compiles, since it is this one, and works.</summary>
public sealed class ReadmeSpecs() : MockKafkaSpecs(partitions: 2)
{
    [Fact]
    public async Task Its_example_is_the_one_below()
    {
        var here = ThisFile();
        var source = (await File.ReadAllTextAsync(here, Cancellation)).ReplaceLineEndings("\n");
        var example = source[source.IndexOf("\n    // <example>", StringComparison.Ordinal)..source.IndexOf("\n    // </example>", StringComparison.Ordinal)];
        var code = string.Join('\n', example.Split('\n')[2..].Select(line => line.Length > 4 ? line[4..] : "")).TrimEnd();

        var root = Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..");
        (await File.ReadAllTextAsync(Path.Combine(root, "src", "OtpActors.Streams.Kafka", "README.md"), Cancellation))
            .ReplaceLineEndings("\n").ShouldContain($"```csharp\n{code}\n```");
    }

    [Fact]
    public async Task Its_example_stores_what_it_can_sets_the_rest_aside_and_commits_both()
    {
        Kafka.CreateTopic($"{Topic}.dlq", 1);
        await ProduceAsync(["17", "no number", "4"]);
        var stored = new List<int>();
        var (control, done) = StoreNumbers(Sys, Kafka.BootstrapServers, Topic, numbers =>
        {
            stored.AddRange(numbers);
            return Task.CompletedTask;
        });
        await UntilAsync(async () => (await Admin.CommittedAsync(Topic, "numbers", Cancellation)).Values.Sum() == 3, "the commits");
        await control.DrainAndShutdown(done).Eventually();

        stored.Order().ShouldBe([4, 17]);
        (await Admin.HighWatermarksAsync($"{Topic}.dlq", Cancellation))[0].ShouldBe(1);
    }

    // <example>
    private static (IControl Control, Task<Akka.Done> Done) StoreNumbers(
        ActorSystem system, string servers, string topic, Func<IReadOnlyList<int>, Task> store)
    {
        var consuming = ConsumerSettings<string, int>.Create(system, Deserializers.Utf8, new Number())
            .WithBootstrapServers(servers).WithGroupId("numbers");
        var producing = ProducerSettings<string?, byte[]>.Create(system, Serializers.Utf8, Serializers.ByteArray)
            .WithBootstrapServers(servers);
        var letters = new TopicPartition($"{topic}.dlq", Partition.Any);

        return KafkaConsumer.CommittableBatchSource(consuming, topic)
            .SelectAsync(1, async batch =>
            {
                await store([.. batch.Records.Where(record => !record.Value.IsError).Select(record => record.Value.Value)]);
                return batch;
            })
            .Select(batch => new MultiMessage<string?, byte[], KafkaBatch<string, int>>(
                [.. batch.Records.Where(record => record.Value.IsError).Select(record => (letters, new Message<string?, byte[]>
                {
                    Key = record.Key.IsError ? null : record.Key.Value,
                    Value = record.Value.Error!.Raw,
                }))],
                batch))
            .Via(KafkaProducer.FlexiFlow<string?, byte[], KafkaBatch<string, int>>(producing))
            .Select(acknowledged => acknowledged.PassThrough.CommitAsync()) // stored, and its dead letters are acknowledged
            .ToMaterialized(Sink.Ignore<Task<CommitOutcome>>(), Keep.Both)
            .Run(system.Materializer());
    }

    /// <summary>May throw: what it cannot read comes as an error.</summary>
    private sealed class Number : IDeserializer<int>
    {
        public int Deserialize(ReadOnlySpan<byte> data, bool isNull, SerializationContext context) =>
            int.Parse(Encoding.UTF8.GetString(data), CultureInfo.InvariantCulture);
    }
    // </example>

    private Task ProduceAsync(string[] values) => Source
        .Single(new MultiMessage<byte[], byte[], int>(
            [.. values.Select((value, i) => (new TopicPartition(Topic, i % 2), new Message<byte[], byte[]> { Value = Encoding.UTF8.GetBytes(value) }))], 0))
        .Via(KafkaProducer.FlexiFlow<byte[], byte[], int>(ProducerSettings()))
        .RunWith(Sink.Ignore<MultiResult<int>>(), Materializer).Eventually();

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
