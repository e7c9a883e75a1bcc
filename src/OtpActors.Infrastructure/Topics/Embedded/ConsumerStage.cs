using Akka.Streams;
using Akka.Streams.Stage;

namespace OtpActors.Infrastructure.Topics.Embedded;

/// <summary>
/// The source of a group's batches. Reads ahead of the demand by <see cref="Prefetch"/> batches, one read at a time,
/// and sleeps on the log's signal where there is nothing to read.
/// </summary>
internal sealed class ConsumerStage : GraphStageWithMaterializedValue<SourceShape<PartitionBatch>, IConsumerControl>
{
    private const int Prefetch = 2;

    private readonly EmbeddedTopic _log;
    private readonly string _topic;
    private readonly string _group;
    private readonly Outlet<PartitionBatch> _out = new("EmbeddedTopic.out");

    public ConsumerStage(EmbeddedTopic log, string topic, string group)
    {
        _log = log;
        _topic = topic;
        _group = group;
    }

    public override SourceShape<PartitionBatch> Shape => new(_out);

    public override ILogicAndMaterializedValue<IConsumerControl> CreateLogicAndMaterializedValue(Attributes attributes)
    {
        var control = new Control();
        return new LogicAndMaterializedValue<IConsumerControl>(new Logic(this, control), control);
    }

    /// <summary>Tasks only: it can be called from any thread, before the stage runs and after its end.</summary>
    private sealed class Control : IConsumerControl
    {
        private readonly TaskCompletionSource<bool> _draining = New<bool>();
        private readonly TaskCompletionSource<OffsetMap> _assigned = New<OffsetMap>();
        private readonly TaskCompletionSource<bool> _stopped = New<bool>();

        public Task<OffsetMap> Assigned => _assigned.Task;

        public Task Stopped => _stopped.Task;

        public Task<bool> Draining => _draining.Task;

        public void Drain() => _draining.TrySetResult(true);

        public void Assign(OffsetMap start) => _assigned.TrySetResult(start);

        public void End(Exception unassigned)
        {
            // Nobody has to look at Assigned; without reading it here its failure would count as unobserved.
            if (_assigned.TrySetException(unassigned))
            {
                _ = _assigned.Task.Exception;
            }

            _stopped.TrySetResult(true);
        }

        private static TaskCompletionSource<T> New<T>() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class Logic : OutGraphStageLogic
    {
        private readonly ConsumerStage _stage;
        private readonly Control _control;
        private readonly Queue<PartitionBatch> _fetched = new();
        private Action<Action> _onStage = null!;
        private GroupMember? _member;
        private Task _reading = Task.CompletedTask;
        private Exception? _failure;
        private bool _fetching;
        private volatile bool _stopped;

        public Logic(ConsumerStage stage, Control control) : base(stage.Shape)
        {
            _stage = stage;
            _control = control;
            SetHandler(stage._out, this);
        }

        public override void PreStart()
        {
            _onStage = GetAsyncCallback<Action>(action => action());
            _ = ThenAsync(_control.Draining, _ => Advance());
            _reading = ThenAsync(_stage._log.JoinAsync(_stage._topic, _stage._group), Joined);
        }

        public override void OnPull()
        {
            if (_fetched.TryDequeue(out var batch))
            {
                Push(_stage._out, batch);
            }

            Advance();
        }

        public override void PostStop()
        {
            _stopped = true;
            _control.Drain();
            _fetched.Clear();
            _ = StopAsync();
        }

        private void Joined(GroupMember member)
        {
            _member = member;
            _ = ThenAsync(member.WhenFenced, _ => Fail(GroupMember.Fenced(_stage._topic, _stage._group)));
            _control.Assign(member.Start);
            Advance();
        }

        private void Fetched(PartitionBatch? batch)
        {
            _fetching = false;
            if (batch is not null)
            {
                _fetched.Enqueue(batch);
                if (IsAvailable(_stage._out))
                {
                    Push(_stage._out, _fetched.Dequeue());
                }
            }

            Advance();
        }

        private void Advance()
        {
            if (_member is null || _fetching)
            {
                return;
            }

            if (_control.Draining.IsCompleted)
            {
                if (_fetched.Count == 0)
                {
                    CompleteStage();
                }
            }
            else if (_fetched.Count < Prefetch)
            {
                _fetching = true;
                _reading = ThenAsync(_member.FetchAsync(_control.Draining), Fetched);
            }
        }

        /// <summary>Takes the task's result to the stage's own thread; its failure is the stage's.</summary>
        private async Task ThenAsync<T>(Task<T> task, Action<T> then)
        {
            Action action;
            try
            {
                var result = await task.ConfigureAwait(false);
                action = () => then(result);
            }
            catch (Exception failure)
            {
                action = () => Fail(failure);
            }

            if (!_stopped)
            {
                _onStage(action);
            }
        }

        private void Fail(Exception failure)
        {
            _failure = failure;
            FailStage(failure);
        }

        private async Task StopAsync()
        {
            await _reading.ConfigureAwait(false);
            _control.End(_failure
                ?? new TopicException($"the consumer of {_stage._topic} ended before it had its partitions"));
        }
    }
}
