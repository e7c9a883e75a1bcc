using OtpActors.Domain.Records;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Topics;

namespace OtpActors.Steps;

/// <summary>What a worker tells itself, and what it gathers meanwhile.</summary>
internal sealed partial class SinkWorker
{
    /// <summary>Batches written since the last report.</summary>
    private sealed record PendingBatch(SinkProgress Progress, Dictionary<int, PartitionBatch> Newest)
    {
        public static PendingBatch Nothing => new(new SinkProgress(OffsetMaps.Empty, OffsetMaps.Empty, default), []);

        public bool IsEmpty => Newest.Count == 0;

        public PendingBatch Add(BatchWritten written)
        {
            var partition = written.Batch.Partition;
            Newest[partition] = written.Batch;
            return this with
            {
                Progress = new SinkProgress(
                    Progress.From.ContainsKey(partition) ? Progress.From : Progress.From.Add(partition, written.From),
                    Progress.Next.SetItem(partition, written.Next),
                    Progress.Counts + written.Counts),
            };
        }
    }

    private sealed class SchemaReady
    {
        public static readonly SchemaReady Instance = new();
    }

    private sealed class CheckDrained
    {
        public static readonly CheckDrained Instance = new();
    }

    private sealed class ReportDue
    {
        public static readonly ReportDue Instance = new();
    }

    private sealed class HeartbeatTick
    {
        public static readonly HeartbeatTick Instance = new();
    }

    private sealed class Left
    {
        public static readonly Left Instance = new();
    }

    /// <summary>A consumer that has its partitions.</summary>
    private sealed record Joined(
        int Generation, OffsetMap Start, IConsumerControl Control, Task Ended, CancellationTokenSource Abort);

    private sealed record Fetched(int Generation);

    private sealed record Written(int Generation, BatchWritten Batch);

    private sealed record Committed(int Generation);

    private sealed record StreamEnded(int Generation);

    private sealed record ConsumingFailed(int Generation, Exception Cause);

    private sealed record GroupCommitted(OffsetMap Offsets);

    private sealed record Hold(bool Held);
}
