using Akka.Actor;
using Akka.Streams;
using Akka.Streams.Dsl;
using Confluent.Kafka;
using OtpActors.Streams.Kafka;
using OtpActors.Streams.Kafka.Consumers;
using OtpActors.Streams.Kafka.Producers;

// Copies a topic, its texts in upper case. An offset is committed once the copies of all records before it are
// acknowledged: killed at any moment and started again, it leaves nothing out.
var servers = args is [var first, ..] ? first : "localhost:9092";
var topic = args is [_, var second, ..] ? second : "sample";
var copy = new TopicPartition($"{topic}.copy", Partition.Any);

using var system = ActorSystem.Create("sample");
var consuming = ConsumerSettings<string?, string?>.Create(system, Deserializers.Utf8!, Deserializers.Utf8!)
    .WithBootstrapServers(servers).WithGroupId("sample");
var producing = ProducerSettings<string?, string?>.Create(system, Serializers.Utf8!, Serializers.Utf8!)
    .WithBootstrapServers(servers);

var (control, done) = KafkaConsumer.CommittableBatchSource(consuming, topic)
    // A batch is records of one partition that follow each other; it travels along as what to commit.
    .Select(batch => new MultiMessage<string?, string?, KafkaBatch<string?, string?>>(
        [.. batch.Records.Select(record => (copy, new Message<string?, string?>
        {
            Key = record.Key.Value,
            Value = record.Value.Value?.ToUpperInvariant(),
        }))],
        batch))
    .Via(KafkaProducer.FlexiFlow<string?, string?, KafkaBatch<string?, string?>>(producing))
    .Select(acknowledged =>
    {
        Console.WriteLine($"{acknowledged.PassThrough.TopicPartition}: up to {acknowledged.PassThrough.NextOffset}");
        return acknowledged.PassThrough.CommitAsync();
    })
    .ToMaterialized(Sink.Ignore<Task<CommitOutcome>>(), Keep.Both)
    .Run(system.Materializer());

// Ctrl+C: fetches no more, finishes and commits what it has, leaves the group.
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    _ = control.Stop();
};
try
{
    await done; // ends after Ctrl+C, or with the failure of a source or flow
    await control.IsShutdown;
    return 0;
}
catch (KafkaStreamException failure)
{
    Console.Error.WriteLine($"{failure.Failure}: {failure.Message}");
    return 1;
}
