using Akka.Actor;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Runs;
using OtpActors.Steps;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Runs;

/// <summary>How a run's actor comes, leaves, comes back and breaks.</summary>
public class RunLifeSpecs : RunKit
{
    [Fact]
    public async Task A_suspended_run_leaves_when_the_last_progress_is_journaled_and_answered()
    {
        var run = await ProducingAsync();
        foreach (var step in new[] { Producer, CassandraSink, MongoSink })
        {
            Execute(step);
        }

        Runs.Tell(new SuspendRun(RunDriver.RunId));
        await Producer.NextAsync<StopStep>();
        await CassandraSink.NextAsync<StopStep>();
        await MongoSink.NextAsync<StopStep>();
        Producer.Reply(Say.Produced(6));
        Producer.Reply(new StepStopped(RunDriver.RunId, StepId.Produce));
        CassandraSink.Reply(new StepStopped(RunDriver.RunId, Say.CassandraSink));
        MongoSink.Reply(Say.Progress(Say.MongoSink, 0, 4));
        await MongoSink.NextAsync<RunReplies.Accepted>();
        await this.StoppedAsync(run, () => MongoSink.Reply(new StepStopped(RunDriver.RunId, Say.MongoSink)));

        var state = await StateAsync();
        (state.Phase, state.Produced, state.Sinks[StoreNames.Mongo].Counted[0]).ShouldBe((RunPhase.Producing, 6, 4));
        (await Producer.NextAsync<Producer.Begin>()).From.ShouldBe(6);
    }

    [Fact]
    public async Task An_answer_to_an_earlier_stop_does_not_let_a_run_leave_before_its_steps()
    {
        var run = await ProducingAsync();
        Execute(Producer);
        Producer.Reply(Say.Fail(StepId.Produce));
        await Producer.NextAsync<StopStep>();
        await PassAsync(TimeSpan.FromSeconds(12));
        await Producer.NextAsync<Producer.Begin>();
        Runs.Tell(new SuspendRun(RunDriver.RunId));
        await Producer.NextAsync<StopStep>();

        await this.StoppedAsync(run, () =>
        {
            var stopped = new StepStopped(RunDriver.RunId, StepId.Produce);
            Producer.Reply(stopped); // of the first attempt
            Producer.Reply(Say.Produced(6, attempt: 2));
            Producer.Reply(stopped);
        });
        (await StateAsync()).Produced.ShouldBe(6);
    }

    [Fact]
    public async Task A_run_that_is_told_to_go_on_as_it_leaves_stays()
    {
        await DoAsync(Say.Request());
        await DoAsync(Say.Begin);
        await TopicAdmin.NextAsync<TopicAdmin.Begin>();
        await DoAsync(Say.Cancel);

        // In one go: the first wakes the run, which finds nothing to do and asks to leave; the second reopens it.
        Runs.Tell(new RunQueries.Get(RunDriver.RunId), TestActor);
        Runs.Tell(Say.RetryStep(StepId.EnsureTopic), TestActor);

        (await TopicAdmin.NextAsync<TopicAdmin.Begin>()).Attempt.ShouldBe(2);
        TopicAdmin.Reply(Say.Topic(attempt: 2));
        await CassandraSink.NextAsync<Sink.Begin>(); // and works on
    }

    [Fact]
    public async Task All_runs_are_suspended_and_then_that_is_said()
    {
        await ProducingAsync();
        await AskAsync<RunReplies.Accepted>(new RunCommands.Request("run-2", RunDriver.Spec));
        await AskAsync<RunsParent.AllSuspended>(new RunsParent.SuspendAll());
        await AskAsync<RunsParent.AllSuspended>(new RunsParent.SuspendAll());
        (await StateAsync()).Phase.ShouldBe(RunPhase.Producing);
    }

    [Fact]
    public async Task A_run_that_wakes_while_all_are_suspended_leaves_as_well()
    {
        await ProducingAsync();
        Execute(Producer);
        var all = AskAsync<RunsParent.AllSuspended>(new RunsParent.SuspendAll());
        await Producer.NextAsync<StopStep>();
        Runs.Tell(new RunCommands.Request("run-2", RunDriver.Spec), TestActor);
        await this.NextAsync<RunReplies.Accepted>();

        Producer.Reply(new StepStopped(RunDriver.RunId, StepId.Produce));
        await all;
    }

