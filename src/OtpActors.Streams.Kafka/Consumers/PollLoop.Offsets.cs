using System.Diagnostics;
using Akka.Event;
using Confluent.Kafka;

namespace OtpActors.Streams.Kafka.Consumers;

/// <summary>What becomes of offsets that do not follow each other: holes, repetitions, and logs that have become shorter.</summary>
internal sealed partial class PollLoop<TKey, TValue>
{
    private static readonly TimeSpan GapLogInterval = TimeSpan.FromSeconds(10);

    /// <summary>Partitions that were sent back a moment ago: what the client had fetched of them comes again.</summary>
    private readonly HashSet<TopicPartition> _sought = [];
    private long _gapLoggedUntil;

    /// <summary>What to do about the end of a partition, and about an offset that is not the expected one.</summary>
    /// <param name="owned">Another one where the partition is begun anew.</param>
    /// <returns>Whether there is a record to take up.</returns>
    private bool IsWanted(ref Owned owned, ConsumeResult<Decoded<TKey>, Decoded<TValue>> result)
    {
        var offset = result.Offset.Value;
        if (owned.Expected is { } expected && offset != expected)
        {
            if (offset > expected)
            {
                Skip(owned, expected, offset, atEnd: result.IsPartitionEOF);
            }
            else if (owned.Repeating || !IsShorter(owned, expected, offset, result.LeaderEpoch))
            {
                owned.Repeating = true;
                _counters.Duplicates += result.IsPartitionEOF ? 0 : 1;
                return false;
            }
            else
            {
                owned = Rewind(owned, expected, offset);
            }
        }

        return !result.IsPartitionEOF;
    }

    /// <summary>
    /// There is nothing between two offsets: retention, compaction or transaction markers took it. At the end, where no
    /// record follows that would be committed, the hole counts as done once all before it is: a log that ends in one could
    /// not be read to its end otherwise.
    /// </summary>
    private void Skip(Owned owned, long from, long to, bool atEnd)
    {
        _counters.Gaps++;
        _counters.MissingRecords += to - from;
        var now = Stopwatch.GetTimestamp();
        if (now >= _gapLoggedUntil) // every transaction leaves a gap: one line now and then tells enough
        {
            _gapLoggedUntil = After(GapLogInterval);
            _log.Warning(
                "{Partition}: offsets {From} to {To} are not there; retention, compaction or transactions took them",
                owned.Slot.Partition, from, to - 1);
        }

        if (atEnd)
        {
            CloseBatch(owned);
            owned.Expected = to;
            if (owned.Slot.Skip(from, to, owned.LeaderEpoch))
            {
                Store(owned.Slot.Watermark!);
            }
        }
    }

    /// <summary>
    /// An offset that was there before: the client repeats itself, or the log was cut and the client has gone to its
    /// start. What was written since the cut has old offsets and is new, so only the former is safe to drop.
    /// </summary>
    private bool IsShorter(Owned owned, long expected, long offset, int? leaderEpoch)
    {
        if (leaderEpoch > owned.LeaderEpoch)
        {
            return true;
        }

        try
        {
            var log = _consumer.QueryWatermarkOffsets(owned.Slot.Partition, _settings.OperationTimeout);
            return log.High.Value < expected || offset <= log.Low.Value;
        }
        catch (KafkaException)
        {
            return true; // reading twice loses nothing
        }
    }

    /// <summary>
    /// The log is shorter than the group thought: cut by a leader that had less, or made anew. It is read from where the
    /// client went, as a new assignment; what streams have of the old one cannot be committed any more, and the group's
    /// offset goes back, so that nobody takes what is written now for done.
    /// </summary>
    private Owned Rewind(Owned stale, long expected, long offset)
    {
        var partition = stale.Slot.Partition;
        var isNews = !_arrived.Contains(stale);
        _owned.Remove(partition);
        Release(stale, CommitOutcome.Revoked, new KafkaStreamException(
            KafkaFailure.PartitionLost, $"{partition} ends before {expected}: it is read again from {offset}"));
        var fresh = new Owned(new PartitionSlot<TKey, TValue>(partition, ++_epoch, _gateOf())) { Expected = offset };
        _owned.Add(partition, fresh);
        _gates.Add(fresh.Slot.Gate);
        if (fresh.Slot.Gate.Paused)
        {
            SetPaused([fresh], true);
        }

        CommitBack(partition, expected, offset);
        if (isNews)
        {
            _observer.Assigned([fresh.Slot]);
        }
        else
        {
            _arrived.Add(fresh);
        }

        return fresh;
    }

    /// <summary>
    /// The offset to begin at. A group whose offset lies beyond the end is sent to the log's start, as the client does by
    /// itself only once it has asked for records.
    /// </summary>
    /// <param name="ask">Cleared once brokers do not answer, so that a group's start does not wait for each partition.</param>
    private long StartOf(TopicPartition partition, Offset committed, ref bool ask)
    {
        if (committed.Value < 0)
        {
            return _consumer.QueryWatermarkOffsets(partition, _settings.OperationTimeout).Low.Value;
        }

        try
        {
            if (ask && _consumer.QueryWatermarkOffsets(partition, _settings.OperationTimeout) is { } log && log.High < committed)
            {
                CommitBack(partition, committed.Value, log.Low.Value);
                _consumer.Seek(new TopicPartitionOffset(partition, log.Low));
                _sought.Add(partition);
                return log.Low.Value;
            }
        }
        catch (KafkaException e) when (!KafkaStreamException.Ends(e.Error))
        {
            ask = false;
            _log.Debug("Kafka consumer {Group} does not know where {Partition} ends: {Error}", _group, partition, e.Error);
        }

        return committed.Value;
    }

    private void CommitBack(TopicPartition partition, long expected, long offset)
    {
        _counters.Rewinds++;
        _log.Warning("{Partition} ends before offset {Expected}: read again from {Offset}", partition, expected, offset);
        var back = new TopicPartitionOffset(partition, offset);
        try
        {
            _consumer.StoreOffset(back); // or the client would commit the old one again
            _consumer.Commit([back]);
        }
        catch (KafkaException e)
        {
            _counters.CommitErrors++;
            _log.Warning("Kafka consumer {Group} could not commit {Offset}: {Error}", _group, back, e.Error);
        }
    }
}
