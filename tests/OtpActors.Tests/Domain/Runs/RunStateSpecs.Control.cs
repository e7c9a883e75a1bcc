using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Domain.Runs;

/// <summary>Pausing, and one more attempt of a step.</summary>
public partial class RunStateSpecs
{
    [Fact]
    public void A_paused_run_has_nothing_in_flight_but_its_deadline_and_goes_on_where_it_was()
    {
        var run = RunDriver.At(RunPhase.Producing);
        var before = run.State.Effects().ToList();
        run.Do(Say.Pause);
        run.State.Effects().ShouldHaveSingleItem().ShouldBeOfType<RunEffect.DeadlineAt>();
        run.Do(Say.Resume);
        run.State.Phase.ShouldBe(RunPhase.Producing);
        run.State.Effects().ShouldBe(before);
    }

    [Fact]
    public void What_is_finished_while_a_run_is_paused_counts()
    {
        var run = RunDriver.At(RunPhase.Producing).Do(Say.Pause, Say.AllProduced(), Say.Resume);
        run.State.Phase.ShouldBe(RunPhase.Draining);
    }

    [Fact]
    public void A_run_can_be_paused_before_its_turn_and_keeps_still_when_it_comes()
    {
        var run = RunDriver.At(RunPhase.Requested).Do(Say.Pause, Say.Begin);
        run.State.Effects().OfType<RunEffect.EnsureTopic>().ShouldBeEmpty();
        run.Do(Say.Resume).State.Effects().OfType<RunEffect.EnsureTopic>().ShouldHaveSingleItem();
    }

    [Fact]
    public void A_retry_cuts_the_wait_for_the_next_attempt_short()
    {
        var run = RunDriver.At(RunPhase.Producing).Do(Say.Fail(StepId.Produce));
        run[StepId.Produce].Status.ShouldBe(StepStatus.Retrying);
        run.Do(Say.RetryStep(StepId.Produce));
        run[StepId.Produce].ShouldSatisfyAllConditions(
            step => step.Status.ShouldBe(StepStatus.Running), step => step.Attempt.ShouldBe(2), step => step.RetryAt.ShouldBeNull());
    }

    [Fact]
    public void A_chain_that_failed_goes_on_while_the_run_does()
    {
        var run = RunDriver.At(RunPhase.Producing).FailForGood(Say.CassandraSink);
        run.State.IsTerminal.ShouldBeFalse();
        run.Do(Say.RetryStep(Say.CassandraSink));
        run[Say.CassandraSink].ShouldSatisfyAllConditions(
            step => step.Status.ShouldBe(StepStatus.Running), step => step.Attempt.ShouldBe(4));
    }

    [Fact]
    public void A_failed_run_is_opened_again_and_completes()
    {
        var run = RunDriver.At(RunPhase.Draining).FailForGood(Say.CassandraSink);
        run.Do(Say.Drained(Say.MongoSink), Say.Checked(StoreNames.Mongo), Say.AllNotified(StepId.Mail(StoreNames.Mongo)), Say.AllNotified(StepId.Slack(StoreNames.Mongo)));
        run.State.Outcome.ShouldBe(RunOutcome.Failed);
        var ended = run.State.Timeline[^1];

        run.Do(Say.RetryStep(Say.CassandraSink));

        run.State.ShouldSatisfyAllConditions(
            state => state.IsTerminal.ShouldBeFalse(),
            state => state.Reason.ShouldBeNull(),
            state => state.EndedAt.ShouldBeNull(),
            state => state.Steps[StepId.Mail(StoreNames.Mongo)].Status.ShouldBe(StepStatus.Completed),
            state => state.Steps[Say.CassandraCheck].Status.ShouldBe(StepStatus.Pending),
            state => state.Timeline.ShouldContain(ended, "what happened stays told"));
        var attempt = run[Say.CassandraSink].Attempt;
        run.State.Effects().OfType<RunEffect.Drain>().ShouldHaveSingleItem().Attempt.ShouldBe(attempt);
        run.Do(
            Say.Ready(Say.CassandraSink, attempt), Say.Drained(Say.CassandraSink, attempt), Say.Checked(StoreNames.Cassandra),
            Say.AllNotified(Say.CassandraMail), Say.AllNotified(StepId.Slack(StoreNames.Cassandra)));
        run.State.Outcome.ShouldBe(RunOutcome.Completed);
    }

