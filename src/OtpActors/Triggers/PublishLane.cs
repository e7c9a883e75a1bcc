using System.Threading.Channels;
using Akka.Streams;
using Akka.Streams.Dsl;
using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Topics;
using StreamSink = Akka.Streams.Dsl.Sink;

namespace OtpActors.Triggers;

/// <summary>
/// The way into one topic. One loop takes publications in the order they came, as many together as wait, and gives them
/// to a producer flow that it opens when there is something to do, opens again after a failure, and closes when idle.
/// </summary>
internal sealed class PublishLane
{
    /// <summary>Records that go to the topic in one piece, unless one publication alone has more.</summary>
    private const int BatchRecords = 2_000;

    /// <summary>Names the sequence of all that is published without a key. A process has the embedded log for itself.</summary>
    private const string ProducerId = "otps";

    private readonly Channel<Publication> _waiting = Channel.CreateUnbounded<Publication>(new UnboundedChannelOptions { SingleReader = true });
    private readonly IOtpTopic _topic;
    private readonly TopicSpec _spec;
    private readonly IMaterializer _materializer;
    private readonly TimeProvider _time;
    private readonly TimeSpan _idle;
    private readonly ILogger _log;
    private readonly Task _loop;
    private volatile bool _ensured;

    public PublishLane(IOtpTopic topic, TopicSpec spec, IMaterializer materializer, TimeProvider time, TimeSpan idle, ILogger log)
    {
        (_topic, _spec, _materializer, _time, _idle, _log) = (topic, spec, materializer, time, idle, log);
        _loop = Task.Run(LoopAsync);
    }

    /// <summary>Completes when the records are durable.</summary>
    public Task PublishAsync(IReadOnlyList<OtpRecord> records)
    {
        var publication = new Publication(records);
        return _waiting.Writer.TryWrite(publication) ? publication.Done.Task : throw new PublishRefusedException("the service is stopping");
    }

