using System.Diagnostics.CodeAnalysis;
using Confluent.Kafka;

namespace OtpActors.Streams.Kafka.Consumers;

/// <summary>
/// One partition for as long as this consumer owns it. The poll thread fills and closes it, a stream takes batches out
/// of it; both meet under its lock, so that a batch is either handed out or dropped, never both.
/// </summary>
internal sealed class PartitionSlot<TKey, TValue>(TopicPartition partition, int epoch, Gate gate)
{
    private readonly Lock _lock = new();
    private readonly Queue<KafkaBatch<TKey, TValue>> _queued = new();
    private readonly Queue<Handed> _handed = new();
    private (long From, long To, int? LeaderEpoch)? _hole;
    private bool _closed;
    private bool _noMore;
    private Action? _wake;

    public TopicPartition Partition { get; } = partition;

    public int Epoch { get; } = epoch;

    public Gate Gate { get; } = gate;

    /// <summary>Everything up to here is done; null before the first. Under the lock, written on the poll thread.</summary>
    public TopicPartitionOffset? Watermark { get; private set; }

    /// <summary>How late commits end. Written before the slot is closed.</summary>
    public CommitOutcome Outcome { get; set; } = CommitOutcome.Revoked;

    /// <summary>Why the partition's own stream fails; null if it just ends. Written before the slot is closed.</summary>
    public Exception? Failure { get; set; }

    /// <summary>Nothing more comes; what is queued may still be taken.</summary>
    public bool IsComplete
    {
        get
        {
            lock (_lock)
            {
                return _closed || (_noMore && _queued.Count == 0);
            }
        }
    }

    public bool HasQueued
    {
        get
        {
            lock (_lock)
            {
                return _queued.Count > 0;
            }
        }
    }

    /// <summary>Whether every batch that was handed out is done.</summary>
    public bool AllDone
    {
        get
        {
            lock (_lock)
            {
                return _handed.Count == 0;
            }
        }
    }

    public bool IsClosed
    {
        get
        {
            lock (_lock)
            {
                return _closed;
            }
        }
    }

    /// <summary>Set by the partition's own stream, where it has one; called when there may be something to take.</summary>
    public Action? Wake
    {
        get => Volatile.Read(ref _wake);
        set => Volatile.Write(ref _wake, value);
    }

    public void Enqueue(KafkaBatch<TKey, TValue> batch)
    {
        lock (_lock)
        {
            _queued.Enqueue(batch);
        }

        Gate.Added();
    }

    /// <summary>Any thread; nothing once the partition is taken away.</summary>
    public bool TryTake([NotNullWhen(true)] out KafkaBatch<TKey, TValue>? batch)
    {
        lock (_lock)
        {
            if (!_queued.TryDequeue(out batch))
            {
                return false;
            }

            _handed.Enqueue(new Handed(batch.Sequence, batch.NextOffset, batch.LeaderEpoch));
        }

        Gate.Removed(1);
        return true;
    }

    /// <summary>Marks a batch, or it and all before, as done, and moves the watermark over what is done without a hole.</summary>
    public void MarkDone(long sequence, bool through)
    {
        lock (_lock)
        {
            foreach (var handed in _handed)
            {
                if (handed.Sequence > sequence)
                {
                    break;
                }

                handed.Done |= through || handed.Sequence == sequence;
            }

            while (_handed.TryPeek(out var first) && first.Done)
            {
                _handed.Dequeue();
                Watermark = new TopicPartitionOffset(Partition, first.NextOffset, first.LeaderEpoch);
            }

            if (_hole is { } hole && Watermark?.Offset.Value == hole.From)
            {
                Cross(hole);
            }
        }
    }

    /// <summary>Says that there is nothing between two offsets; the batch that ends at the first has been put in.</summary>
    /// <returns>Whether the watermark has moved over it already.</returns>
    public bool Skip(long from, long to, int? leaderEpoch)
    {
        lock (_lock)
        {
            if (_queued.Count > 0 || _handed.Count > 0)
            {
                _hole = (from, to, leaderEpoch); // an older one that still waits is crossed with what comes after it
                return false;
            }

            Cross((from, to, leaderEpoch));
            return true;
        }
    }

    private void Cross((long From, long To, int? LeaderEpoch) hole)
    {
        Watermark = new TopicPartitionOffset(Partition, hole.To, hole.LeaderEpoch);
        _hole = null;
    }

    public void NoMore()
    {
        lock (_lock)
        {
            _noMore = true;
        }

        Wake?.Invoke();
    }

    /// <summary>Hands out nothing any more; what is queued is dropped.</summary>
    public void Close()
    {
        int dropped;
        lock (_lock)
        {
            if (_closed)
            {
                return;
            }

            _closed = true;
            dropped = _queued.Count;
            _queued.Clear();
        }

        Gate.Removed(dropped);
        Wake?.Invoke();
    }

    /// <summary>Not the batch: its records are the stream's, and may be gone.</summary>
    private sealed class Handed(long sequence, long nextOffset, int? leaderEpoch)
    {
        public long Sequence { get; } = sequence;

        public long NextOffset { get; } = nextOffset;

        public int? LeaderEpoch { get; } = leaderEpoch;

        public bool Done { get; set; }
    }
}

/// <summary>
/// Counts the batches that wait for one stream, and holds its partitions back together: one gate for all partitions of
/// a merged source, one for each of a partitioned one. Batches come and go on any thread, the rest is the poll thread's.
/// </summary>
internal sealed class Gate(Action changed)
{
    private int _queued;

    public int Queued => Volatile.Read(ref _queued);

    public bool Paused { get; set; }

    /// <summary>When it became full, in <see cref="System.Diagnostics.Stopwatch"/> ticks; null while it is not.</summary>
    public long? FullSince { get; set; }

    public void Added() => Interlocked.Increment(ref _queued);

    public void Removed(int count)
    {
        if (count > 0)
        {
            Interlocked.Add(ref _queued, -count);
            changed();
        }
    }
}
