using Akka.Actor;
using Akka.Persistence;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Runs;
using OtpActors.Steps;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Runs;

/// <summary>A journal that cannot be written or read for a while, under runs, requests and the list of runs.</summary>
public class JournalOutageSpecs : RunKit
{
    [Fact]
    public async Task A_run_that_broke_off_goes_on_by_itself_in_the_same_steps_and_attempts()
    {
        var run = await ProducingAsync();
        Producer.Reply(Say.Produced(3));
        await StateAsync();
        await ScriptAsync(ScriptedJournal.Way.Out);
        await this.StoppedAsync(run, () => Producer.Reply(Say.Produced(5)));
        await PassUntilAsync(() => Journal.Outage is not null && Journal.BrokenRuns == 1);
        Journal.HoldOf(RunDriver.RunId).ShouldBe(new StepHold(PartNames.Journal, Journal.Outage!.Error, Journal.Outage.Since));
        Pass(TimeSpan.FromMinutes(5)); // longer than all attempts together
        Producer.HasMessages.ShouldBeFalse("nothing is begun while the journal is unavailable");

        await ScriptAsync(ScriptedJournal.Way.Write);
        await PassUntilAsync(() => Journal.Outage is null && Journal.BrokenRuns == 0);
        Journal.HoldOf(RunDriver.RunId).ShouldBeNull();
        (await Producer.NextAsync<Producer.Begin>()).ShouldBe(new Producer.Begin(RunDriver.RunId, 1, RunDriver.Spec, 3));
        (await MongoSink.NextAsync<Sink.Begin>()).Attempt.ShouldBe(1);
        Producer.Reply(Say.AllProduced());
        (await StateAsync()).Phase.ShouldBe(RunPhase.Draining);
    }

    [Fact]
    public async Task However_many_runs_wait_one_writer_tries_the_journal()
    {
        const int runs = 20;
        var begun = new List<IActorRef>();
        for (var n = 0; n < runs; n++)
        {
            await DoAsync(new RunCommands.Request($"run-{n}", RunDriver.Spec));
            await DoAsync(new RunCommands.Begin($"run-{n}"));
            await TopicAdmin.NextAsync<TopicAdmin.Begin>();
            begun.Add(TopicAdmin.Sender);
        }

        await ScriptAsync(ScriptedJournal.Way.Fail);
        for (var n = 0; n < runs; n++)
        {
            begun[n].Tell(new RunCommands.ConfirmTopic($"run-{n}", 1, TopicOutcome.Created, 2));
        }

        await PassUntilAsync(() => Journal.BrokenRuns == runs);
        var before = await FailedAsync();
        for (var second = 0; second < 60; second++)
        {
            Pass(TimeSpan.FromSeconds(1));
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }

        (await FailedAsync() - before).ShouldBeInRange(2, 25, "one every 5 s, once the waits have grown");

        await ScriptAsync(ScriptedJournal.Way.Write);
        await PassUntilAsync(() => Journal.BrokenRuns == 0);
        for (var n = 0; n < runs; n++)
        {
            (await TopicAdmin.NextAsync<TopicAdmin.Begin>()).Attempt.ShouldBe(1);
        }
    }

    [Fact]
    public async Task What_is_asked_meanwhile_is_answered_at_once_and_nothing_of_it_is_done()
    {
        var registry = Registry();
        await ProducingAsync();
        await DownAsync();
        var asked = await FailedAsync();
        foreach (var command in new[] { Say.Cancel, Say.Pause, Say.RetryStep(StepId.Produce), new RunCommands.Request("new", RunDriver.Spec) })
        {
            (await AskAsync<RunReplies.Unavailable>(command)).Reason.ShouldStartWith("the journal cannot be written: ");
        }

        (await AskAsync<RunReplies.Unavailable>(new RunQueries.Get(RunDriver.RunId))).RunId.ShouldBe(RunDriver.RunId);
        (await AskAsync<RunReplies.Unavailable>(new RunRegistry.Start("new", RunDriver.Spec), registry)).RunId.ShouldBe("new");
        (await AskAsync<RunReplies.Unavailable>(new RunRegistry.RetryStep(RunDriver.RunId, StepId.Produce), registry)).RunId.ShouldBe(RunDriver.RunId);
        (await FailedAsync()).ShouldBe(asked, "none of it tries the journal");

        await UpAsync();
        (await StateAsync()).Phase.ShouldBe(RunPhase.Producing);
        (await StateAsync("new")).Spec.ShouldBeNull();
        (await AskAsync<RunReplies.Accepted>(new RunRegistry.Start("new", RunDriver.Spec with { Topic = "other" }, OverlapPolicy.Wait), registry))
            .State.Phase.ShouldBe(RunPhase.Requested);
    }

