using System.Runtime.CompilerServices;
using Akka;
using Akka.Streams.Dsl;
using Confluent.Kafka;

namespace OtpActors.Streams.Kafka.Producers;

/// <summary>Records that go together, and whatever should come out with their acknowledgement.</summary>
public sealed record MultiMessage<TKey, TValue, TPass>(
    IReadOnlyList<(TopicPartition To, Message<TKey, TValue> Message)> Records, TPass PassThrough);

/// <summary>Every record of a batch is acknowledged.</summary>
/// <param name="Next">The offset after the batch's last record, by partition it went to.</param>
public sealed record MultiResult<TPass>(IReadOnlyDictionary<TopicPartition, long> Next, TPass PassThrough);

/// <summary>
/// Flows that produce. A batch comes out once the brokers have acknowledged every record of it; batches come out in the
/// order they went in. A record that is not acknowledged fails the flow: those before and after it may be in the topic.
/// Records of one partition keep their order, retries included.
/// </summary>
public static class KafkaProducer
{
    private static readonly ConditionalWeakTable<object, Error> Fatal = [];

    /// <summary>
    /// For messages that have none: the client makes some of its own for each message without. Shared, so never add to it;
    /// not for serializers that add headers themselves.
    /// </summary>
    public static Headers NoHeaders { get; } = [];

    /// <summary>A producer with these settings; share it between flows, and close it with <see cref="CloseAsync"/>.</summary>
    /// <remarks>Its delivery reports tell status, partition and offset, and nothing of the record: a flow needs no more.</remarks>
    /// <param name="log">Where the client's own log goes; nowhere if null.</param>
    public static IProducer<TKey, TValue> Create<TKey, TValue>(
        ProducerSettings<TKey, TValue> settings, Action<LogMessage>? log = null)
    {
        var tell = ClientLog.WithoutProperties(log);
        try
        {
            return new ProducerBuilder<TKey, TValue>(settings.ClientProperties())
                .SetKeySerializer(settings.KeySerializer)
                .SetValueSerializer(settings.ValueSerializer)
                .SetLogHandler((_, message) => tell(message))
                .SetErrorHandler((producer, error) => Note(producer, error)) // what matters of others fails records, and they tell
                .Build();
        }
        catch (Exception e) when (KafkaStreamException.IsRefusal(e))
        {
            throw KafkaStreamException.Refusal(e);
        }
    }

    /// <summary>
    /// Batches through <paramref name="shared"/>, which outlives the flow and is asked for when the flow starts, or through
    /// a producer of the flow's own.
    /// </summary>
    public static Flow<MultiMessage<TKey, TValue, TPass>, MultiResult<TPass>, NotUsed> FlexiFlow<TKey, TValue, TPass>(
        ProducerSettings<TKey, TValue> settings, Func<IProducer<TKey, TValue>>? shared = null) =>
        Flow.FromGraph(new ProducerStage<TKey, TValue, TPass>(settings, shared));

    /// <summary>
    /// Sends what is left, for as long as the settings say, and closes. Disposing alone would drop it without a word.
    /// </summary>
    public static Task CloseAsync<TKey, TValue>(IProducer<TKey, TValue> producer, ProducerSettings<TKey, TValue> settings) =>
        Task.Run(() =>
        {
            try
            {
                producer.Flush(settings.FlushTimeout);
            }
            catch (KafkaException)
            {
                // Fatal before: nothing can be sent any more, and every record's flow knows.
            }
            finally
            {
                producer.Dispose();
            }
        });

    /// <summary>
    /// Why the producer has failed for good, or null. Its records are only said to be purged.
    /// </summary>
    internal static Error? FatalOf(object producer) => Fatal.TryGetValue(producer, out var error) ? error : null;

    private static void Note(object producer, Error error)
    {
        if (error.IsFatal)
        {
            Fatal.TryAdd(producer, error);
        }
    }
}
