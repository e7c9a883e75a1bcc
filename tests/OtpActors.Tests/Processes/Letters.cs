using Akka.Actor;
using Akka.Streams;
using Akka.Streams.Dsl;
using OtpActors.Infrastructure.Topics;
using OtpActors.Infrastructure.Topics.Embedded;

namespace OtpActors.Tests.Processes;

/// <summary>Dead letters in an embedded log that no service has open.</summary>
internal static class Letters
{
    /// <summary>One record in the topic, and letters of others that never were.</summary>
    public static async Task WriteAsync(string file, int count)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        using var system = ActorSystem.Create("letters", "akka.loglevel = OFF\nakka.stdout-loglevel = OFF\nakka.loggers = []");
        await using var log = new EmbeddedTopic(file);
        await AppendAsync("email_topic", [new ProducerRecord(0, "a@b.c"u8.ToArray(), "1"u8.ToArray(), DateTimeOffset.UnixEpoch)]);
        await AppendAsync("email_topic.dlq", [.. Enumerable.Range(0, count).Select(i => DeadLetters.Wrap(
            new TopicRecord(i, System.Text.Encoding.UTF8.GetBytes($"nobody-{i}"), "1"u8.ToArray(), DateTimeOffset.UnixEpoch), "email_topic", 0, "cassandra-sink", "no address", DateTimeOffset.UnixEpoch))]);
        await system.Terminate();

        async Task AppendAsync(string topic, IReadOnlyList<ProducerRecord> records)
        {
            await log.EnsureAsync(new TopicSpec(topic, 1, 1), CancellationToken.None);
            await Source.Single(records).Via(log.ProducerFlow(topic, "other")).RunWith(Sink.Ignore<ProducerAck>(), system.Materializer());
        }
    }
}
