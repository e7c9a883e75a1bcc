using System.Collections.Concurrent;
using System.Diagnostics;
using Akka.Event;
using Confluent.Kafka;
using Error = Confluent.Kafka.Error;

namespace OtpActors.Streams.Kafka.Consumers;

/// <summary>Told by the poll thread, on that thread: return at once.</summary>
internal interface IPollObserver<TKey, TValue>
{
    void Assigned(IReadOnlyList<PartitionSlot<TKey, TValue>> slots);

    /// <summary>A batch was put into this slot.</summary>
    void Queued(PartitionSlot<TKey, TValue> slot);

    /// <summary>Nothing more will be put into any slot; what is there may still be taken.</summary>
    void Stopping();

    void Ended(Exception? failure);
}

/// <summary>
/// The one thread that touches an <see cref="IConsumer{TKey,TValue}"/>, from its making to its end. Others talk to it by
/// <see cref="Stop"/>, <see cref="Finish"/> and commits, and take batches out of slots.
/// <code>
/// commands → balance gates → Consume → after a rebalance: starting offsets → into the slot's open batch
/// </code>
/// Handlers of the client run inside Consume and Close, on this thread. They never throw: the client would lose the
/// record it was about to hand out.
/// </summary>
internal sealed partial class PollLoop<TKey, TValue>
{
    /// <summary>Between two looks at everything else.</summary>
    private const int RecordsATurn = 100;

    private static readonly TimeSpan OpenBatchWait = TimeSpan.FromMilliseconds(2);

    private readonly ConsumerSettings<TKey, TValue> _settings;
    private readonly IReadOnlyList<string> _topics;
    private readonly IPollObserver<TKey, TValue> _observer;
    private readonly Func<Gate> _gateOf;
    private readonly ILoggingAdapter _log;
    private readonly Decoder<TKey> _keys;
    private readonly Decoder<TValue> _values;
    private readonly ConcurrentQueue<Commit> _commits = new();
    private readonly AutoResetEvent _signal = new(false);
    private readonly Dictionary<TopicPartition, Owned> _owned = [];
    private readonly ConsumerCounters _counters = new();
    private readonly string _group;

    private IConsumer<Decoded<TKey>, Decoded<TValue>> _consumer = null!;
    private Owned? _last;
    private KafkaStreamException? _fatal;
    private bool _stopping;
    private bool _abandoned;
    private long _stopDeadline = long.MaxValue;
    private int _open;
    private volatile bool _attention;
    private volatile bool _stopAsked;
    private volatile bool _finished;
    private volatile bool _ended;

    /// <param name="partitioned">A gate for each partition, not one for all.</param>
    public PollLoop(
        ConsumerSettings<TKey, TValue> settings, IReadOnlyList<string> topics, bool partitioned,
        IPollObserver<TKey, TValue> observer, ControlCore control, ILoggingAdapter log)
    {
        _settings = settings;
        _topics = topics;
        _observer = observer;
        _log = log;
        _group = settings.Properties.GetValueOrDefault("group.id", "");
        _keys = new Decoder<TKey>(settings.KeyDeserializer);
        _values = new Decoder<TValue>(settings.ValueDeserializer);
        var shared = new Gate(Wake);
        _gateOf = partitioned ? () => new Gate(Wake) : () => shared;
        _control = control;
        control.Attach(Stop, _counters);
    }

    /// <summary>A thread of its own, since it blocks in Consume; a background one, so that no process waits for it.</summary>
    public void Start() => new Thread(Run) { IsBackground = true, Name = $"kafka-consumer {_group}" }.Start();

    /// <summary>Fetches no more; the stream may take what is queued, then says <see cref="Finish"/>. Any thread.</summary>
    public void Stop()
    {
        _stopAsked = true;
        Wake();
    }

    /// <summary>
    /// The stream takes nothing more. What it has is waited for, as long as the settings allow, then the group is left.
    /// </summary>
    /// <param name="abandoned">Nothing will be finished: do not wait.</param>
    public void Finish(bool abandoned)
    {
        _abandoned |= abandoned;
        _finished = true;
        Stop();
    }

