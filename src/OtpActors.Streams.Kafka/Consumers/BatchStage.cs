using System.Collections.Concurrent;
using Akka.Streams;
using Akka.Streams.Stage;

namespace OtpActors.Streams.Kafka.Consumers;

/// <summary>All partitions in one stream, in the order their batches were closed.</summary>
internal sealed class BatchStage<TKey, TValue>(ConsumerSettings<TKey, TValue> settings, IReadOnlyList<string> topics)
    : GraphStageWithMaterializedValue<SourceShape<KafkaBatch<TKey, TValue>>, IControl>
{
    private readonly Outlet<KafkaBatch<TKey, TValue>> _out = new("Kafka.batches");

    public override SourceShape<KafkaBatch<TKey, TValue>> Shape => new(_out);

    public override ILogicAndMaterializedValue<IControl> CreateLogicAndMaterializedValue(Attributes attributes)
    {
        var control = new ControlCore();
        return new LogicAndMaterializedValue<IControl>(new Logic(this, settings, topics, control), control);
    }

    private sealed class Logic : OutGraphStageLogic, IPollObserver<TKey, TValue>
    {
        private readonly BatchStage<TKey, TValue> _stage;
        private readonly Func<Logic, PollLoop<TKey, TValue>> _loopOf;

        /// <summary>A slot for each batch put into one; those that were taken away since are passed over.</summary>
        private readonly ConcurrentQueue<PartitionSlot<TKey, TValue>> _ready = new();
        private PollLoop<TKey, TValue>? _loop;
        private Action _wake = null!;
        private int _waiting;
        private bool _failed;
        private volatile bool _stopping;

        public Logic(
            BatchStage<TKey, TValue> stage, ConsumerSettings<TKey, TValue> settings, IReadOnlyList<string> topics,
            ControlCore control) : base(stage.Shape)
        {
            _stage = stage;
            _loopOf = self => new PollLoop<TKey, TValue>(settings, topics, partitioned: false, self, control, self.Log);
            SetHandler(stage._out, this);
        }

        public override void PreStart()
        {
            _wake = GetAsyncCallback(Serve);
            _onEnded = GetAsyncCallback<Exception?>(End);
            _loop = _loopOf(this);
            _loop.Start();
        }

        public override void OnPull() => Serve();

        public override void PostStop() => _loop?.Finish(abandoned: _failed);

        public void Assigned(IReadOnlyList<PartitionSlot<TKey, TValue>> slots)
        {
        }

        public void Queued(PartitionSlot<TKey, TValue> slot)
        {
            _ready.Enqueue(slot);
            if (Interlocked.Exchange(ref _waiting, 0) == 1)
            {
                _wake();
            }
        }

        public void Stopping()
        {
            _stopping = true;
            _wake();
        }

        public void Ended(Exception? failure) => _onEnded(failure);

        private Action<Exception?> _onEnded = null!;

        private void Serve()
        {
            while (IsAvailable(_stage._out))
            {
                if (!_ready.TryDequeue(out var slot))
                {
                    Volatile.Write(ref _waiting, 1);
                    if (_ready.IsEmpty || Interlocked.Exchange(ref _waiting, 0) == 0)
                    {
                        break;
                    }
                }
                else if (slot.TryTake(out var batch))
                {
                    Push(_stage._out, batch);
                }
            }

            if (_stopping && _ready.IsEmpty)
            {
                CompleteStage();
            }
        }

        private void End(Exception? failure)
        {
            _failed = failure is not null;
            if (failure is not null)
            {
                FailStage(failure);
            }
            else
            {
                CompleteStage();
            }
        }
    }
}