    /// <summary>Makes the topic unless it is known to be there.</summary>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        if (!_ensured)
        {
            await _topic.EnsureAsync(_spec, cancellationToken).ConfigureAwait(false);
            _ensured = true;
        }
    }

    public Task DrainAsync()
    {
        _waiting.Writer.TryComplete();
        return _loop;
    }

    public static ProducerRecord[] Batch(IEnumerable<OtpRecord> records, long first, DateTimeOffset now) => [.. records.Select((record, i) => new ProducerRecord(
        first + i, OtpRecordCodec.EncodeKey(record.Email), OtpRecordCodec.EncodeValue(record.Otp), now))];

    private async Task LoopAsync()
    {
        Producing? producing = null;
        while (await MoreAsync(producing).ConfigureAwait(false) is { } more)
        {
            if (!more)
            {
                await producing!.CloseAsync().ConfigureAwait(false);
                producing = null;
                continue;
            }

            var batch = Take();
            try
            {
                producing = producing is { IsOver: false } ? producing : await OpenAsync().ConfigureAwait(false);
            }
            catch (Exception e)
            {
                batch.ForEach(publication => publication.Done.SetException(e)); // for certain, nothing of it was sent
                continue;
            }

            await producing.SendAsync(batch, _time.GetUtcNow()).ConfigureAwait(false);
        }

        if (producing is not null)
        {
            await producing.CloseAsync().ConfigureAwait(false);
        }
    }

    /// <returns>Whether something waits; false where nothing came for long; null at the end.</returns>
    private async Task<bool?> MoreAsync(Producing? producing)
    {
        var more = _waiting.Reader.WaitToReadAsync().AsTask();
        if (producing is not null)
        {
            try
            {
                await more.WaitAsync(_idle, _time).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                return false;
            }
        }

        return await more.ConfigureAwait(false) ? true : null;
    }

    private List<Publication> Take()
    {
        var (batch, records) = (new List<Publication>(), 0);
        while (_waiting.Reader.TryPeek(out var next) && (records == 0 || records + next.Records.Count <= BatchRecords))
        {
            _waiting.Reader.TryRead(out _);
            batch.Add(next);
            records += next.Records.Count;
        }

        return batch;
    }

    private async Task<Producing> OpenAsync()
    {
        try
        {
            await EnsureAsync(CancellationToken.None).ConfigureAwait(false);
            var next = await _topic.ResumeSequenceAsync(_spec.Name, ProducerId, CancellationToken.None).ConfigureAwait(false);
            return new Producing(_topic.ProducerFlow(_spec.Name, ProducerId), next, _materializer, failure =>
            {
                _ensured = false; // somebody may have removed it
                _log.LogWarning("The producer for {Topic} broke off and is begun anew with the next record: {Error}", _spec.Name, failure.Message);
            });
        }
        catch (Exception e) when (e is not TopicException)
        {
            throw new TopicException($"the producer for {_spec.Name} cannot be opened", e);
        }
    }

    /// <summary>One caller's records.</summary>
    private sealed class Publication(IReadOnlyList<OtpRecord> records)
    {
        public IReadOnlyList<OtpRecord> Records => records;

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>
    /// One materialization of the producer flow. Acknowledgements come one a batch and in order; when the stream ends,
    /// whatever was sent and not acknowledged may be in the topic or not.
    /// </summary>
    private sealed class Producing
    {
        private readonly Lock _lock = new();
        private readonly Queue<List<Publication>> _sent = new();
        private readonly ISourceQueueWithComplete<IReadOnlyList<ProducerRecord>> _queue;
        private readonly Task _stream;
        private readonly Action<Exception> _broke;
        private long _next;
        private bool _over;

        public Producing(
            Flow<IReadOnlyList<ProducerRecord>, ProducerAck, Akka.NotUsed> flow, long next, IMaterializer materializer, Action<Exception> broke)
        {
            (_next, _broke) = (next, broke);
            (_queue, _stream) = Source.Queue<IReadOnlyList<ProducerRecord>>(1, OverflowStrategy.Backpressure)
                .Via(flow)
                .ToMaterialized(StreamSink.ForEach<ProducerAck>(_ => Acknowledge()), Keep.Both)
                .Run(materializer);
            _ = WatchAsync();
        }

        public bool IsOver
        {
            get
            {
                lock (_lock)
                {
                    return _over;
                }
            }
        }

        /// <summary>Completes when the stream has taken the batch, or has ended. Called by the loop alone: one offer at a time.</summary>
        public async Task SendAsync(List<Publication> batch, DateTimeOffset now)
        {
            var records = Batch(batch.SelectMany(publication => publication.Records), _next, now);
            _next += records.Length;
            lock (_lock)
            {
                _sent.Enqueue(batch);
            }

            if (IsOver)
            {
                End(null); // it ended before this batch was among those that it failed
                return;
            }

            var offer = _queue.OfferAsync(records);
            await Task.WhenAny(offer, _stream).ConfigureAwait(false);
            if (!offer.IsCompletedSuccessfully || await offer.ConfigureAwait(false) is not QueueOfferResult.Enqueued)
            {
                _ = offer.Exception; // seen: the stream's own failure says more
                await _stream.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                End(_stream.Exception?.InnerException);
            }
        }

        public async Task CloseAsync()
        {
            _queue.Complete();
            await _stream.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            End(_stream.Exception?.InnerException);
        }

        private async Task WatchAsync()
        {
            await _stream.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            End(_stream.Exception?.InnerException);
        }

        private void Acknowledge()
        {
            List<Publication> batch;
            lock (_lock)
            {
                batch = _sent.Dequeue();
            }

            batch.ForEach(publication => publication.Done.SetResult());
        }

        private void End(Exception? cause)
        {
            List<Publication> left;
            bool first;
            lock (_lock)
            {
                (first, _over) = (!_over, true);
                left = [.. _sent.SelectMany(batch => batch)];
                _sent.Clear();
            }

            if (first && cause is not null)
            {
                _broke(cause);
            }

            left.ForEach(publication => publication.Done.SetException(
                new PublishUnknownException(cause ?? new TopicException("the producer was closed"))));
        }
    }
}
