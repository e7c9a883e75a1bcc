using Akka.Event;
using Akka.Streams;
using Akka.Streams.Dsl;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Topics;
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
    SinkSetup setup, SinkTask task, IMaterializer materializer, ILoggingAdapter log, Outages outages, CancellationToken cancellationToken)
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
            if (Decode(batch.Partition, record, out var decoded) is { } reason)
            {
                dead.Add((record, reason));
            }
            else
            {
                good.Add(decoded);
            }
        }

        var result = good.Count == 0 ? new WriteResult([]) : await StoreAsync(good);
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

    /// <summary>Why a record cannot be stored; null where it can.</summary>
    private string? Decode(int partition, TopicRecord record, out StoreRecord decoded)
    {
        decoded = default;
        try
        {
            if (!OtpRecordCodec.TryDecode(record.Key, record.Value, out var otp, out var reason)
                || (reason = record.Timestamp.Problem) is not null)
            {
                return reason;
            }

            var origin = new RecordOrigin(_topic, partition, record.Offset);
            decoded = new StoreRecord(otp.Email, otp.Otp, origin, record.Timestamp.Date!.Value);
            return null;
        }
        catch (Exception e)
        {
            return RecordFault.Describe(e); // nothing but the record is at work here
        }
    }

    /// <summary>
    /// Writes the records. Where the store fails at a value in a way that does not pass, halves of the batch find the
    /// record that it is, which is refused: it must not stop those behind it.
    /// </summary>
    private async Task<WriteResult> StoreAsync(IReadOnlyList<StoreRecord> records)
    {
        try
        {
            return await outages.WaitOutAsync(setup.Store.Name, () => setup.Store.WriteAsync(records, cancellationToken), cancellationToken);
        }
        catch (Exception e) when (RecordFault.IsPermanent(e))
        {
            if (records is [_])
            {
                return new WriteResult([WriteOutcome.Rejected], new Dictionary<int, string> { [0] = RecordFault.Describe(e) });
            }
        }

        var half = records.Count / 2;
        var first = await StoreAsync([.. records.Take(half)]);
        var second = await StoreAsync([.. records.Skip(half)]);
        var rejections = new Dictionary<int, string>(first.Rejections ?? new Dictionary<int, string>());
        foreach (var (index, reason) in second.Rejections ?? new Dictionary<int, string>())
        {
            rejections[half + index] = reason;
        }

        return new WriteResult([.. first.Outcomes, .. second.Outcomes], rejections);
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
                PartNames.Topic, () => setup.Topic.EnsureAsync(new TopicSpec(letters, 1, task.ReplicationFactor), cancellationToken), cancellationToken);
            _deadLettersReady = true;
        }

        var records = dead.OrderBy(letter => letter.Record.Offset)
            .Select(letter => DeadLetters.Wrap(letter.Record, _topic, partition, task.Step.Name, letter.Reason, setup.Time.GetUtcNow()))
            .ToList();
        try
        {
            await AppendAsync(letters, partition, records);
        }
        catch (Exception e) when (Refusal(e) is not null)
        {
            foreach (var record in records) // one of them, or what they are together; some may be there already
            {
                await AppendWithoutValueIfRefusedAsync(letters, partition, record);
            }
        }

        log.Warning(
            "{Step} wrote {Count} dead letters of partition {Partition}; the first: offset {Offset}, {Reason}",
            task.Step.Name, dead.Count, partition, dead[0].Record.Offset, dead[0].Reason);
    }

    /// <summary>A letter that the log does not take must not stop the sink while less of it says enough.</summary>
    private async Task AppendWithoutValueIfRefusedAsync(string letters, int partition, ProducerRecord letter)
    {
        try
        {
            await AppendAsync(letters, partition, [letter]);
        }
        catch (Exception e) when (Refusal(e) is { } refusal && letter.Value is { Length: > 0 })
        {
            log.Warning(
                "{Step} writes the dead letter of partition {Partition}, offset {Offset}, without its value: {Reason}",
                task.Step.Name, partition, letter.Sequence, refusal.Message);
            try
            {
                await AppendAsync(letters, partition, [DeadLetters.WithoutValue(letter)]);
            }
            catch (Exception again) when (Refusal(again) is { } last)
            {
                throw new TopicException(
                    $"{letters} refuses the dead letter of partition {partition}, offset {letter.Sequence}, without its value too: "
                    + $"{last.Message}. Let the topic take it (its limits, its clean-up policy, its access list), then retry the step",
                    last);
            }
        }
    }

    private Task AppendAsync(string letters, int partition, IReadOnlyList<ProducerRecord> records) => outages.WaitOutAsync(
        PartNames.Topic,
        () => Source.Single(records)
            .Via(setup.Topic.ProducerFlow(letters, $"{task.Step.Name}:{_topic}:{partition}"))
            .RunWith(StreamSink.Ignore<ProducerAck>(), materializer),
        cancellationToken);

    private static TopicException? Refusal(Exception failure) =>
        StepFailure.Cause(failure) is TopicException { IsRefusal: true } refusal ? refusal : null;
}
