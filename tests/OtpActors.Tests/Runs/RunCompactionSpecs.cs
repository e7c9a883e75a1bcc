using System.Text;
using Akka.Actor;
using Akka.TestKit;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Journal;
using OtpActors.Runs;
using OtpActors.Steps;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Runs;

/// <summary>What a run keeps in its journal, and how it is forgotten.</summary>
public class RunCompactionSpecs : RunKit
{
    private static readonly RunSnapshotSerializer Serializer = new(null!);

    private readonly TestProbe _journal;
    private readonly TestProbe _snapshots;
    private long _stored;

    public RunCompactionSpecs() => (_journal, _snapshots) = (CreateTestProbe(), CreateTestProbe());

    [Fact]
    public async Task A_run_of_many_events_keeps_a_snapshot_and_the_events_after_it()
    {
        var run = await WatchedAsync();
        await ProgressAsync(100);
        await CompactedAsync(100);
        (await KeptAsync()).Events.ShouldBe(Numbers(101, 108));
        (await KeptAsync()).Snapshots.ShouldBe([100]);

        await ProgressAsync(100);
        await CompactedAsync(200);
        (await KeptAsync()).Events.ShouldBe(Numbers(201, 208));
        (await KeptAsync()).Snapshots.ShouldBe([200]);
        await ShouldRecoverAsync(run);
    }

    [Fact]
    public async Task A_run_that_was_killed_before_anything_was_deleted_goes_on_from_the_snapshot()
    {
        var run = await WatchedAsync();
        await ScriptAsync(ScriptedJournal.Way.KeepAll);
        await ScriptAsync(ScriptedSnapshots.Way.FailDeletions, _snapshots);
        await ProgressAsync(100);
        await _snapshots.NextAsync<ScriptedSnapshots.Saved>();
        await ShouldRecoverAsync(run);
        (await KeptAsync()).Events.Count.ShouldBe(108);

        await ScriptAsync(ScriptedJournal.Way.Write, _journal);
        await ScriptAsync(ScriptedSnapshots.Way.Keep, _snapshots);
        foreach (var (sink, step) in Sinks)
        {
            await sink.NextAsync<Sink.Begin>();
        }

        await ProgressAsync(100);
        await CompactedAsync(200);
        (await KeptAsync()).Events.ShouldBe(Numbers(201, 208), "what was left over goes with the next snapshot");
    }

    [Fact]
    public async Task A_run_goes_on_where_no_snapshot_can_be_saved()
    {
        var run = await WatchedAsync();
        await ScriptAsync(ScriptedSnapshots.Way.FailSaves);
        await ProgressAsync(150);
        (await KeptAsync()).Events.Count.ShouldBe(158);

        await ScriptAsync(ScriptedSnapshots.Way.Keep, _snapshots);
        await ProgressAsync(50);
        await CompactedAsync(200);
        await ShouldRecoverAsync(run);
    }

