using Akka.Actor;
using Akka.Streams;
using Akka.Streams.Dsl;
using OtpActors.Infrastructure.Storage;
using OtpActors.Infrastructure.Topics;
using OtpActors.Infrastructure.Topics.Embedded;
using Xunit;
using StreamSink = Akka.Streams.Dsl.Sink;

namespace OtpActors.Tests.Processes;

/// <summary>Another producer: puts records into a topic of a data directory that no process has.</summary>
internal static class TopicFeed
{
    public static async Task AppendAsync(string root, string topic, IEnumerable<(byte[]? Key, byte[] Value)> records)
    {
        using var data = DataDirectory.Open(root);
        using var system = ActorSystem.Create("feed", "akka { loglevel = OFF, stdout-loglevel = OFF }");
        await using var log = new EmbeddedTopic(data.TopicFile);
        await log.EnsureAsync(new TopicSpec(topic, 1, 1), TestContext.Current.CancellationToken);
        var from = await log.ResumeSequenceAsync(topic, "feed", TestContext.Current.CancellationToken);
        await Source.From(records.Select((record, i) => new ProducerRecord(from + i, record.Key, record.Value, DateTimeOffset.UnixEpoch)))
            .Grouped(1_000)
            .Select(IReadOnlyList<ProducerRecord> (batch) => [.. batch])
            .Via(log.ProducerFlow(topic, "feed"))
            .RunWith(StreamSink.Ignore<ProducerAck>(), system.Materializer());
        await system.Terminate();
    }
}