    private void Wake()
    {
        _attention = true;
        _signal.Set();
    }

    private void Run()
    {
        Exception? failure = null;
        try
        {
            _consumer = Build();
            VerifyTopics();
            _consumer.Subscribe(_topics);
            while (!IsOver())
            {
                Turn();
            }
        }
        catch (KafkaException e)
        {
            failure = KafkaStreamException.Of($"consuming as {_group}", e.Error, e);
        }
        catch (Exception e)
        {
            failure = e;
        }

        _abandoned |= failure is not null;
        Close(failure);
        if (failure is not null)
        {
            _control.Fail(failure);
        }

        _observer.Ended(failure);
        _control.End();
    }

    private void Turn()
    {
        RunCommits();
        if (_fatal is not null)
        {
            throw _fatal;
        }

        if (_attention || _fullGates > 0)
        {
            Balance();
        }

        Watch();
        if (_holding)
        {
            _signal.WaitOne(_settings.PollInterval);
            return;
        }

        var wait = _allPaused || !_idle ? TimeSpan.Zero : _open > 0 ? OpenBatchWait : _settings.PollInterval;
        for (var taken = 0; taken < RecordsATurn && Take(wait); taken++)
        {
            wait = TimeSpan.Zero;
        }

        if (_idle && _open > 0)
        {
            CloseBatchesWanted();
        }

        if (_idle && _allPaused)
        {
            _signal.WaitOne(_settings.PollInterval);
        }
    }

    /// <returns>Whether it is well to go on at once with the next record.</returns>
    private bool Take(TimeSpan wait)
    {
        ConsumeResult<Decoded<TKey>, Decoded<TValue>>? result = null;
        try
        {
            result = _consumer.Consume(wait);
        }
        catch (ConsumeException e)
        {
            Report(e);
        }

        if (_arrived.Count > 0)
        {
            TakeUpAssigned();
        }

        _idle = result is null;
        if (result is not null)
        {
            Accept(result);
        }

        _sought.Clear();

        return !_idle && !_attention && _fatal is null;
    }

    private bool IsOver()
    {
        if (!_stopAsked)
        {
            return false;
        }

        if (!_stopping)
        {
            _stopping = true;
            _attention = true;
            foreach (var owned in _owned.Values)
            {
                DropOpen(owned);
                owned.Slot.NoMore();
            }

            _observer.Stopping();
        }

        if (!_finished)
        {
            return false;
        }

        if (_stopDeadline == long.MaxValue)
        {
            _stopDeadline = After(_settings.StopTimeout);
        }

        return _abandoned || Stopwatch.GetTimestamp() >= _stopDeadline
            || (_owned.Values.All(owned => owned.Slot.AllDone) && _commits.IsEmpty && AllCommitted());
    }

    private IConsumer<Decoded<TKey>, Decoded<TValue>> Build()
    {
        try
        {
            return new ConsumerBuilder<Decoded<TKey>, Decoded<TValue>>(_settings.ClientProperties(_topics.Count == 1))
                .SetKeyDeserializer(_keys)
                .SetValueDeserializer(_values)
                .SetErrorHandler((_, error) => Guard(() => Report(error)))
                .SetLogHandler((_, message) => ClientLog.Write(_log, message))
                .SetStatisticsHandler((_, json) => _counters.ClientJson = json)
                .SetOffsetsCommittedHandler((_, offsets) => Guard(() => Confirm(offsets)))
                .SetPartitionsAssignedHandler((_, partitions) => Guard(() => Assign(partitions)))
                .SetPartitionsRevokedHandler((_, partitions) => Guard(() => Revoke(partitions)))
                .SetPartitionsLostHandler((_, partitions) => Guard(() => Lose(partitions)))
                .Build();
        }
        catch (Exception e) when (KafkaStreamException.IsRefusal(e))
        {
            throw KafkaStreamException.Refusal(e);
        }
    }

