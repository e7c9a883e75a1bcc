using System.Diagnostics;
using Akka.Event;
using Confluent.Kafka;

namespace OtpActors.Streams.Kafka.Consumers;

/// <summary>From records to batches, no faster than the streams take them.</summary>
internal sealed partial class PollLoop<TKey, TValue>
{
    private readonly HashSet<Gate> _gates = [];
    private bool _idle;
    private bool _holding;
    private bool _allPaused;
    private int _fullGates;
    private long _headerBytes;

    private void Accept(ConsumeResult<Decoded<TKey>, Decoded<TValue>> result)
    {
        var owned = Find(result);
        if (owned is null || _stopping || _sought.Contains(owned.Slot.Partition))
        {
            return; // of a partition that has just been taken away, not wanted any more, or coming again: nothing was committed
        }

        var offset = result.Offset.Value;
        if ((offset != owned.Expected || result.IsPartitionEOF) && !IsWanted(ref owned, result))
        {
            return;
        }

        owned.Expected = offset + 1;
        owned.Repeating = false;
        owned.First ??= offset;
        owned.LeaderEpoch = result.LeaderEpoch;
        var message = result.Message;
        var headers = message.Headers is { Count: > 0 } some ? some : null;
        _headerBytes += KafkaRecord<TKey, TValue>.SizeOf(headers);
        var bytes = _keys.Bytes + _values.Bytes + _headerBytes;
        if (owned.Open is null)
        {
            owned.Open = new List<KafkaRecord<TKey, TValue>>(owned.Capacity);
            _open++;
        }

        owned.Open.Add(new KafkaRecord<TKey, TValue>(offset, message.Key, message.Value, message.Timestamp, headers));
        owned.OpenBytes += bytes - _counters.Bytes;
        (_counters.Bytes, _counters.DecodeErrors) = (bytes, _keys.Errors + _values.Errors);
        _counters.Records++;
        if (owned.Open.Count >= _settings.MaxBatchRecords || owned.OpenBytes >= _settings.MaxBatchBytes)
        {
            CloseBatch(owned);
        }
    }

    private Owned? Find(ConsumeResult<Decoded<TKey>, Decoded<TValue>> result)
    {
        var topic = _topics.Count == 1 && !_topics[0].StartsWith('^') ? _topics[0] : result.Topic;
        if (_last is { } last && last.Slot.Partition.Partition == result.Partition && last.Slot.Partition.Topic == topic)
        {
            return last;
        }

        return _last = _owned.GetValueOrDefault(new TopicPartition(topic, result.Partition));
    }

    private void CloseBatch(Owned owned)
    {
        if (owned.Open is not { } records)
        {
            return;
        }

        // The next one is likely to be as large: neither growing nor wasting.
        owned.Capacity = Math.Max(16, records.Count);
        (owned.Open, owned.OpenBytes) = (null, 0);
        _open--;
        _counters.Batches++;
        owned.IdleSince = Stopwatch.GetTimestamp();
        var slot = owned.Slot;
        slot.Enqueue(new KafkaBatch<TKey, TValue>(
            slot.Partition, slot.Epoch, owned.Sequence++, records, owned.LeaderEpoch,
            (batch, through) => CommitAsync(slot, batch, through)));
        _attention = true;
        _observer.Queued(slot);
    }

    /// <summary>When nothing more is there to fill them: the batches of those who have nothing to do.</summary>
    private void CloseBatchesWanted()
    {
        foreach (var owned in _owned.Values)
        {
            if (owned.Open is not null && !owned.Slot.HasQueued)
            {
                CloseBatch(owned);
            }
        }
    }

    private void DropOpen(Owned owned)
    {
        if (owned.Open is not null)
        {
            (owned.Open, owned.OpenBytes) = (null, 0);
            _open--;
        }
    }

    /// <summary>
    /// Decides who may fetch. A full gate is waited for without asking the client for more; only after the delay are its
    /// partitions paused, since a pause throws away all that was fetched ahead. One full gate of several may overflow by
    /// as much again before it makes the others wait for the delay too.
    /// </summary>
    private void Balance()
    {
        _attention = false;
        var now = Stopwatch.GetTimestamp();
        var (full, paused, overflow) = (0, 0, false);
        foreach (var gate in _gates)
        {
            var queued = gate.Queued;
            if (gate.Paused)
            {
                if (queued > _settings.ResumeAtBatches || _stopping)
                {
                    paused++;
                    continue;
                }

                SetPaused(gate, false);
            }

            if (queued < _settings.MaxQueuedBatches && !_stopping)
            {
                gate.FullSince = null;
                continue;
            }

            gate.FullSince ??= now;
            if (_stopping
                || Stopwatch.GetElapsedTime(gate.FullSince.Value, now) >= _settings.PauseDelay)
            {
                SetPaused(gate, true);
                paused++;
            }
            else
            {
                full++;
                overflow |= queued >= 2 * _settings.MaxQueuedBatches;
            }
        }

        _fullGates = full;
        _holding = overflow || (full > 0 && full + paused == _gates.Count);
        _allPaused = paused > 0 && paused == _gates.Count;
    }

    private void SetPaused(Gate gate, bool pause)
    {
        gate.Paused = pause;
        gate.FullSince = null;
        _counters.Pauses += pause && !_stopping ? 1 : 0;
        SetPaused(_owned.Values.Where(owned => owned.Slot.Gate == gate), pause);
    }

    private void SetPaused(IEnumerable<Owned> owned, bool pause)
    {
        var partitions = owned.Select(each => each.Slot.Partition).ToList();
        if (partitions.Count == 0)
        {
            return;
        }

        try
        {
            if (pause)
            {
                _consumer.Pause(partitions);
            }
            else
            {
                _consumer.Resume(partitions);
            }
        }
        catch (KafkaException e)
        {
            _log.Debug("Kafka consumer {Group}: {Error}", _group, e.Message); // on their way to another member
        }
    }
}
