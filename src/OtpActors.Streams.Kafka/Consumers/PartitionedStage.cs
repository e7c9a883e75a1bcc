using Akka;
using Akka.Streams;
using Akka.Streams.Dsl;
using Akka.Streams.Stage;
using Confluent.Kafka;

namespace OtpActors.Streams.Kafka.Consumers;

/// <summary>A stream of streams, one for each partition and epoch.</summary>
internal sealed class PartitionedStage<TKey, TValue>(ConsumerSettings<TKey, TValue> settings, IReadOnlyList<string> topics)
    : GraphStageWithMaterializedValue<SourceShape<(TopicPartition, Source<KafkaBatch<TKey, TValue>, NotUsed>)>, IControl>
{
    private readonly Outlet<(TopicPartition, Source<KafkaBatch<TKey, TValue>, NotUsed>)> _out = new("Kafka.partitions");

    public override SourceShape<(TopicPartition, Source<KafkaBatch<TKey, TValue>, NotUsed>)> Shape => new(_out);

    public override ILogicAndMaterializedValue<IControl> CreateLogicAndMaterializedValue(Attributes attributes)
    {
        var control = new ControlCore();
        return new LogicAndMaterializedValue<IControl>(new Logic(this, settings, topics, control), control);
    }

    private sealed class Logic : OutGraphStageLogic, IPollObserver<TKey, TValue>
    {
        private readonly PartitionedStage<TKey, TValue> _stage;
        private readonly Func<Logic, PollLoop<TKey, TValue>> _loopOf;
        private readonly Queue<PartitionSlot<TKey, TValue>> _fresh = new();
        private PollLoop<TKey, TValue>? _loop;
        private Action<Action> _onStage = null!;
        private bool _stopping;

        /// <summary>This stage and the partitions' streams that run: the last to end lets the loop finish.</summary>
        private int _running = 1;
        private volatile bool _failed;

        public Logic(
            PartitionedStage<TKey, TValue> stage, ConsumerSettings<TKey, TValue> settings, IReadOnlyList<string> topics,
            ControlCore control) : base(stage.Shape)
        {
            _stage = stage;
            _loopOf = self => new PollLoop<TKey, TValue>(settings, topics, partitioned: true, self, control, self.Log);
            SetHandler(stage._out, this);
        }

        public override void PreStart()
        {
            _onStage = GetAsyncCallback<Action>(action => action());
            _loop = _loopOf(this);
            _loop.Start();
        }

        public override void OnPull() => Serve();

        public override void PostStop()
        {
            _loop?.Stop();
            Left();
        }

        public void Assigned(IReadOnlyList<PartitionSlot<TKey, TValue>> slots) => _onStage(() =>
        {
            foreach (var slot in slots)
            {
                _fresh.Enqueue(slot);
            }

            Serve();
        });

        public void Queued(PartitionSlot<TKey, TValue> slot) => slot.Wake?.Invoke();

        public void Stopping() => _onStage(() =>
        {
            _stopping = true;
            Serve();
        });

        public void Ended(Exception? failure)
        {
            _failed = failure is not null;
            _onStage(() =>
            {
                if (failure is not null)
                {
                    FailStage(failure);
                }
                else
                {
                    CompleteStage();
                }
            });
        }

        private void Serve()
        {
            while (IsAvailable(_stage._out) && _fresh.TryDequeue(out var slot))
            {
                if (!slot.IsClosed)
                {
                    Push(_stage._out, (slot.Partition, Source.FromGraph(new SlotStage<TKey, TValue>(slot, Joined, Left))));
                }
            }

            if (_stopping && _fresh.Count == 0)
            {
                CompleteStage();
            }
        }

        private void Joined() => Interlocked.Increment(ref _running);

        private void Left()
        {
            if (Interlocked.Decrement(ref _running) == 0)
            {
                _loop?.Finish(abandoned: _failed);
            }
        }
    }
}

/// <summary>One partition's batches. To be run once: a second run would share them out.</summary>
internal sealed class SlotStage<TKey, TValue>(PartitionSlot<TKey, TValue> slot, Action joined, Action left)
    : GraphStage<SourceShape<KafkaBatch<TKey, TValue>>>
{
    private readonly Outlet<KafkaBatch<TKey, TValue>> _out = new("Kafka.partition");

    public override SourceShape<KafkaBatch<TKey, TValue>> Shape => new(_out);

    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this, slot, joined, left);

    private sealed class Logic : OutGraphStageLogic
    {
        private readonly SlotStage<TKey, TValue> _stage;
        private readonly PartitionSlot<TKey, TValue> _slot;
        private readonly Action _joined;
        private readonly Action _left;

        public Logic(SlotStage<TKey, TValue> stage, PartitionSlot<TKey, TValue> slot, Action joined, Action left)
            : base(stage.Shape)
        {
            (_stage, _slot, _joined, _left) = (stage, slot, joined, left);
            SetHandler(stage._out, this);
        }

        public override void PreStart()
        {
            _joined();
            _slot.Wake = GetAsyncCallback(Serve);
            Serve();
        }

        public override void OnPull() => Serve();

        public override void PostStop()
        {
            _slot.Wake = null;
            _left();
        }

        private void Serve()
        {
            if (IsAvailable(_stage._out) && _slot.TryTake(out var batch))
            {
                Push(_stage._out, batch);
            }
            else if (_slot.IsComplete)
            {
                if (_slot.Failure is { } failure)
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
}
