using Akka.Actor;
using Akka.Hosting;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Topics;

namespace OtpActors.Steps;

/// <summary>
/// Writes the records of a run to one store again, as they lie in the topic, with their origins. What is there stays as it
/// is, what the store has lost is added. Nothing is counted: all of it was when the sink read it. No consumer group takes
/// part. Every attempt starts from the beginning.
/// </summary>
/// <remarks>What the topic no longer keeps cannot be written again: the check that follows tells.</remarks>
public sealed class Mender(IEnumerable<IOtpStore> stores, IOtpTopic topic, TimeProvider time) : StepActor<Mender.Begin>(time)
{
    /// <summary>Records read, and written, together.</summary>
    private const int PageSize = 1_000;

    /// <summary>Answered by <see cref="RunCommands.ConfirmSinkDrained"/>.</summary>
    /// <param name="From">Where the run's records begin, by partition; the oldest that is kept where a partition is absent.</param>
    /// <param name="To">Where they end.</param>
    public sealed record Begin(
        string RunId, StepId Step, int Attempt, RunSpec Spec, OffsetMap From, OffsetMap To, StepHold? Hold = null) : IBeginStep;

    protected override async Task<IStepCommand?> RunAsync(
        Begin begin, IActorRef run, Outages outages, CancellationToken cancellationToken)
    {
        var store = stores.Single(s => s.Name == begin.Step.Store);
        var throttle = new Throttle(Time, TimeSpan.FromSeconds(1));
        await outages.WaitOutAsync(store.Name, () => store.EnsureSchemaAsync(cancellationToken), cancellationToken);
        foreach (var (partition, end) in begin.To)
        {
            for (var next = begin.From.GetValueOrDefault(partition); next < end;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var (from, page) = (next, PageSize);
                var records = await outages.WaitOutAsync(
                    PartNames.Topic, () => topic.ReadAsync(begin.Spec.Topic, partition, from, page, cancellationToken), cancellationToken);
                if (records.Count == 0)
                {
                    break;
                }

                var lost = records.Where(record => record.Offset < end).Select(record => Decode(begin, partition, record))
                    .OfType<StoreRecord>().ToList();
                if (lost.Count > 0)
                {
                    await outages.WaitOutAsync(store.Name, () => store.WriteAsync(lost, cancellationToken), cancellationToken);
                }

                next = records[^1].Offset + 1;
                if (throttle.IsDue())
                {
                    run.Tell(new RunCommands.Heartbeat(begin.RunId, begin.Step, begin.Attempt));
                }
            }
        }

        return new RunCommands.ConfirmSinkDrained(begin.RunId, begin.Step, begin.Attempt);
    }

    /// <summary>Null for what became a dead letter when it was read first.</summary>
    private static StoreRecord? Decode(Begin begin, int partition, TopicRecord record) =>
        OtpRecordCodec.TryDecode(record.Key, record.Value, out var otp, out _) && record.Timestamp.Date is { } time
            ? new StoreRecord(otp.Email, otp.Otp, new RecordOrigin(begin.Spec.Topic, partition, record.Offset), time)
            : null;
}

public static class MenderHosting
{
    public static AkkaConfigurationBuilder AddMender(this AkkaConfigurationBuilder builder) =>
        builder.WithActors((system, registry, resolver) =>
            registry.Register<Mender>(system.ActorOf(resolver.Props<Mender>(), "mender")));
}
