using Akka.Event;
using Confluent.Kafka;

namespace OtpActors.Streams.Kafka.Consumers;

/// <summary>
/// What is done is stored with the client as the partition's watermark, which only moves forwards; the client commits
/// stored offsets on its own, every commit interval, and says so. Blocking commits happen only where partitions go.
/// </summary>
internal sealed partial class PollLoop<TKey, TValue>
{
    private Task<CommitOutcome> CommitAsync(PartitionSlot<TKey, TValue> slot, KafkaBatch<TKey, TValue> batch, bool through)
    {
        var done = new TaskCompletionSource<CommitOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        _commits.Enqueue(new Commit(slot, batch.Sequence, batch.NextOffset, through, done));
        _signal.Set();
        if (_ended)
        {
            RefuseCommits(); // the thread may have looked before this was queued
        }

        return done.Task;
    }

    private void RefuseCommits()
    {
        while (_commits.TryDequeue(out var commit))
        {
            commit.Done.TrySetResult(commit.Slot.IsClosed ? commit.Slot.Outcome : CommitOutcome.Closed);
        }
    }

    private void RunCommits()
    {
        while (_commits.TryDequeue(out var commit))
        {
            if (!_owned.TryGetValue(commit.Slot.Partition, out var owned) || owned.Slot != commit.Slot)
            {
                commit.Done.TrySetResult(commit.Slot.Outcome);
                continue;
            }

            var before = owned.Slot.Watermark?.Offset.Value ?? -1;
            owned.Slot.MarkDone(commit.Sequence, commit.Through);
            var next = owned.Slot.Watermark;
            if (owned.Committed >= commit.NextOffset)
            {
                commit.Done.TrySetResult(CommitOutcome.Committed);
                continue;
            }

            owned.Waiting.Add(commit);
            if (next is not null && next.Offset.Value > before)
            {
                Store(next);
            }
        }
    }

    private void Store(TopicPartitionOffset next)
    {
        try
        {
            _consumer.StoreOffset(next);
        }
        catch (KafkaException e)
        {
            // Not ours any more, or being taken away: the handler that does so also answers the commits that wait.
            _log.Debug("Kafka consumer {Group} cannot store {Offset}: {Error}", _group, next, e.Message);
        }
    }

    private void Confirm(CommittedOffsets committed)
    {
        foreach (var each in committed.Offsets)
        {
            if (each.Offset.Value < 0 || !_owned.TryGetValue(each.TopicPartition, out var owned))
            {
                continue;
            }

            var error = committed.Error.IsError ? committed.Error : each.Error;
            if (error.IsError)
            {
                // Still stored, so the client's next commit takes it along, with whatever is newer by then.
                _counters.CommitErrors++;
                _log.Info("Kafka consumer {Group}: {Offset} is not committed yet: {Error}", _group, each.TopicPartitionOffset, error);
                if (KafkaStreamException.Ends(error))
                {
                    Report(error);
                }
                else if (owned.Slot.Watermark is { } newest)
                {
                    Store(newest);
                }
            }
            else
            {
                Confirm(owned, each.Offset.Value);
            }
        }
    }

    private void Confirm(Owned owned, long offset)
    {
        _counters.Commits++;
        owned.Committed = Math.Max(owned.Committed, offset);
        owned.Waiting.RemoveAll(commit =>
            commit.NextOffset <= owned.Committed && commit.Done.TrySetResult(CommitOutcome.Committed));
    }

    private bool AllCommitted() =>
        _owned.Values.All(owned => owned.Slot.Watermark is not { } next || owned.Committed >= next.Offset.Value);

    /// <summary>The blocking commit of what is done and not confirmed, of partitions that go.</summary>
    private void CommitNow(List<Owned> going)
    {
        var offsets = going
            .Where(owned => owned.Slot.Watermark is { } next && next.Offset.Value > owned.Committed)
            .Select(owned => owned.Slot.Watermark!).ToList();
        if (offsets.Count == 0)
        {
            return;
        }

        try
        {
            _consumer.Commit(offsets);
            foreach (var owned in going.Where(owned => owned.Slot.Watermark is not null))
            {
                Confirm(owned, owned.Slot.Watermark!.Offset.Value);
            }
        }
        catch (KafkaException e)
        {
            _counters.CommitErrors++;
            _log.Warning(
                "Kafka consumer {Group} could not commit {Count} partitions on leaving them, their next owner repeats: {Error}",
                _group, offsets.Count, e.Error);
        }
    }

    /// <summary>Not the batch: commits wait for the brokers, and its records need not wait with them.</summary>
    private sealed record Commit(
        PartitionSlot<TKey, TValue> Slot, long Sequence, long NextOffset, bool Through, TaskCompletionSource<CommitOutcome> Done);
}
