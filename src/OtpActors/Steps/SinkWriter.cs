using Akka.Event;
using Akka.Streams;
using Akka.Streams.Dsl;
using OtpActors.Records;
using OtpActors.Stores;
using OtpActors.Telemetry;
using OtpActors.Topics;
using OtpActors.Workflow;
using StreamSink = Akka.Streams.Dsl.Sink;

namespace OtpActors.Steps;

/// <param name="From">The first offset that counts for the run.</param>
/// <param name="Next">The offset after the batch, or <paramref name="From"/> where nothing of it counts.</param>
internal sealed record BatchWritten(PartitionBatch Batch, long From, long Next, SinkCounts Counts);

/// <summary>
/// Deals with one batch at a time, on stream threads: decodes it, writes it to the store, writes what cannot be stored
/// to the dead-letter topic. Returns when all of it is durable. While the store is out it holds the batch and tries
/// again; an outage never makes a dead letter.
/// </summary>
internal sealed class SinkWriter(
    SinkSetup setup, SinkTask task, IMaterializer materializer, ILoggingAdapter log, Outages outages, CancellationToken abort)
{
    private readonly string _topic = task.Topic;
    private bool _deadLettersReady;

    public async Task<BatchWritten> WriteAsync(PartitionBatch batch)
    {
        using var span = RunTracing.Store(task.Step, task.RunId, batch);
        var good = new List<StoreRecord>(batch.Records.Count);
        var dead = new List<(TopicRecord Record, string Reason)>();
        foreach (var record in batch.Records)
        {
            if (OtpRecordCodec.TryDecode(record.Key, record.Value, out var otp, out var reason))
            {
                good.Add(new StoreRecord(
                    otp.Email, otp.Otp, new RecordOrigin(_topic, batch.Partition, record.Offset), record.Timestamp));
            }
            else
            {
                dead.Add((record, reason));
            }
        }

        var result = good.Count == 0
            ? new WriteResult([])
            : await outages.WaitOutAsync(setup.Store.Name, () => setup.Store.WriteAsync(good, abort), abort);
        foreach (var (index, reason) in result.Rejections ?? new Dictionary<int, string>())
        {
            dead.Add((batch.Records.First(r => r.Offset == good[index].Origin.Offset), reason));
        }

        if (dead.Count > 0)
        {
            await WriteDeadLettersAsync(batch.Partition, dead);
        }

        return Count(batch, good, result, dead);
    }

    /// <summary>What earlier attempts have counted is left out.</summary>
    private BatchWritten Count(
        PartitionBatch batch, List<StoreRecord> good, WriteResult result, List<(TopicRecord Record, string Reason)> dead)
    {
        var from = Math.Max(task.Counted.GetValueOrDefault(batch.Partition), batch.Records[0].Offset);
        var (inserted, skipped) = (0L, 0L);
        for (var i = 0; i < good.Count; i++)
        {
            if (good[i].Origin.Offset >= from)
            {
                inserted += result.Outcomes[i] == WriteOutcome.Inserted ? 1 : 0;
                skipped += result.Outcomes[i] == WriteOutcome.Skipped ? 1 : 0;
            }
        }

        var read = batch.Records.Count(record => record.Offset >= from);
        var lettered = dead.Count(letter => letter.Record.Offset >= from);
        return new BatchWritten(
            batch, from, Math.Max(from, batch.NextOffset), new SinkCounts(read, inserted, skipped, lettered));
    }

    /// <summary>
    /// Each sink has its own sequence of dead letters for a partition, the origin's offsets: a replay adds none where
    /// the topic keeps producers' positions.
    /// </summary>
    private async Task WriteDeadLettersAsync(int partition, List<(TopicRecord Record, string Reason)> dead)
    {
        var letters = DeadLetters.TopicOf(_topic);
        if (!_deadLettersReady)
        {
            await outages.WaitOutAsync(
                PartNames.Topic, () => setup.Topic.EnsureAsync(new TopicSpec(letters, 1, task.ReplicationFactor), abort), abort);
            _deadLettersReady = true;
        }

        var records = dead.OrderBy(letter => letter.Record.Offset)
            .Select(letter => DeadLetters.Wrap(letter.Record, _topic, partition, task.Step.Name, letter.Reason))
            .ToList();
        await outages.WaitOutAsync(
            PartNames.Topic,
            () => Source.Single<IReadOnlyList<ProducerRecord>>(records)
                .Via(setup.Topic.ProducerFlow(letters, $"{task.Step.Name}:{_topic}:{partition}"))
                .RunWith(StreamSink.Ignore<ProducerAck>(), materializer),
            abort);
        log.Warning(
            "{Step} wrote {Count} dead letters of partition {Partition}; the first: offset {Offset}, {Reason}",
            task.Step.Name, dead.Count, partition, dead[0].Record.Offset, dead[0].Reason);
    }
}
