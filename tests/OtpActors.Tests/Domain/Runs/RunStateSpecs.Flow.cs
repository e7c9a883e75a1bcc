using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Domain.Runs;

/// <summary>The way of a run through its phases and chains.</summary>
public partial class RunStateSpecs
{
    [Fact]
    public void Request_twice_changes_nothing()
    {
        var run = RunDriver.At(RunPhase.Producing);
        run.Try(Say.Request(RunDriver.Spec with { Topic = "another" })).ShouldBe(RunDecision.Nothing);
        run.State.Spec!.Topic.ShouldBe("email_topic");
    }

    [Theory]
    [InlineData(TopicOutcome.Created)]
    [InlineData(TopicOutcome.Exists)]
    public void A_created_and_an_existing_topic_both_go_on_to_produce(TopicOutcome outcome)
    {
        var run = RunDriver.At(RunPhase.EnsuringTopic)
            .Do(Say.Topic(outcome), Say.Ready(Say.CassandraSink), Say.Ready(Say.MongoSink));

        run.State.Topic.ShouldBe(new TopicEnsured(outcome, 2));
        run.State.Phase.ShouldBe(RunPhase.Producing);
        run[StepId.Produce].Status.ShouldBe(StepStatus.Running);
    }

    [Fact]
    public void Production_waits_until_both_sinks_are_ready()
    {
        var run = RunDriver.At(RunPhase.StartingSinks).Do(Say.Ready(Say.MongoSink));
        run[StepId.Produce].Status.ShouldBe(StepStatus.Pending);

        run.Do(Say.Ready(Say.CassandraSink));
        run[StepId.Produce].Status.ShouldBe(StepStatus.Running);
    }

    [Fact]
    public void A_sink_that_loses_its_partitions_holds_production_back_until_it_is_ready_again()
    {
        var run = RunDriver.At(RunPhase.StartingSinks).Do(Say.Ready(Say.MongoSink), Say.Fail(Say.MongoSink), Say.Ready(Say.CassandraSink));
        run[StepId.Produce].Status.ShouldBe(StepStatus.Pending);

        run.Now = run[Say.MongoSink].RetryAt!.Value;
        run.Do(Say.Retry(Say.MongoSink), Say.Ready(Say.MongoSink, 2));
        run.State.Phase.ShouldBe(RunPhase.Producing);
    }

    [Fact]
    public void Production_does_not_wait_for_a_sink_that_failed_for_good()
    {
        var run = RunDriver.At(RunPhase.StartingSinks).Do(Say.Ready(Say.CassandraSink)).FailForGood(Say.MongoSink);
        run.State.Phase.ShouldBe(RunPhase.Producing);
    }

    [Fact]
    public void A_chain_goes_on_to_the_end_though_the_other_has_failed()
    {
        var run = RunDriver.At(RunPhase.Producing).FailForGood(Say.MongoSink)
            .Do(Say.AllProduced(), Say.Drained(Say.CassandraSink), Say.Checked(StoreNames.Cassandra));
        run.State.Phase.ShouldBe(RunPhase.Notifying);

        run.Do(Say.AllNotified(Say.CassandraMail), Say.AllNotified(StepId.Slack(StoreNames.Cassandra)));
        run.State.Outcome.ShouldBe(RunOutcome.Failed);
        run.State.Reason.ShouldBe("mongo-sink: broken");
        run[StepId.Check(StoreNames.Mongo)].Status.ShouldBe(StepStatus.Skipped);
        run[StepId.Slack(StoreNames.Cassandra)].Status.ShouldBe(StepStatus.Completed);
    }

    [Fact]
    public void A_chain_runs_ahead_of_a_slower_one()
    {
        var run = RunDriver.At(RunPhase.Draining).Do(Say.Drained(Say.CassandraSink), Say.Checked(StoreNames.Cassandra));
        run[Say.CassandraMail].Status.ShouldBe(StepStatus.Running);
        run.State.Phase.ShouldBe(RunPhase.Draining, "the earliest work that is still to be done");
    }

    [Fact]
    public void A_run_whose_sinks_have_both_failed_fails_at_once()
    {
        var run = RunDriver.At(RunPhase.Producing).FailForGood(Say.MongoSink);
        run.State.IsTerminal.ShouldBeFalse();

        run.FailForGood(Say.CassandraSink);
        run.State.Outcome.ShouldBe(RunOutcome.Failed);
        run.State.Reason.ShouldBe("cassandra-sink: broken; mongo-sink: broken");
        run[StepId.Produce].Status.ShouldBe(StepStatus.Cancelled);
    }

