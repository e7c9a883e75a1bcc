using Akka.Actor;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Steps;
using Shouldly;
using OffsetMap = System.Collections.Immutable.ImmutableSortedDictionary<int, long>;

namespace OtpActors.Tests.Fakes;

/// <summary>A sink into a store in memory; the test answers its progress as the run would.</summary>
public abstract class SinkKit : StepKit
{
    /// <param name="continuous">What is consumed between runs too.</param>
    protected SinkKit(ContinuousSinkSetup? continuous = null)
    {
        var setup = new SinkSetup(Topic, Store, Group, TimeProvider.System, continuous);
        Sink = Sys.ActorOf(Props.Create(() => new CassandraSink(setup)));
    }

    internal ScriptedStore Store { get; } = new();

    protected IActorRef Sink { get; }

    protected async Task BeginAsync()
    {
        await EnsureTopicAsync();
        Begin();
        await Run.NextAsync<RunCommands.ConfirmSinkReady>();
    }

    protected void Begin(int attempt = 1, OffsetMap? counted = null) => Sink.Tell(
        new Sink.Begin(RunId, Say.CassandraSink, attempt, SpecOf(Generated(1)), counted ?? OffsetMaps.Empty), Run);

    /// <summary>Takes the sink's progress up to an offset, as one; the last one is answered unless the test does that.</summary>
    protected async Task<SinkProgress> GatherAsync(long next, bool answer = true)
    {
        OffsetMap? from = null;
        var counts = default(SinkCounts);
        while (true)
        {
            var progress = (await Run.NextAsync<RunCommands.RecordSinkProgress>()).Progress;
            from ??= progress.From;
            counts += progress.Counts;
            if (progress.Next[0] < next || answer)
            {
                Accept();
            }

            if (progress.Next[0] >= next)
            {
                return new SinkProgress(from, progress.Next, counts);
            }
        }
    }

    protected void Accept() => Run.Reply(new RunReplies.Accepted(RunId, RunState.New(RunId)));

    protected async Task DrainedAsync(long end, int attempt = 1)
    {
        Sink.Tell(new Sink.Drain(RunId, attempt, Say.Offsets((0, end))), Run);
        (await Run.NextAsync<RunCommands.ConfirmSinkDrained>()).Attempt.ShouldBe(attempt);
    }

    protected async Task<long> CommittedAsync() => (await Topic.CommittedAsync("otps", Group, Cancel)).GetValueOrDefault(0);
}