    [Fact]
    public async Task A_run_that_is_over_leaves_and_wakes_when_asked()
    {
        var run = await ProducingAsync();
        await this.StoppedAsync(run, () => Runs.Tell(Say.Cancel, TestActor));
        await this.NextAsync<RunReplies.Accepted>();

        Runs.Tell(new RunQueries.Get(RunDriver.RunId), TestActor);
        (await this.NextAsync<RunReplies.Accepted>()).State.Phase.ShouldBe(RunPhase.Cancelled);
        var woken = LastSender;
        woken.ShouldNotBe(run);
        await this.StoppedAsync(woken, () => { });
    }

    [Fact]
    public async Task A_run_that_nobody_requested_leaves_once_asked_for()
    {
        Runs.Tell(new RunQueries.Get("no-such-run"), TestActor);
        (await this.NextAsync<RunReplies.Accepted>()).State.Spec.ShouldBeNull();
        await this.StoppedAsync(LastSender, () => { });

        Runs.Tell(new RunCommands.Cancel("no-such-run", ""), TestActor);
        (await this.NextAsync<RunReplies.Refused>()).Reason.ShouldBe("the run is not known");
        await this.StoppedAsync(LastSender, () => { });
    }

    [Fact]
    public async Task A_request_that_meets_a_leaving_run_is_not_lost()
    {
        // Nothing is waited for between the two: the request meets the run before, while or after it leaves.
        for (var n = 0; n < 20; n++)
        {
            var id = $"run-{n}";
            Runs.Tell(new RunQueries.Get(id), TestActor);
            Runs.Tell(new RunCommands.Request(id, RunDriver.Spec), TestActor);
            Runs.Tell(new RunCommands.Begin(id), TestActor);
            (await this.NextAsync<RunReplies.Accepted>()).State.Phase.ShouldBe(RunPhase.New);
            (await this.NextAsync<RunReplies.Accepted>()).State.Phase.ShouldBe(RunPhase.Requested);
            (await this.NextAsync<RunReplies.Accepted>()).State.Phase.ShouldBe(RunPhase.EnsuringTopic);
        }
    }

    [Fact]
    public async Task A_run_whose_journal_fails_breaks_off_and_stops_its_steps()
    {
        var run = await ProducingAsync();
        Sys.EventStream.Subscribe(TestActor, typeof(RunNotices.Broken));
        Execute(Producer);
        await ScriptAsync(ScriptedJournal.Way.Fail);
        await this.StoppedAsync(run, () => Producer.Reply(Say.Produced(5)));

        var broken = await this.NextAsync<RunNotices.Broken>();
        (broken.RunId, broken.Error).ShouldBe((RunDriver.RunId, "the journal cannot be written: the disk is full"));
        await Producer.NextAsync<StopStep>();

        await ScriptAsync(ScriptedJournal.Way.Write);
        await PassUntilAsync(() => Journal.Outage is null && Journal.BrokenRuns == 0);
        (await StateAsync()).Produced.ShouldBe(0);
        await Producer.NextAsync<Producer.Begin>();
    }

    [Fact]
    public async Task A_run_whose_journal_refuses_an_event_breaks_off()
    {
        var run = await ProducingAsync();
        Sys.EventStream.Subscribe(TestActor, typeof(RunNotices.Broken));
        await ScriptAsync(ScriptedJournal.Way.Reject);
        MongoSink.Reply(Say.Progress(Say.MongoSink, 0, 4));
        (await this.NextAsync<RunNotices.Broken>()).Error.ShouldBe("the journal refuses an event: no such form");
        await this.StoppedAsync(run, () => { });
        MongoSink.HasMessages.ShouldBeFalse("a progress that is not journaled is not answered");

        await ScriptAsync(ScriptedJournal.Way.Write);
        await PassUntilAsync(() => Journal.Outage is null && Journal.BrokenRuns == 0);
        (await StateAsync()).Sinks[StoreNames.Mongo].Counts.Read.ShouldBe(0);
    }
}