    [Theory]
    [InlineData("ensure-topic", RunPhase.EnsuringTopic)]
    [InlineData("produce", RunPhase.Producing)]
    public void A_step_of_the_run_out_of_attempts_fails_it_at_once(string name, RunPhase phase)
    {
        StepId.TryParse(name, out var step).ShouldBeTrue();
        var run = RunDriver.At(phase).FailForGood(step.Value);
        run.State.Outcome.ShouldBe(RunOutcome.Failed);
        run.State.Reason.ShouldBe($"{name}: broken");
    }

    [Fact]
    public void A_window_that_elapsed_goes_on_to_check()
    {
        var run = RunDriver.At(RunPhase.Draining).Do(Say.Elapsed(Say.CassandraSink), Say.Drained(Say.MongoSink));
        run.State.Phase.ShouldBe(RunPhase.Checking);
        run[Say.CassandraSink].Detail.ShouldBe("WindowElapsed");
        run[Say.MongoSink].Detail.ShouldBe("Drained");
    }

    [Fact]
    public void A_run_without_notifications_skips_mail_and_Slack()
    {
        var run = RunDriver.At(RunPhase.Checking, RunDriver.Spec with { NotifyLimit = 0 })
            .Do(Say.Checked(StoreNames.Cassandra), Say.Checked(StoreNames.Mongo));
        run.State.Outcome.ShouldBe(RunOutcome.Completed);
        run[Say.CassandraMail].ShouldBe(new StepState(StepStatus.Skipped, EndedAt: run.Now, Detail: "notifications are off"));
        run[StepId.Slack(StoreNames.Mongo)].Status.ShouldBe(StepStatus.Skipped);
    }

    [Fact]
    public void A_store_where_nothing_was_found_is_not_notified_of()
    {
        var run = RunDriver.At(RunPhase.Checking).Do(Say.Checked(StoreNames.Cassandra, found: 0), Say.Checked(StoreNames.Mongo));
        run[Say.CassandraMail].Detail.ShouldBe("nothing was found");
        run[StepId.Slack(StoreNames.Cassandra)].Status.ShouldBe(StepStatus.Skipped);
        run[StepId.Mail(StoreNames.Mongo)].Status.ShouldBe(StepStatus.Running);
        run.State.StoresAgree.ShouldBeFalse();
    }

    [Fact]
    public void A_cancelled_run_keeps_the_reason_and_closes_its_steps()
    {
        var run = RunDriver.At(RunPhase.Producing).Do(Say.Cancel);
        run.State.Reason.ShouldBe("asked to");
        run.State.EndedAt.ShouldBe(run.Now);
        run[StepId.EnsureTopic].Status.ShouldBe(StepStatus.Completed);
        run[StepId.Produce].Status.ShouldBe(StepStatus.Cancelled);
        run[Say.CassandraMail].Status.ShouldBe(StepStatus.Skipped);
    }

    [Fact]
    public void A_run_times_out_at_its_deadline_and_not_before()
    {
        var run = RunDriver.At(RunPhase.Producing);
        run.Now = RunDriver.Start + TimeSpan.FromHours(1) - TimeSpan.FromTicks(1);
        run.Refuse(Say.Deadline).ShouldBe("the deadline has not come");

        run.Now += TimeSpan.FromTicks(1);
        run.Do(Say.Deadline);
        run.State.Outcome.ShouldBe(RunOutcome.TimedOut);
        run.State.Reason.ShouldBe("not done within 01:00:00");
    }

    [Fact]
    public void A_run_without_a_deadline_does_not_time_out() =>
        RunDriver.At(RunPhase.Producing, RunDriver.Spec with { Deadline = null }).Refuse(Say.Deadline).ShouldBe("the run has no deadline");

    [Fact]
    public void An_unknown_event_is_an_error() =>
        Should.Throw<ArgumentException>(() => RunState.New("run-1").Apply(new UnknownEvent(RunDriver.Start)));

    [Fact]
    public void An_unknown_command_is_refused()
    {
        var run = RunDriver.At(RunPhase.Producing);
        run.Refuse(new UnknownCommand("run-1")).ShouldContain(nameof(UnknownCommand));
        run.Refuse(new UnknownStepCommand("run-1", StepId.Produce, 1)).ShouldContain(nameof(UnknownStepCommand));
        run.Refuse(Say.Ready(StepId.Sink("redis"))).ShouldContain("redis-sink");
    }

    private sealed record UnknownEvent(DateTimeOffset At) : IRunEvent;

    private sealed record UnknownCommand(string RunId) : IRunCommand;

    private sealed record UnknownStepCommand(string RunId, StepId Step, int Attempt) : IStepCommand;
}