    [Fact]
    public async Task A_run_that_ends_with_a_snapshot_on_its_way_sees_it_through()
    {
        var run = await WatchedAsync();
        await ProgressAsync(91);
        (await KeptAsync()).Events.Count.ShouldBe(99);
        await this.StoppedAsync(run, () => Runs.Tell(Say.Cancel, TestActor));
        await CompactedAsync(100);
        (await StateAsync()).Outcome.ShouldBe(RunOutcome.Cancelled);
        (await KeptAsync()).Events.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_run_whose_snapshot_cannot_be_read_breaks_off()
    {
        var run = await WatchedAsync();
        await ProgressAsync(100);
        await CompactedAsync(100);
        await ScriptAsync(ScriptedSnapshots.Way.FailLoads);
        Sys.EventStream.Subscribe(TestActor, typeof(RunNotices.Broken));
        await this.StoppedAsync(run, () => run.Tell(Kill.Instance));
        Runs.Tell(new RunQueries.Get(RunDriver.RunId), ActorRefs.NoSender);
        (await this.NextAsync<RunNotices.Broken>()).Error.ShouldBe("the journal cannot be read: the disk is full");
    }

    [Theory]
    [InlineData(20)]
    [InlineData(120)]
    public async Task A_run_that_ended_is_forgotten(int progress)
    {
        await EndedAsync(progress);
        await AskAsync<RunDeleted>(Forget());
        (await KeptAsync()).Events.ShouldBeEmpty();
        (await KeptAsync()).Snapshots.ShouldBeEmpty();
        (await StateAsync()).Spec.ShouldBeNull();
        await AskAsync<RunDeleted>(Forget());

        (await DoAsync(Say.Request())).Phase.ShouldBe(RunPhase.Requested, "its id is free");
        (await DoAsync(Say.Begin)).Phase.ShouldBe(RunPhase.EnsuringTopic);
    }

    [Fact]
    public async Task A_run_that_goes_on_or_ended_later_is_kept()
    {
        await ProducingAsync();
        await AskAsync<RunKept>(Forget());
        (await StateAsync()).Phase.ShouldBe(RunPhase.Producing);

        Pass(TimeSpan.FromSeconds(1));
        await DoAsync(Say.Cancel);
        await AskAsync<RunKept>(new ForgetRun(RunDriver.RunId, RunDriver.Start));
        (await StateAsync()).Outcome.ShouldBe(RunOutcome.Cancelled);
    }

    [Fact]
    public async Task A_run_that_cannot_be_forgotten_is_kept_until_it_can()
    {
        await EndedAsync(120);
        await ScriptAsync(ScriptedSnapshots.Way.FailDeletions);
        await AskAsync<RunKept>(Forget());
        (await StateAsync()).Outcome.ShouldBe(RunOutcome.Cancelled);

        await ScriptAsync(ScriptedSnapshots.Way.Keep);
        await ScriptAsync(ScriptedJournal.Way.KeepAll);
        await AskAsync<RunKept>(Forget());
        (await KeptAsync()).Snapshots.ShouldBeEmpty();
        (await KeptAsync()).Events.ShouldNotBeEmpty();
        (await StateAsync()).Spec.ShouldBeNull("events that begin with no request make no run");
        TopicAdmin.HasMessages.ShouldBeFalse();

        (await DoAsync(Say.Request())).Phase.ShouldBe(RunPhase.Requested);
        await ScriptAsync(ScriptedJournal.Way.Write);
        await DoAsync(Say.Cancel);
        await AskAsync<RunDeleted>(Forget());
        (await KeptAsync()).Events.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_run_whose_snapshot_is_being_saved_is_forgotten_with_it()
    {
        await ScriptAsync(ScriptedSnapshots.Way.HoldSaves);
        await ProducingAsync();
        await ProgressAsync(120);
        await DoAsync(Say.Cancel);
        Runs.Tell(Forget(), TestActor);
        (await StateAsync()).Outcome.ShouldBe(RunOutcome.Cancelled, "it has the message, and waits");
        await ScriptAsync(ScriptedSnapshots.Way.Keep);
        await this.NextAsync<RunDeleted>();
        var kept = await KeptAsync();
        (kept.Events.Count, kept.Snapshots.Count).ShouldBe((0, 0));
    }

    [Fact]
    public async Task A_run_that_is_suspended_while_it_is_forgotten_is_forgotten()
    {
        await EndedAsync(20);
        Runs.Tell(Forget(), TestActor);
        await AskAsync<RunsParent.AllSuspended>(new RunsParent.SuspendAll());
        await this.NextAsync<RunDeleted>();
        (await KeptAsync()).Events.ShouldBeEmpty();
    }

    private ForgetRun Forget() => new(RunDriver.RunId, Clock.GetUtcNow());

    private static IEnumerable<long> Numbers(int from, int to) => Enumerable.Range(from, to - from + 1).Select(n => (long)n);

    /// <summary>A run in production, eight events old, whose journal tells what it does.</summary>
    private async Task<IActorRef> WatchedAsync()
    {
        var run = await ProducingAsync();
        await ScriptAsync(ScriptedJournal.Way.Write, _journal);
        await ScriptAsync(ScriptedSnapshots.Way.Keep, _snapshots);
        return run;
    }

    private async Task EndedAsync(int progress)
    {
        var run = await ProducingAsync();
        await ProgressAsync(progress);
        await this.StoppedAsync(run, () => Runs.Tell(Say.Cancel, TestActor));
        (await this.NextAsync<RunReplies.Accepted>()).State.IsTerminal.ShouldBeTrue();
    }

    private async Task ProgressAsync(int events)
    {
        for (var n = 0; n < events; n++, _stored++)
        {
            MongoSink.Reply(Say.Progress(Say.MongoSink, _stored, _stored + 1));
            await MongoSink.NextAsync<RunReplies.Accepted>();
        }
    }

    private async Task CompactedAsync(long sequenceNr)
    {
        await _snapshots.UntilAsync<ScriptedSnapshots.Saved>(saved => saved.SequenceNr == sequenceNr);
        (await _journal.UntilAsync<ScriptedJournal.Deleted>()).ToSequenceNr.ShouldBe(sequenceNr);
        (await _snapshots.UntilAsync<ScriptedSnapshots.Deleted>()).ToSequenceNr.ShouldBe(sequenceNr - 1);
    }

    private async Task ShouldRecoverAsync(IActorRef run)
    {
        var before = await StateAsync();
        await this.StoppedAsync(run, () => run.Tell(Kill.Instance));
        Form(await StateAsync()).ShouldBe(Form(before));
        before.Sinks[StoreNames.Mongo].Counts.Read.ShouldBe(_stored);
    }

    private static string Form(RunState state) => Encoding.UTF8.GetString(Serializer.ToBinary(state.ToSnapshot()));
}
