using Akka.Streams;
using Akka.Streams.Stage;
using Confluent.Kafka;

namespace OtpActors.Streams.Kafka.Producers;

/// <summary>
/// Hands batches to the client, record by record, and waits for the acknowledgement of each. Where the client's queue is
/// full the batch is kept and goes on from the same record.
/// </summary>
internal sealed class ProducerStage<TKey, TValue, TPass>(
    ProducerSettings<TKey, TValue> settings, Func<IProducer<TKey, TValue>>? shared)
    : GraphStage<FlowShape<MultiMessage<TKey, TValue, TPass>, MultiResult<TPass>>>
{
    private readonly Inlet<MultiMessage<TKey, TValue, TPass>> _in = new("Kafka.in");
    private readonly Outlet<MultiResult<TPass>> _out = new("Kafka.acknowledged");

    public override FlowShape<MultiMessage<TKey, TValue, TPass>, MultiResult<TPass>> Shape => new(_in, _out);

    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this, settings, shared);

    private sealed class Logic : TimerGraphStageLogic, IInHandler, IOutHandler
    {
        private readonly ProducerStage<TKey, TValue, TPass> _stage;
        private readonly ProducerSettings<TKey, TValue> _settings;
        private readonly Func<IProducer<TKey, TValue>>? _shared;
        private readonly Queue<Batch> _underWay = new();
        private IProducer<TKey, TValue> _producer = null!;
        private Action<Batch> _onAnswered = null!;
        private Batch? _sending;

        public Logic(
            ProducerStage<TKey, TValue, TPass> stage, ProducerSettings<TKey, TValue> settings,
            Func<IProducer<TKey, TValue>>? shared) : base(stage.Shape)
        {
            (_stage, _settings, _shared) = (stage, settings, shared);
            SetHandler(stage._in, this);
            SetHandler(stage._out, this);
        }

        public override void PreStart()
        {
            _onAnswered = GetAsyncCallback<Batch>(_ => Advance());
            _producer = _shared?.Invoke() ?? KafkaProducer.Create(_settings, message => ClientLog.Write(Log, message));
            Pull(_stage._in);
        }

        public void OnPush()
        {
            _sending = new Batch(Grab(_stage._in), _onAnswered);
            _underWay.Enqueue(_sending);
            Send();
        }

        public void OnPull() => Advance();

        public void OnUpstreamFinish() => Advance();

        public void OnUpstreamFailure(Exception e) => FailStage(e);

        public void OnDownstreamFinish(Exception cause) => CancelStage(cause);

        // What was handed over is sent nevertheless; a producer of the stage's own waits for it.
        public override void PostStop()
        {
            if (_shared is null && _producer is not null)
            {
                _ = KafkaProducer.CloseAsync(_producer, _settings);
            }
        }

        protected override void OnTimer(object timerKey) => Send();

        private void Send()
        {
            var batch = _sending!;
            try
            {
                for (; batch.Sent < batch.Records.Count; batch.Sent++)
                {
                    var (to, message) = batch.Records[batch.Sent];
                    _producer.Produce(to, message, batch.Handler);
                }
            }
            catch (ProduceException<TKey, TValue> e) when (e.Error.Code == ErrorCode.Local_QueueFull)
            {
                ScheduleOnce(nameof(Send), _settings.QueueFullRetry);
                return;
            }
            catch (KafkaException e)
            {
                Fail(e.Error, e);
                return;
            }

            _sending = null;
            batch.Sealed();
            Advance();
        }

        private void Fail(Error error, Exception? cause) =>
            FailStage(KafkaStreamException.Of("producing", KafkaProducer.FatalOf(_producer) ?? error, cause));

        private void Advance()
        {
            while (_underWay.TryPeek(out var first) && first.IsAnswered)
            {
                if (first.Error is { } error)
                {
                    Fail(error, null);
                    return;
                }

                if (!IsAvailable(_stage._out))
                {
                    break;
                }

                _underWay.Dequeue();
                Push(_stage._out, first.Result());
            }

            if (IsClosed(_stage._in))
            {
                if (_underWay.Count == 0)
                {
                    CompleteStage();
                }
            }
            else if (_sending is null && _underWay.Count < _settings.Parallelism && !HasBeenPulled(_stage._in))
            {
                Pull(_stage._in);
            }
        }
    }

    /// <summary>
    /// Counts its acknowledgements, which come one after the other on the client's own thread. The count starts one too
    /// high, so that it cannot reach zero before all are sent.
    /// </summary>
    private sealed class Batch
    {
        private readonly MultiMessage<TKey, TValue, TPass> _message;
        private readonly Action<Batch> _onAnswered;
        private readonly Dictionary<TopicPartition, long> _next = [];
        private TopicPartition? _lastTo;
        private long _lastNext;
        private int _open;

        public Batch(MultiMessage<TKey, TValue, TPass> message, Action<Batch> onAnswered)
        {
            (_message, _onAnswered, _open) = (message, onAnswered, message.Records.Count + 1);
            Handler = Answered;
        }

        public Action<DeliveryReport<TKey, TValue>> Handler { get; }

        public IReadOnlyList<(TopicPartition To, Message<TKey, TValue> Message)> Records => _message.Records;

        public int Sent { get; set; }

        /// <summary>The first; read once the batch is answered.</summary>
        public Error? Error { get; private set; }

        public bool IsAnswered => Volatile.Read(ref _open) == 0;

        public MultiResult<TPass> Result()
        {
            if (_lastTo is not null)
            {
                _next[_lastTo] = _lastNext;
            }

            return new MultiResult<TPass>(_next, _message.PassThrough);
        }

        public void Sealed() => Interlocked.Decrement(ref _open);

        private void Answered(DeliveryReport<TKey, TValue> report)
        {
            if (report.Error.IsError)
            {
                Error ??= report.Error;
            }
            else if (report.Status != PersistenceStatus.Persisted)
            {
                Error ??= new Error(ErrorCode.Local_Fail, "the record was not acknowledged");
            }
            else
            {
                Note(report, report.Offset.Value + 1);
            }

            if (Interlocked.Decrement(ref _open) == 0)
            {
                _onAnswered(this);
            }
        }

        /// <summary>
        /// Reports come partition by partition: the dictionary is asked, and the partition's name made, where one changes.
        /// </summary>
        private void Note(DeliveryReport<TKey, TValue> report, long next)
        {
            if (_lastTo is { } last && last.Partition == report.Partition && last.Topic == report.Topic)
            {
                _lastNext = Math.Max(_lastNext, next);
                return;
            }

            if (_lastTo is not null)
            {
                _next[_lastTo] = _lastNext;
            }

            _lastTo = report.TopicPartition;
            _lastNext = Math.Max(next, _next.GetValueOrDefault(_lastTo));
        }
    }
}
