using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Threading.RateLimiting;
using Akka.Actor;
using Akka.Streams;
using Akka.Streams.Dsl;
using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Topics;
using StreamSink = Akka.Streams.Dsl.Sink;

namespace OtpActors.Triggers;

/// <summary>What an <see cref="OtpPublisher"/> holds at most.</summary>
public sealed record PublisherLimits
{
    /// <summary>Records that are on their way into the topic. Default 100,000.</summary>
    public int InHand { get; init; } = 100_000;

    /// <summary>Records whose callers wait until there is room; beyond them callers are refused at once. Default 200,000.</summary>
    public int Waiting { get; init; } = 200_000;

    /// <summary>How long a caller waits for room. Default 5 s.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A producer that has had nothing to do for this long is closed until there is. Default 1 minute.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromMinutes(1);
}

/// <summary>Where a publication goes, and what its topic is like where it has to be made.</summary>
public sealed record PublishTarget(string Topic, int Partitions, short ReplicationFactor);

/// <summary>
/// Puts records of many callers into topics through one long-lived producer a topic: what comes at the same time shares
/// a batch, and so a write. When a task completes the records are durable. A caller's records lie in one batch: all of
/// them are in the topic or, on the embedded log, none.
/// </summary>
/// <remarks>
/// Can be called from any thread. Drain it before the actor system ends, and close the topic after that.
/// </remarks>
public sealed class OtpPublisher
{
    /// <summary>Bits of a sequence that number a keyed publication's records; those above tell its content.</summary>
    private const int CountBits = 14;

    private readonly IOtpTopic _topic;
    private readonly TimeProvider _time;
    private readonly PublisherLimits _limits;
    private readonly ILogger<OtpPublisher> _log;
    private readonly ActorMaterializer _materializer;
    private readonly ConcurrencyLimiter _room;
    private readonly ConcurrentDictionary<string, Lazy<PublishLane>> _lanes = new(StringComparer.Ordinal);
    private readonly KeyedLock _keys = new();
    private volatile bool _stopping;

    public OtpPublisher(IOtpTopic topic, ActorSystem system, TimeProvider time, ILogger<OtpPublisher> log, PublisherLimits? limits = null)
    {
        (_topic, _time, _log, _limits) = (topic, time, log, limits ?? new PublisherLimits());
        _materializer = system.Materializer();
        _room = new ConcurrencyLimiter(new ConcurrencyLimiterOptions
        {
            PermitLimit = _limits.InHand,
            QueueLimit = _limits.Waiting,
            QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
        });
    }

    /// <summary>Whether a key can tell a repeated publication: where the topic keeps what its producers have appended.</summary>
    public bool TakesKeys => _topic.SupportsIdempotentProducer;

    /// <exception cref="PublishRefusedException">Nothing was published: there is no room, or the service is stopping.</exception>
    /// <exception cref="TopicException">Nothing was published: the topic is out.</exception>
    /// <exception cref="PublishUnknownException">The topic failed in the midst of it.</exception>
    public async Task PublishAsync(PublishTarget target, IReadOnlyList<OtpRecord> records, CancellationToken cancellationToken)
    {
        using var room = await RoomAsync(records.Count, cancellationToken).ConfigureAwait(false);
        await LaneOf(target).PublishAsync(records).ConfigureAwait(false); // not given up: what is in progress counts until it is done
    }

    /// <summary>
    /// The same, and once for each key, across restarts: the topic keeps the key's producer and how far it came.
    /// </summary>
    /// <param name="fingerprint">Tells the publication from another one under the key.</param>
    /// <returns>False where it was published before.</returns>
    /// <exception cref="PublishKeyReusedException">The key was used on this topic for another publication.</exception>
    public async Task<bool> PublishOnceAsync(
        PublishTarget target, IReadOnlyList<OtpRecord> records, string key, ReadOnlyMemory<byte> fingerprint, CancellationToken cancellationToken)
    {
        var producer = $"otps:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, 16))}";
        var first = FirstSequence(fingerprint.Span);
        using var room = await RoomAsync(records.Count, cancellationToken).ConfigureAwait(false);
        using var turn = await _keys.TakeAsync($"{target.Topic}/{producer}", cancellationToken).ConfigureAwait(false);
        await LaneOf(target).EnsureAsync(cancellationToken).ConfigureAwait(false);
        var next = await _topic.ResumeSequenceAsync(target.Topic, producer, cancellationToken).ConfigureAwait(false);
        if (next != 0)
        {
            return next == first + records.Count ? false : throw new PublishKeyReusedException();
        }

        var batch = PublishLane.Batch(records, first, _time.GetUtcNow());
        try
        {
            await Source.Single<IReadOnlyList<ProducerRecord>>(batch).Via(_topic.ProducerFlow(target.Topic, producer))
                .RunWith(StreamSink.Ignore<ProducerAck>(), _materializer).ConfigureAwait(false);
            return true;
        }
        catch (Exception e)
        {
            throw new PublishUnknownException(e);
        }
    }

    /// <summary>Takes no more, and completes when what was taken is in the topic or has failed.</summary>
    public async Task DrainAsync()
    {
        _stopping = true;
        await Task.WhenAll(_lanes.Values.Select(lane => lane.Value.DrainAsync())).ConfigureAwait(false);
    }

    private PublishLane LaneOf(PublishTarget target)
    {
        var lane = _lanes.GetOrAdd(target.Topic, _ => new Lazy<PublishLane>(() => new PublishLane(
            _topic, new TopicSpec(target.Topic, target.Partitions, target.ReplicationFactor), _materializer, _time, _limits.Idle, _log))).Value;
        return _stopping ? throw new PublishRefusedException("the service is stopping") : lane;
    }

    private async Task<RateLimitLease> RoomAsync(int records, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(_limits.Patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            var lease = await _room.AcquireAsync(records, either.Token).ConfigureAwait(false);
            return lease.IsAcquired ? lease : throw new PublishRefusedException("more is being published than the topic takes");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new PublishRefusedException("more is being published than the topic takes");
        }
    }

    private static long FirstSequence(ReadOnlySpan<byte> fingerprint)
    {
        var content = 0L;
        foreach (var part in fingerprint[..6])
        {
            content = content << 8 | part;
        }

        return content << CountBits;
    }
}

/// <summary>Nothing was published; the message says why.</summary>
public sealed class PublishRefusedException(string reason) : Exception(reason);

/// <summary>The topic failed in the midst of a publication: it may be there, or not.</summary>
public sealed class PublishUnknownException(Exception cause)
    : Exception($"Nobody can tell whether the records are in the topic: {Why(cause)}", cause)
{
    /// <summary>A topic's own words; whatever else a stream may say is for the log.</summary>
    private static string Why(Exception cause) => cause switch
    {
        TopicException => cause.Message,
        { InnerException: { } inner } => Why(inner),
        _ => "its producer broke off",
    };
}

/// <summary>The key was used for another publication.</summary>
public sealed class PublishKeyReusedException() : Exception("The same key published other records to this topic");