    private void VerifyTopics()
    {
        if (!_settings.VerifyTopics)
        {
            return;
        }

        var known = Metadata().Topics.Select(topic => topic.Topic).ToHashSet();
        if (_topics.FirstOrDefault(topic => !known.Contains(topic) && !topic.StartsWith('^')) is { } missing)
        {
            throw new KafkaStreamException(KafkaFailure.UnknownTopic, $"there is no topic {missing}: create it first");
        }
    }

    /// <summary>Of all topics, since older brokers would create one that is asked for by name.</summary>
    private Metadata Metadata()
    {
        using var admin = new DependentAdminClientBuilder(_consumer.Handle).Build();
        try
        {
            return KafkaAdmin.Checked(admin.GetMetadata(_settings.OperationTimeout));
        }
        catch (KafkaException e) when (!KafkaStreamException.Ends(e.Error))
        {
            _consumer.Consume(TimeSpan.Zero); // why no broker has answered is told to the handler of errors alone
            if (_fatal is not null)
            {
                throw _fatal;
            }

            throw;
        }
    }

    /// <summary>Whatever a handler does must not reach the client.</summary>
    private void Guard(Action handler)
    {
        try
        {
            handler();
        }
        catch (Exception e)
        {
            _fatal ??= new KafkaStreamException(KafkaFailure.Fatal, $"a handler of the consumer {_group} failed: {e.Message}", e);
        }
    }

    private void Report(Error error)
    {
        _counters.Errors++;
        if (KafkaStreamException.Ends(error))
        {
            _fatal ??= KafkaStreamException.Of($"consuming as {_group}", error); // later calls would look healthy again
        }
        else
        {
            _log.Debug("Kafka consumer {Group}: {Error}", _group, error);
        }
    }

    private void Report(ConsumeException e)
    {
        Report(e.Error);
        _log.Warning("Kafka consumer {Group} goes on after: {Error}", _group, e.Error);
        _signal.WaitOne(_settings.PollInterval); // an error that repeats must not become a busy loop
    }

    /// <summary>Never throws, and leaves nobody waiting.</summary>
    private void Close(Exception? failure)
    {
        _control.CloseWithin(_settings.CloseTimeout);
        try
        {
            _consumer?.Close(); // takes the partitions away through the revoked handler: last commits
        }
        catch (Exception e)
        {
            _log.Warning("Kafka consumer {Group} was closed in disorder: {Error}", _group, e.Message);
        }

        try
        {
            _consumer?.Dispose();
        }
        catch (Exception e)
        {
            _log.Warning("Kafka consumer {Group} was disposed in disorder: {Error}", _group, e.Message);
        }

        foreach (var owned in _owned.Values.ToList())
        {
            Release(owned, CommitOutcome.Closed, failure);
        }

        _owned.Clear();
        _ended = true;
        RefuseCommits();
    }

    private static long After(TimeSpan time) => Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);

    /// <summary>A slot and what the poll thread alone keeps of it.</summary>
    private sealed class Owned(PartitionSlot<TKey, TValue> slot)
    {
        public PartitionSlot<TKey, TValue> Slot { get; } = slot;

        public List<KafkaRecord<TKey, TValue>>? Open { get; set; }

        public long OpenBytes { get; set; }

        public int? LeaderEpoch { get; set; }

        public int Capacity { get; set; } = 16;

        public long Sequence { get; set; }

        /// <summary>The first offset of this epoch, and the one that comes next; null until known.</summary>
        public long? First { get; set; }

        public long? Expected { get; set; }

        /// <summary>The client repeats what it has given: dropped up to what is expected.</summary>
        public bool Repeating { get; set; }

        public long Committed { get; set; } = -1;

        public List<Commit> Waiting { get; } = [];

        public long IdleSince { get; set; } = Stopwatch.GetTimestamp();

        /// <summary>Where another client has found a record that did not come here.</summary>
        public long? SuspectAt { get; set; }

        /// <summary>The end of the partition at which a look from outside has found nothing to read.</summary>
        public long VerifiedEnd { get; set; } = -1;
    }
}
