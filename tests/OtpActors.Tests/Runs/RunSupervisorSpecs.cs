using Akka.Actor;
using Akka.TestKit;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Steps;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Runs;

public class RunSupervisorSpecs : RunKit
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Answers_only_after_the_facts_are_journaled()
    {
        var (asker, journal) = (CreateTestProbe(), CreateTestProbe());
        await ScriptAsync(ScriptedJournal.Way.Hold, journal);
        Runs.Tell(Say.Request(), asker);
        await journal.NextAsync<ScriptedJournal.Held>();
        asker.HasMessages.ShouldBeFalse();
        Catalog[RunDriver.RunId].ShouldBeNull();

        await ScriptAsync(ScriptedJournal.Way.Write);
        (await asker.NextAsync<RunReplies.Accepted>()).State.Phase.ShouldBe(RunPhase.Requested);
    }

    [Fact]
    public async Task A_run_takes_its_steps_in_order_to_the_end()
    {
        var ended = CreateTestProbe();
        Sys.EventStream.Subscribe(ended, typeof(RunNotices.Updated));
        await DoAsync(Say.Request());
        TopicAdmin.HasMessages.ShouldBeFalse();

        await DoAsync(Say.Begin);
        (await TopicAdmin.NextAsync<TopicAdmin.Begin>()).ShouldBe(new TopicAdmin.Begin(RunDriver.RunId, 1, RunDriver.Spec));
        TopicAdmin.Reply(Say.Topic());
        foreach (var (sink, step) in Sinks)
        {
            var begin = await sink.NextAsync<Sink.Begin>();
            (begin.Step, begin.Attempt, begin.Counted.Count).ShouldBe((step, 1, 0));
        }

        Producer.HasMessages.ShouldBeFalse();
        CassandraSink.Reply(Say.Ready(Say.CassandraSink));
        MongoSink.Reply(Say.Ready(Say.MongoSink));
        (await Producer.NextAsync<Producer.Begin>()).ShouldBe(new Producer.Begin(RunDriver.RunId, 1, RunDriver.Spec, 0));
        Producer.Reply(Say.AllProduced());
        foreach (var (sink, step) in Sinks)
        {
            (await sink.NextAsync<Sink.Drain>()).HighWatermarks.ShouldBe(Say.Offsets((0, 6), (1, 4)));
            sink.Reply(Say.Progress(step, 0, 6));
            await sink.NextAsync<RunReplies.Accepted>();
            sink.Reply(Say.Drained(step));
        }

        for (var store = 0; store < 2; store++)
        {
            var check = await Checker.NextAsync<Checker.Begin>();
            Checker.Reply(Say.Checked(check.Step.Store!));
        }

        for (var step = 0; step < 4; step++)
        {
            var notify = await Notifier.NextAsync<Notifier.Begin>();
            Notifier.Reply(Say.AllNotified(notify.Step));
        }

        await ended.UntilAsync<RunNotices.Updated>(notice => notice.State.Outcome == RunOutcome.Completed);
        (await StateAsync()).Phase.ShouldBe(RunPhase.Completed);
        Catalog[RunDriver.RunId]!.State.ShouldBe(RunPhase.Completed);
    }

    [Fact]
    public async Task A_killed_run_goes_on_in_the_same_steps_and_attempts_with_what_is_known()
    {
        var run = await ProducingAsync();
        Producer.Reply(Say.Produced(4));
        MongoSink.Reply(Say.Progress(Say.MongoSink, 0, 3));
        await MongoSink.NextAsync<RunReplies.Accepted>();
        await StateAsync();

        await this.StoppedAsync(run, () => run.Tell(Kill.Instance));
        (await StateAsync()).Phase.ShouldBe(RunPhase.Producing);

        (await Producer.NextAsync<Producer.Begin>()).ShouldBe(new Producer.Begin(RunDriver.RunId, 1, RunDriver.Spec, 4));
        var sink = await MongoSink.NextAsync<Sink.Begin>();
        (sink.Attempt, sink.Counted.GetValueOrDefault(0)).ShouldBe((1, 3));
        (await CassandraSink.NextAsync<Sink.Begin>()).Attempt.ShouldBe(1);
        Producer.Sender.ShouldNotBe(run);
    }

    [Fact]
    public async Task A_failed_attempt_is_tried_again_after_the_delay_until_none_is_left()
    {
        await DoAsync(Say.Request());
        await DoAsync(Say.Begin);
        (await TopicAdmin.NextAsync<TopicAdmin.Begin>()).Attempt.ShouldBe(1);
        TopicAdmin.Reply(Say.Fail(StepId.EnsureTopic));
        var due = (await StateAsync()).Steps[StepId.EnsureTopic].RetryAt!.Value;

        await PassAsync(due - Clock.GetUtcNow() - Second);
        (await StateAsync()).Steps[StepId.EnsureTopic].Status.ShouldBe(StepStatus.Retrying);
        await PassAsync(Second);
        (await TopicAdmin.NextAsync<TopicAdmin.Begin>()).Attempt.ShouldBe(2);

        TopicAdmin.Reply(Say.Fail(StepId.EnsureTopic, 2));
        (await StateAsync()).Reason.ShouldBe("ensure-topic: broken");
    }

    [Fact]
    public async Task A_recovered_run_waits_only_for_what_is_left_of_the_delay()
    {
        var run = await ProducingAsync();
        Producer.Reply(Say.Fail(StepId.Produce));
        var due = (await StateAsync()).Steps[StepId.Produce].RetryAt!.Value;
        await this.StoppedAsync(run, () => run.Tell(Kill.Instance));

        Clock.SetUtcNow(due - Second);
        await PassAsync(Second);
        (await Producer.NextAsync<Producer.Begin>()).Attempt.ShouldBe(2);
    }

    [Fact]
    public async Task An_attempt_without_progress_is_given_up()
    {
        await ProducingAsync();
        await PassAsync(TimeSpan.FromSeconds(44));
        CassandraSink.Reply(Say.Heartbeat(Say.CassandraSink));
        MongoSink.Reply(Say.Progress(Say.MongoSink, 0, 1));
        await MongoSink.NextAsync<RunReplies.Accepted>();
        await PassAsync(Second);

        var steps = (await StateAsync()).Steps;
        (steps[StepId.Produce].Status, steps[StepId.Produce].Detail).ShouldBe((StepStatus.Retrying, "no progress for 45 s"));
        steps[Say.CassandraSink].Status.ShouldBe(StepStatus.Running, "a heartbeat keeps it alive");
        steps[Say.MongoSink].Status.ShouldBe(StepStatus.Running);

        await PassAsync(TimeSpan.FromSeconds(44));
        (await StateAsync()).Steps[Say.CassandraSink].Status.ShouldBe(StepStatus.Retrying);
    }

    [Fact]
    public async Task An_alarm_that_goes_off_before_the_clock_says_so_is_set_again()
    {
        await ProducingAsync(RunDriver.Spec with { Deadline = TimeSpan.FromSeconds(40) });
        Producer.Reply(Say.Fail(StepId.Produce));
        await PassAsync(TimeSpan.FromSeconds(5));
        var late = Clock.GetUtcNow();
        ((TestScheduler)Sys.Scheduler).Advance(TimeSpan.FromSeconds(35));
        (await StateAsync()).Steps[StepId.Produce].Status.ShouldBe(StepStatus.Retrying);

        await PassAsync(TimeSpan.FromSeconds(7));
        (await Producer.NextAsync<Producer.Begin>()).Attempt.ShouldBe(2);
        Clock.GetUtcNow().ShouldBe(late + TimeSpan.FromSeconds(7));
        await PassAsync(TimeSpan.FromSeconds(28));
        (await StateAsync()).Outcome.ShouldBe(RunOutcome.TimedOut);
    }

    [Fact]
    public async Task An_alarm_that_goes_off_while_the_journal_writes_is_not_lost()
    {
        await ProducingAsync();
        Producer.Reply(Say.Fail(StepId.Produce));
        await StateAsync();
        var journal = CreateTestProbe();
        await ScriptAsync(ScriptedJournal.Way.Hold, journal);
        MongoSink.Reply(Say.Progress(Say.MongoSink, 0, 1));
        await journal.NextAsync<ScriptedJournal.Held>();

        Pass(TimeSpan.FromSeconds(12));
        await ScriptAsync(ScriptedJournal.Way.Write);
        (await Producer.NextAsync<Producer.Begin>()).Attempt.ShouldBe(2);
    }

    [Fact]
    public async Task The_window_ends_the_wait_for_a_sink_that_stores_nothing_more()
    {
        await ProducingAsync();
        Producer.Reply(Say.AllProduced());
        await PassAsync(TimeSpan.FromSeconds(29));
        MongoSink.Reply(Say.Progress(Say.MongoSink, 0, 1));
        CassandraSink.Reply(Say.Heartbeat(Say.CassandraSink));
        await PassAsync(Second);

        await CassandraSink.UntilAsync<Sink.EndDrain>(); // a heartbeat is no progress
        CassandraSink.Reply(Say.Elapsed(Say.CassandraSink));
        (await Checker.NextAsync<Checker.Begin>()).Step.ShouldBe(Say.CassandraCheck);
        (await StateAsync()).Steps[Say.MongoSink].Status.ShouldBe(StepStatus.Running);
        await PassAsync(TimeSpan.FromSeconds(29));
        await MongoSink.UntilAsync<Sink.EndDrain>();
        MongoSink.Reply(Say.Elapsed(Say.MongoSink));
        (await Checker.NextAsync<Checker.Begin>()).Step.ShouldBe(StepId.Check(StoreNames.Mongo));
    }

    [Fact]
    public async Task A_sink_that_has_something_under_way_has_another_window()
    {
        await ProducingAsync();
        Producer.Reply(Say.AllProduced());
        await PassAsync(TimeSpan.FromSeconds(30));
        await CassandraSink.UntilAsync<Sink.EndDrain>(); // and says nothing: a commit is not answered
        CassandraSink.Reply(Say.Heartbeat(Say.CassandraSink));
        await PassAsync(TimeSpan.FromSeconds(29));
        (await StateAsync()).Steps[Say.CassandraSink].Status.ShouldBe(StepStatus.Running);
        CassandraSink.HasMessages.ShouldBeFalse();
        await PassAsync(Second);
        await CassandraSink.NextAsync<Sink.EndDrain>();
    }

    [Fact]
    public async Task A_suspended_process_costs_no_attempt_and_ends_no_wait_however_long_it_was()
    {
        await ProducingAsync();
        Producer.Reply(Say.AllProduced());
        await PassAsync(TimeSpan.FromSeconds(20));
        await SuspendAsync(TimeSpan.FromMinutes(50));
        await PassAsync(Second);

        var steps = (await StateAsync()).Steps;
        (steps[Say.CassandraSink].Status, steps[Say.CassandraSink].Attempt).ShouldBe((StepStatus.Running, 1));
        await CassandraSink.UntilAsync<Sink.Drain>();
        CassandraSink.HasMessages.ShouldBeFalse();
        await PassAsync(TimeSpan.FromSeconds(18)); // the silence before and after it counts
        await CassandraSink.NextAsync<Sink.EndDrain>();
    }

    [Fact]
    public async Task A_held_step_is_silent_for_as_long_as_its_run_lets_it_and_then_given_up()
    {
        await ProducingAsync(RunDriver.Spec with { Deadline = null });
        CassandraSink.Reply(Say.Hold(Say.CassandraSink));
        Producer.Reply(Say.AllProduced());
        MongoSink.Reply(Say.Drained(Say.MongoSink));
        await PassAsync(TimeSpan.FromMinutes(15) - Second);
        (await StateAsync()).Steps[Say.CassandraSink].ShouldSatisfyAllConditions(
            step => step.Status.ShouldBe(StepStatus.Running),
            step => step.Attempt.ShouldBe(1),
            step => step.Hold!.Since.ShouldBe(RunDriver.Start));

        await PassAsync(Second);
        (await StateAsync()).Steps[Say.CassandraSink].ShouldSatisfyAllConditions(
            step => step.Status.ShouldBe(StepStatus.Failed),
            step => step.Detail.ShouldBe("waited 15 min for cassandra: connection refused"));
    }

    [Fact]
    public async Task A_released_step_has_its_limits_again_and_all_of_them()
    {
        await ProducingAsync();
        Producer.Reply(Say.Hold(StepId.Produce, waitsFor: PartNames.Topic));
        await AliveAsync(TimeSpan.FromMinutes(2), Sinks);
        Producer.Reply(Say.Release(StepId.Produce));
        await AliveAsync(TimeSpan.FromSeconds(44), Sinks);
        (await StateAsync()).Steps[StepId.Produce].Status.ShouldBe(StepStatus.Running);
        await PassAsync(Second);
        (await StateAsync()).Steps[StepId.Produce].Status.ShouldBe(StepStatus.Retrying);
    }

    [Fact]
    public async Task After_a_restart_a_hold_goes_on_from_its_first_moment_and_the_step_is_told_of_it()
    {
        var run = await ProducingAsync();
        var others = Sinks.Skip(1).Append((Producer, StepId.Produce)).ToArray();
        CassandraSink.Reply(Say.Hold(Say.CassandraSink));
        await AliveAsync(TimeSpan.FromMinutes(2), others);
        await this.StoppedAsync(run, () => run.Tell(Kill.Instance));
        Clock.Advance(TimeSpan.FromMinutes(12));
        (await StateAsync()).Steps[Say.CassandraSink].Hold!.Since.ShouldBe(RunDriver.Start);
        (await CassandraSink.NextAsync<Sink.Begin>()).Hold
            .ShouldBe(new StepHold(StoreNames.Cassandra, "connection refused", RunDriver.Start));

        await MongoSink.NextAsync<Sink.Begin>();
        await Producer.NextAsync<Producer.Begin>();
        await AliveAsync(TimeSpan.FromSeconds(59), others);
        (await StateAsync()).Steps[Say.CassandraSink].Status.ShouldBe(StepStatus.Running);
        await PassAsync(Second);
        (await StateAsync()).Steps[Say.CassandraSink].Status.ShouldBe(StepStatus.Failed);
    }

    [Fact]
    public async Task A_part_that_is_back_after_a_process_was_away_for_longer_than_the_limit_is_not_too_late()
    {
        var run = await ProducingAsync(RunDriver.Spec with { Deadline = null });
        CassandraSink.Reply(Say.Hold(Say.CassandraSink));
        await StateAsync();
        await this.StoppedAsync(run, () => run.Tell(Kill.Instance));
        Clock.Advance(TimeSpan.FromHours(3));
        await StateAsync();
        await CassandraSink.NextAsync<Sink.Begin>();
        await PassAsync(TimeSpan.FromSeconds(30));
        CassandraSink.Reply(Say.Release(Say.CassandraSink));
        await PassAsync(TimeSpan.FromSeconds(30));
        var step = (await StateAsync()).Steps[Say.CassandraSink];
        (step.Status, step.Attempt, step.Hold).ShouldBe((StepStatus.Running, 1, null));
    }

    [Fact]
    public async Task Late_answers_of_an_older_attempt_change_nothing()
    {
        await ProducingAsync();
        MongoSink.Reply(Say.Fail(Say.MongoSink));
        await PassAsync(TimeSpan.FromSeconds(11));
        (await MongoSink.NextAsync<Sink.Begin>()).Attempt.ShouldBe(2);
        var before = await StateAsync();

        MongoSink.Reply(Say.Progress(Say.MongoSink, 0, 5, attempt: 1));
        await MongoSink.NextAsync<RunReplies.Refused>();
        MongoSink.Reply(Say.Fail(Say.MongoSink, 1));
        MongoSink.Reply(Say.Ready(Say.MongoSink, 1));
        (await StateAsync()).ShouldBe(before);
    }

    [Fact]
    public async Task Cancelling_stops_what_is_in_flight()
    {
        var run = await ProducingAsync();
        foreach (var probe in new[] { Producer, CassandraSink, MongoSink })
        {
            probe.IgnoreNoMessages();
        }

        await this.StoppedAsync(run, () => Runs.Tell(Say.Cancel, TestActor));
        (await this.NextAsync<RunReplies.Accepted>()).State.Outcome.ShouldBe(RunOutcome.Cancelled);
        (await Producer.NextAsync<StopStep>()).Step.ShouldBe(StepId.Produce);
        (await CassandraSink.NextAsync<StopStep>()).Step.ShouldBe(Say.CassandraSink);
        (await MongoSink.NextAsync<StopStep>()).Step.ShouldBe(Say.MongoSink);
    }

    [Fact]
    public async Task The_deadline_ends_a_run()
    {
        await ProducingAsync();
        await SuspendAsync(RunDriver.Spec.Deadline!.Value);
        (await StateAsync()).Outcome.ShouldBe(RunOutcome.TimedOut);
    }

    /// <summary>Lets time pass while these steps show that they are at work.</summary>
    private async Task AliveAsync(TimeSpan time, params (TestProbe Probe, StepId Step)[] steps)
    {
        for (var left = time; left > TimeSpan.Zero; left -= TimeSpan.FromSeconds(20))
        {
            Array.ForEach(steps, step => step.Probe.Reply(Say.Heartbeat(step.Step)));
            await PassAsync(left < TimeSpan.FromSeconds(20) ? left : TimeSpan.FromSeconds(20));
        }
    }
}
