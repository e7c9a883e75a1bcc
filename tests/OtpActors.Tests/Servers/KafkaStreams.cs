using Akka.Actor;
using Akka.Streams;
using Akka.Streams.Dsl;
using OtpActors.Infrastructure.Topics;
using OtpActors.Tests.Support;

namespace OtpActors.Tests.Servers;

/// <summary>A topic's records, put there and read in one piece.</summary>
internal static class KafkaStreams
{
    public static Task<ProducerAck> ProduceAsync(
        IOtpTopic topics, ActorSystem system, string topic, IReadOnlyList<ProducerRecord> records) =>
        Source.Single(records).Via(topics.ProducerFlow(topic, "specs"))
            .RunWith(Sink.First<ProducerAck>(), system.Materializer()).Eventually();

    /// <summary>The first records that lie there, as a group of its own reads them.</summary>
    public static async Task<List<TopicRecord>> ReadAsync(IOtpTopic topics, ActorSystem system, string topic, int count)
    {
        var read = await topics.Consume(topic, $"specs-{Guid.NewGuid():N}").SelectMany(batch => batch.Records).Take(count)
            .RunWith(Sink.Seq<TopicRecord>(), system.Materializer()).Eventually();
        return [.. read];
    }
}
