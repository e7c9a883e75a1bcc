using System.Runtime.CompilerServices;
using Akka.Actor;
using Akka.Hosting;
using Akka.Streams;
using Akka.Streams.Dsl;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Inputs;
using OtpActors.Infrastructure.Storage;
using OtpActors.Infrastructure.Topics;

namespace OtpActors.Steps;

/// <summary>
/// Puts a run's records into its topic, from where an earlier attempt or process left off. Where the topic keeps
/// producers' positions no record is appended twice; elsewhere a crash can repeat what was not yet recorded, and the
/// stores' identity rules absorb it.
/// </summary>
public sealed class Producer(IOtpTopic topic, DataDirectory data, TimeProvider time) : StepActor<Producer.Begin>(time)
{
    /// <summary>Records that go to the topic in one piece.</summary>
    private const int BatchSize = 2_000;

    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(1);

    private readonly ActorMaterializer _materializer = Context.System.Materializer();

    /// <summary>
    /// Answered by <see cref="RunCommands.RecordProduced"/> on the way and <see cref="RunCommands.CompleteProduction"/>.
    /// </summary>
    /// <param name="From">The first record not known to be in the topic.</param>
    public sealed record Begin(string RunId, int Attempt, RunSpec Spec, long From, StepHold? Hold = null) : IBeginStep
    {
        public StepId Step => StepId.Produce;
    }

    protected override async Task<IStepCommand?> RunAsync(
        Begin begin, IActorRef run, Outages outages, CancellationToken cancellationToken)
    {
        var (name, count) = (begin.Spec.Topic, begin.Spec.Records.Count);
        var (handed, produced) = (begin.From, begin.From);
        var throttle = new Throttle(Time, ProgressInterval);
        var source = RecordSources.Open(begin.Spec.Records, data.InputsDirectory);
        using (outages.Watch(PartNames.Topic, Awaited))
        {
            await outages.WaitOutAsync(PartNames.Topic, AppendAsync, cancellationToken, isPatient: true);
        }

        if (produced < count)
        {
            run.Tell(new RunCommands.RecordProduced(begin.RunId, begin.Attempt, produced));
            return null;
        }

        // The first try is not given up by a stop: all records are there, and that is worth telling.
        var watermarks = await outages.WaitOutAsync(
            PartNames.Topic, () => topic.HighWatermarksAsync(name, CancellationToken.None), cancellationToken);
        return new RunCommands.CompleteProduction(begin.RunId, begin.Attempt, produced, watermarks);

        long? Awaited()
        {
            var answered = Interlocked.Read(ref produced);
            return Interlocked.Read(ref handed) > answered ? answered : null;
        }

        // From the first record that is not known to be there: a stream that an outage broke off is begun again.
        async Task AppendAsync()
        {
            var from = Math.Max(produced, await topic.ResumeSequenceAsync(name, begin.RunId, cancellationToken));
            Interlocked.Exchange(ref produced, from);
            Interlocked.Exchange(ref handed, from);
            await Source.From(() => BatchesAsync(begin, source, from, run, cancellationToken))
                .Select(batch =>
                {
                    Interlocked.Exchange(ref handed, batch[^1].Sequence + 1);
                    return batch;
                })
                .Via(topic.ProducerFlow(name, begin.RunId))
                .RunForeach(
                    ack =>
                    {
                        Interlocked.Exchange(ref produced, ack.NextSequence);
                        outages.Answered(PartNames.Topic);
                        if (throttle.IsDue() || produced < count && begin.Spec.Records is RecordSpec.Sample)
                        {
                            run.Tell(new RunCommands.RecordProduced(begin.RunId, begin.Attempt, produced));
                        }
                    },
                    _materializer);
        }
    }

    /// <summary>Ends early, and in order, when <paramref name="cancellationToken"/> fires.</summary>
    private async IAsyncEnumerable<IReadOnlyList<ProducerRecord>> BatchesAsync(
        Begin begin, IRecordSource source, long from, IActorRef run, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var paced = begin.Spec.Records as RecordSpec.Sample;
        var headers = topic.SupportsHeaders ? RunTracing.HeadersOf(begin.Spec) : null;
        foreach (var chunk in source.Read(from).Chunk(paced is null ? BatchSize : 1))
        {
            if (paced is not null && chunk[0].Sequence > 0)
            {
                await WaitAsync(paced.Interval, begin, run, cancellationToken);
            }

            if (cancellationToken.IsCancellationRequested)
            {
                yield break;
            }

            var now = Time.GetUtcNow();
            yield return Array.ConvertAll(chunk, record => new ProducerRecord(
                record.Sequence, OtpRecordCodec.EncodeKey(record.Record.Email), OtpRecordCodec.EncodeValue(record.Record.Otp), now, headers));
        }
    }

    /// <summary>A wait on purpose is no stall: it is reported while it lasts.</summary>
    private async Task WaitAsync(TimeSpan interval, Begin begin, IActorRef run, CancellationToken cancellationToken)
    {
        var beat = OutageSetup.From(begin).HeartbeatWithin(HeartbeatInterval);
        for (var left = interval; left > TimeSpan.Zero && !cancellationToken.IsCancellationRequested; left -= beat)
        {
            var part = left < beat ? left : beat;
            await Task.Delay(part, Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            run.Tell(new RunCommands.Heartbeat(begin.RunId, begin.Step, begin.Attempt));
        }
    }
}

public static class ProducerHosting
{
    public static AkkaConfigurationBuilder AddProducer(this AkkaConfigurationBuilder builder) =>
        builder.WithActors((system, registry, resolver) =>
            registry.Register<Producer>(system.ActorOf(resolver.Props<Producer>(), "producer")));
}
