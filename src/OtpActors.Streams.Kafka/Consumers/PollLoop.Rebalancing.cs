using System.Diagnostics;
using Akka.Event;
using Confluent.Kafka;

namespace OtpActors.Streams.Kafka.Consumers;

/// <summary>Partitions come and go. The first three run inside the client's Consume or Close.</summary>
internal sealed partial class PollLoop<TKey, TValue>
{
    /// <summary>A member without partitions is ready too, once the group has had time to give it some.</summary>
    private static readonly TimeSpan EmptyAssignmentGrace = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan HandoverStep = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan StartRetry = TimeSpan.FromSeconds(1);

    private readonly ControlCore _control;
    private readonly List<Owned> _arrived = [];
    private int _epoch;
    private long _firstRebalance;
    private long _nextStart;
    private long _nextWatch;

    /// <summary>Touches .NET state alone: the client has not assigned anything yet.</summary>
    private void Assign(List<TopicPartition> partitions)
    {
        _counters.Rebalances++;
        _epoch++;
        if (_firstRebalance == 0)
        {
            _firstRebalance = Stopwatch.GetTimestamp();
        }

        foreach (var partition in partitions)
        {
            if (_owned.Remove(partition, out var stale))
            {
                Release(stale, CommitOutcome.Revoked);
            }

            var owned = new Owned(new PartitionSlot<TKey, TValue>(partition, _epoch, _gateOf()));
            _owned.Add(partition, owned);
            _arrived.Add(owned);
        }
    }

    /// <summary>
    /// What streams have in progress may still be finished, for a while; then all that is done is committed, and the
    /// partitions go.
    /// </summary>
    private void Revoke(List<TopicPartitionOffset> partitions)
    {
        _counters.Rebalances++;
        var going = partitions.Select(each => _owned.GetValueOrDefault(each.TopicPartition)).OfType<Owned>().ToList();
        foreach (var owned in going)
        {
            DropOpen(owned);
            owned.Slot.Close();
        }

        var deadline = After(_settings.RevokeTimeout);
        RunCommits();
        while (!_abandoned && !(_finished && _stopDeadline <= Stopwatch.GetTimestamp())
            && Stopwatch.GetTimestamp() < deadline && going.Any(owned => !owned.Slot.AllDone))
        {
            _signal.WaitOne(HandoverStep);
            RunCommits();
        }

        CommitNow(going);
        foreach (var owned in going)
        {
            _owned.Remove(owned.Slot.Partition);
            Release(owned, _stopping ? CommitOutcome.Closed : CommitOutcome.Revoked);
        }
    }

    /// <summary>Another member has them already: a commit would be refused, or worse, accepted.</summary>
    private void Lose(List<TopicPartitionOffset> partitions)
    {
        _counters.Rebalances++;
        foreach (var each in partitions)
        {
            if (_owned.Remove(each.TopicPartition, out var owned))
            {
                _counters.PartitionsLost++;
                _log.Warning("Kafka consumer {Group} has lost {Partition}; what was not committed comes again", _group, each.TopicPartition);
                Release(owned, CommitOutcome.Revoked, new KafkaStreamException(
                    KafkaFailure.PartitionLost, $"{each.TopicPartition} has gone to another member of {_group}"));
            }
        }
    }

    private void Release(Owned owned, CommitOutcome waiting, Exception? failure = null)
    {
        DropOpen(owned);
        _arrived.Remove(owned);
        if (_last == owned)
        {
            _last = null;
        }

        (owned.Slot.Outcome, owned.Slot.Failure) = (waiting, failure);
        owned.Slot.Close();
        foreach (var commit in owned.Waiting)
        {
            commit.Done.TrySetResult(waiting);
        }

        owned.Waiting.Clear();
        if (_owned.Values.All(other => other.Slot.Gate != owned.Slot.Gate))
        {
            _gates.Remove(owned.Slot.Gate);
        }

        _attention = true;
    }