    [Fact]
    public async Task What_waits_behind_the_write_that_fails_is_answered()
    {
        var run = await ProducingAsync();
        var journal = CreateTestProbe();
        await ScriptAsync(ScriptedJournal.Way.Hold, journal);
        Producer.Reply(Say.Produced(5));
        await journal.NextAsync<ScriptedJournal.Held>();
        Runs.Tell(Say.Pause, TestActor);
        Runs.Tell(Say.Cancel, TestActor);
        run.Tell(Say.Heartbeat(StepId.Produce)); // comes after the two
        await ScriptAsync(ScriptedJournal.Way.Fail);

        (await this.NextAsync<RunReplies.Unavailable>()).Message.ShouldBe(Say.Pause);
        (await this.NextAsync<RunReplies.Unavailable>()).Message.ShouldBe(Say.Cancel);
        await UpAsync();
        (await StateAsync()).Phase.ShouldBe(RunPhase.Producing);
    }

    [Fact]
    public async Task A_turn_that_was_given_while_the_journal_was_out_is_not_lost()
    {
        var (listing, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        Catalog.Gate = _ =>
        {
            listing.TrySetResult();
            return gate.Task;
        };
        var start = AskAsync<RunReplies.Accepted>(new RunRegistry.Start("a", RunDriver.Spec), Registry());
        await listing.Task;
        await ScriptAsync(ScriptedJournal.Way.Out);
        gate.SetResult();
        (await start).State.Phase.ShouldBe(RunPhase.Requested);
        await PassUntilAsync(() => Journal.Outage is not null && Journal.BrokenRuns == 1);
        Pass(TimeSpan.FromMinutes(1));

        await UpAsync();
        (await TopicAdmin.NextAsync<TopicAdmin.Begin>()).RunId.ShouldBe("a");
    }

    [Fact]
    public async Task Runs_of_an_earlier_process_are_taken_up_when_they_can_be_read_and_nobody_takes_their_topic_before()
    {
        await DoAsync(new RunCommands.Request("interrupted", RunDriver.Spec));
        var begun = await DoAsync(new RunCommands.Begin("interrupted"));
        await TopicAdmin.NextAsync<TopicAdmin.Begin>();
        var run = TopicAdmin.Sender;
        await Catalog.SaveAsync(RunSummary.From(begun));
        await this.StoppedAsync(run, () => Runs.Tell(new SuspendRun("interrupted")));
        await ScriptAsync(ScriptedJournal.Way.Out);
        var (registry, listener) = (Registry(), CreateTestProbe());
        Sys.EventStream.Subscribe(listener, typeof(RunNotices.Resumed));
        await AskAsync<RunRegistry.Unfinished>(new RunRegistry.ResumeAll(), registry);
        await PassUntilAsync(() => Journal.BrokenRuns == 1);
        Pass(TimeSpan.FromMinutes(1));
        listener.HasMessages.ShouldBeFalse();

        await UpAsync();
        (await TopicAdmin.NextAsync<TopicAdmin.Begin>()).RunId.ShouldBe("interrupted");
        await listener.NextAsync<RunNotices.Resumed>();
        await AskAsync<RunReplies.Accepted>(new RunRegistry.Start("next", RunDriver.Spec), registry);
        (await StateAsync("next")).BeganAt.ShouldBeNull("the interrupted one has the topic");
    }

    [Fact]
    public async Task The_list_of_runs_is_brought_up_to_date_with_what_it_missed()
    {
        var (catalog, status, clock) = (Catalog, Journal, Clock);
        Sys.ActorOf(Props.Create(() => new RunLister(catalog, status, clock)));
        await ProducingAsync();
        await ScriptCatalogAsync(() => Catalog.Gate = _ => Task.FromException(new IOException("the disk is full")));
        await DoAsync(Say.Pause);
        await DoAsync(Say.Cancel);
        await PassUntilAsync(() => Journal.ListOutage is not null);
        Catalog[RunDriver.RunId]!.State.ShouldBe(RunPhase.Producing);
        Journal.ListOutage!.Error.ShouldBe("the disk is full");

        Catalog.Gate = _ => Task.CompletedTask;
        await PassUntilAsync(() => Journal.ListOutage is null);
        Catalog[RunDriver.RunId]!.State.ShouldBe(RunPhase.Cancelled);
    }

    [Fact]
    public async Task An_outage_is_noticed_while_no_run_writes_and_its_end_too()
    {
        (await AskAsync<JournalWatch.Checked>(JournalWatch.Check.Instance, JournalWatcher)).Error.ShouldBeNull();
        await ScriptAsync(ScriptedJournal.Way.Fail);
        await PassUntilAsync(() => Journal.Outage is not null);
        Journal.Outage!.Error.ShouldBe("the disk is full");
        (await AskAsync<JournalWatch.Checked>(JournalWatch.Check.Instance, JournalWatcher)).Error.ShouldBe("the disk is full");
        await UpAsync();
        (await AskAsync<JournalWatch.Checked>(JournalWatch.Check.Instance, JournalWatcher)).Error.ShouldBeNull();
    }

    [Fact]
    public async Task A_journal_that_does_not_answer_is_an_outage_until_it_does()
    {
        var journal = CreateTestProbe();
        await ScriptAsync(ScriptedJournal.Way.Hold, journal);
        var check = AskAsync<JournalWatch.Checked>(JournalWatch.Check.Instance, JournalWatcher);
        await journal.NextAsync<ScriptedJournal.Held>();
        Pass(TimeSpan.FromSeconds(5));
        (await check).Error.ShouldBe("it does not answer within 5 s");
        Journal.Outage.ShouldNotBeNull();
        await ScriptAsync(ScriptedJournal.Way.Write);
        await PassUntilAsync(() => Journal.Outage is null);
    }

    [Fact]
    public async Task What_it_writes_to_look_takes_no_room()
    {
        for (var n = 0; n < 5; n++)
        {
            (await AskAsync<JournalWatch.Checked>(JournalWatch.Check.Instance, JournalWatcher)).Error.ShouldBeNull();
            Pass(TimeSpan.FromSeconds(20));
        }

        var kept = -1;
        for (var n = 0; kept != 0; n++)
        {
            n.ShouldBeLessThan(1_000, "what was written is deleted");
            kept = (await AskAsync<List<long>>(new ScriptedJournal.Look("journal-probe"), Plugin)).Count;
        }
    }

    [Fact]
    public async Task A_run_that_ends_by_a_fault_is_woken_as_well()
    {
        var run = await ProducingAsync();
        await this.StoppedAsync(run, () => run.Tell(Kill.Instance));
        await PassUntilAsync(() => Producer.HasMessages);
        (await Producer.NextAsync<Producer.Begin>()).Attempt.ShouldBe(1);
    }

    private IActorRef Plugin => Persistence.Instance.Apply(Sys).JournalFor(null);

    private IActorRef Registry()
    {
        var (runs, catalog) = (Runs, Catalog);
        return Sys.ActorOf(Props.Create(() => new RunRegistry(runs, catalog)));
    }

    private Task<int> FailedAsync() => AskAsync<int>(ScriptedJournal.CountFailed.Instance, Plugin);

    /// <summary>Takes the journal away under the producing run.</summary>
    private async Task DownAsync()
    {
        await ScriptAsync(ScriptedJournal.Way.Out);
        Producer.Reply(Say.Produced(5));
        await PassUntilAsync(() => Journal.Outage is not null && Journal.BrokenRuns == 1);
    }

    private async Task UpAsync()
    {
        await ScriptAsync(ScriptedJournal.Way.Write);
        await PassUntilAsync(() => Journal.Outage is null && Journal.BrokenRuns == 0);
    }

    private async Task ScriptCatalogAsync(Action script)
    {
        await PassUntilAsync(() => Catalog[RunDriver.RunId]?.State == RunPhase.Producing);
        script();
    }
}