    [Fact]
    public void A_retry_by_hand_is_one_attempt()
    {
        var run = RunDriver.At(RunPhase.Failed).Do(Say.RetryStep(StepId.EnsureTopic));
        run.Do(Say.Fail(StepId.EnsureTopic, run[StepId.EnsureTopic].Attempt));
        run.State.Outcome.ShouldBe(RunOutcome.Failed);
    }

    [Fact]
    public void All_that_was_cancelled_with_a_run_goes_on_when_one_of_it_is_retried()
    {
        var run = RunDriver.At(RunPhase.Cancelled).Do(Say.RetryStep(StepId.Produce));
        run[Say.CassandraSink].ShouldSatisfyAllConditions(
            sink => sink.Status.ShouldBe(StepStatus.Running), sink => sink.Attempt.ShouldBe(2));
        run[StepId.Produce].Status.ShouldBe(StepStatus.Pending, "it waits for the sinks");
        run.Do(Say.Ready(Say.CassandraSink, 2), Say.Ready(Say.MongoSink, 2));
        run[StepId.Produce].ShouldSatisfyAllConditions(
            step => step.Status.ShouldBe(StepStatus.Running), step => step.Attempt.ShouldBe(2));
    }

    [Fact]
    public void The_deadline_of_a_run_that_is_opened_again_counts_from_then()
    {
        var run = RunDriver.At(RunPhase.TimedOut);
        run.Now += TimeSpan.FromDays(3);
        var again = run.Now;
        run.Do(Say.RetryStep(StepId.Produce));
        run.State.Effects().OfType<RunEffect.DeadlineAt>().Single().At.ShouldBe(again + RunDriver.Spec.Deadline!.Value);
        run.Refuse(Say.Deadline).ShouldContain("deadline");
    }

    [Fact]
    public void Other_steps_cannot_be_retried()
    {
        var run = RunDriver.At(RunPhase.Producing);
        run.Refuse(Say.RetryStep(StepId.Produce)).ShouldContain("running");
        run.Refuse(Say.RetryStep(StepId.EnsureTopic)).ShouldContain("done");
        run.Refuse(Say.RetryStep(Say.CassandraMail)).ShouldContain("has not come");
        RunDriver.At(RunPhase.Cancelled).Refuse(Say.RetryStep(Say.CassandraMail)).ShouldContain("not reached");
        run.Refuse(Say.RetryStep(new StepId(StepKind.Sink, "nowhere"))).ShouldContain("no step");
    }

    [Fact]
    public void The_timeline_tells_what_happened_and_leaves_mere_progress_out()
    {
        var run = RunDriver.At(RunPhase.Completed);
        var facts = run.State.Timeline;
        facts[0].What.ShouldBe("requested");
        facts[^1].ShouldBe(new RunFact(run.State.Version, run.Now, "ended", Detail: "Completed"));
        facts.Select(fact => fact.Version).ShouldBeInOrder(SortDirection.Ascending);
        facts.ShouldNotContain(fact => fact.What == "SinkProgressed" || char.IsUpper(fact.What[0]));
        var paused = RunDriver.At(RunPhase.Producing);
        for (var n = 0; n < RunState.TimelineLength; n++)
        {
            paused.Do(Say.Pause, Say.Resume);
        }

        paused.State.Timeline.Count.ShouldBe(RunState.TimelineLength);
        paused.State.Timeline[^1].Version.ShouldBe(paused.State.Version);
    }
}