    /// <summary>After Consume has returned, before its record is taken up: the client can be asked about them now.</summary>
    private void TakeUpAssigned()
    {
        if (_arrived.Count == 0 || Stopwatch.GetTimestamp() < _nextStart)
        {
            return;
        }

        // A partition that was paused when it went comes back paused.
        foreach (var gate in _arrived.Select(owned => owned.Slot.Gate).ToHashSet())
        {
            _gates.Add(gate);
            SetPaused(_arrived.Where(owned => owned.Slot.Gate == gate), gate.Paused);
        }

        try
        {
            var ask = true;
            foreach (var committed in _consumer.Committed(_arrived.Select(owned => owned.Slot.Partition), _settings.OperationTimeout))
            {
                _owned[committed.TopicPartition].Expected ??= StartOf(committed.TopicPartition, committed.Offset, ref ask);
            }
        }
        catch (KafkaException e) when (!KafkaStreamException.Ends(e.Error))
        {
            _log.Info("Kafka consumer {Group} does not know yet where it starts: {Error}", _group, e.Error);
            _nextStart = After(StartRetry);
            return;
        }

        var slots = _arrived.Select(owned => owned.Slot).ToList();
        var start = _arrived.Select(owned => new TopicPartitionOffset(owned.Slot.Partition, owned.First ?? owned.Expected!.Value)).ToList();
        _arrived.Clear();
        _observer.Assigned(slots);
        _control.Assign(start);
    }

    /// <summary>Now and then: is somebody still waiting to hear of partitions, and does any partition not move?</summary>
    private void Watch()
    {
        var now = Stopwatch.GetTimestamp();
        if (now < _nextWatch)
        {
            return;
        }

        _nextWatch = After(TimeSpan.FromMilliseconds(250));
        if (_arrived.Count > 0)
        {
            TakeUpAssigned();
        }
        else if (_owned.Count == 0 && _firstRebalance > 0 && Stopwatch.GetElapsedTime(_firstRebalance, now) > EmptyAssignmentGrace)
        {
            _control.Assign([]);
        }

        if (_settings.StallTimeout <= TimeSpan.Zero || _stopping)
        {
            return;
        }

        foreach (var owned in _owned.Values)
        {
            if (owned.Slot.Gate.Paused || owned.Slot.Gate.Queued > 0 || owned.Open is not null || owned.Expected is null)
            {
                owned.IdleSince = now;
            }
            else if (Stopwatch.GetElapsedTime(owned.IdleSince, now) >= _settings.StallTimeout)
            {
                LookAtIdle(owned);
            }
        }
    }

    /// <summary>
    /// A partition that is silent while it holds records is looked at from outside: if another client gets a record
    /// where this one gets none, twice, this one is broken. Transaction markers at the end, and brokers that are down, are
    /// not; nor is a client that has not come back to them yet.
    /// </summary>
    private void LookAtIdle(Owned owned)
    {
        var partition = owned.Slot.Partition;
        owned.IdleSince = Stopwatch.GetTimestamp();
        try
        {
            var end = _consumer.QueryWatermarkOffsets(partition, _settings.OperationTimeout).High.Value;
            if (end <= owned.Expected || end == owned.VerifiedEnd)
            {
                return;
            }

            if (Probe.HasRecord(_settings.Properties, partition, owned.Expected!.Value, _settings.OperationTimeout))
            {
                if (owned.SuspectAt != owned.Expected)
                {
                    owned.SuspectAt = owned.Expected;
                    return;
                }

                throw new KafkaStreamException(
                    KafkaFailure.Stalled,
                    $"{partition} ends at {end}, but nothing has come after {owned.Expected} for {_settings.StallTimeout}");
            }

            owned.VerifiedEnd = end;
        }
        catch (KafkaException e)
        {
            owned.SuspectAt = null;
            _log.Debug("{Partition} is silent and cannot be looked at: {Error}", partition, e.Error);
        }
    }
}
