using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Domain.Runs;

/// <summary>Attempts, waits and counts.</summary>
public partial class RunStateSpecs
{
    [Fact]
    public void A_failed_attempt_is_followed_by_the_next_after_the_delay()
    {
        var run = RunDriver.At(RunPhase.Producing).Do(Say.Fail(StepId.Produce));
        run[StepId.Produce].ShouldBe(new StepState(
            StepStatus.Retrying, 1, RunDriver.Start, RetryAt: run.Now + TimeSpan.FromSeconds(10), Detail: "broken"));
        run.Refuse(Say.Retry(StepId.Produce)).ShouldContain("not due");

        run.Now += TimeSpan.FromSeconds(10);
        run.Do(Say.Retry(StepId.Produce));
        run[StepId.Produce].ShouldBe(new StepState(StepStatus.Running, 2, RunDriver.Start, Detail: "broken"));
    }

    [Fact]
    public void There_are_as_many_attempts_as_the_policy_says()
    {
        var run = RunDriver.At(RunPhase.Producing).FailForGood(StepId.Produce);
        run[StepId.Produce].Attempt.ShouldBe(3);
        run.Events.OfType<RunEvents.AttemptFailed>().Count().ShouldBe(2);
        run.Events.OfType<RunEvents.StepFailed>().ShouldHaveSingleItem().Attempt.ShouldBe(3);
    }

    [Theory]
    [InlineData(1, 0.5, 10)]
    [InlineData(2, 0.5, 20)]
    [InlineData(3, 0.5, 40)]
    [InlineData(4, 0.5, 60)]
    [InlineData(1, 0.0, 8)]
    [InlineData(1, 0.75, 11)]
    [InlineData(4, 0.0, 48)]
    public void A_wait_grows_by_the_backoff_up_to_its_bound_and_chance_moves_it_by_the_jitter(int attempt, double chance, double seconds) =>
        new StepPolicy { Backoff = 2, Jitter = 0.2, MaxDelay = TimeSpan.FromMinutes(1) }
            .DelayAfter(attempt, chance).TotalSeconds.ShouldBe(seconds, 1e-6);

    [Fact]
    public void The_default_policies_are_the_tutorial_s()
    {
        var policies = new StepPolicies();
        var found = Enum.GetValues<StepKind>().Select(policies.For).Select(p => (p.Attempts, p.Delay.TotalSeconds, p.Timeout.TotalSeconds));
        found.ShouldBe([(2, 5, 45), (3, 10, 45), (3, 10, 45), (3, 10, 45), (2, 5, 45), (2, 5, 45)]);
    }

    [Fact]
    public void Answers_of_another_attempt_are_refused()
    {
        var run = RunDriver.At(RunPhase.Producing).Do(Say.Fail(StepId.Produce));
        run.Refuse(Say.Produced(5)).ShouldContain("not running");
        run.Now = run[StepId.Produce].RetryAt!.Value;
        run.Do(Say.Retry(StepId.Produce));

        run.Refuse(Say.AllProduced(attempt: 1)).ShouldBe("produce is at attempt 2, not 1");
        run.Refuse(Say.Fail(StepId.Produce, 3)).ShouldBe("produce is at attempt 2, not 3");
        run.Refuse(Say.Retry(StepId.Produce, 1)).ShouldBe("produce is at attempt 2, not 1");
        run.Do(Say.AllProduced(attempt: 2));
    }

    [Fact]
    public void A_step_takes_only_its_own_commands()
    {
        var run = RunDriver.At(RunPhase.Checking);
        run.Refuse(Say.Ready(Say.CassandraCheck)).ShouldBe("cassandra-check does not take 'ConfirmSinkReady'");
        run.Refuse(Say.Drained(Say.CassandraCheck)).ShouldContain("does not take");
        run.Refuse(Say.Notified(Say.CassandraCheck, 1, 1)).ShouldContain("does not take");
        RunDriver.At(RunPhase.Producing).Refuse(Say.Ready(StepId.Produce)).ShouldBe("produce does not take 'ConfirmSinkReady'");
    }

    [Fact]
    public void Progress_adds_to_the_counts_and_moves_the_offsets()
    {
        var run = RunDriver.At(RunPhase.Producing).Do(
            Say.Progress(Say.CassandraSink, 0, 4, counts: new SinkCounts(4, 2, 1, 1)),
            Say.Progress(Say.CassandraSink, 4, 6),
            Say.Progress(Say.CassandraSink, 0, 3, partition: 1));
        run.State.Sinks[StoreNames.Cassandra].ShouldBe(new SinkState(true, Say.Offsets((0, 6), (1, 3)), new SinkCounts(9, 7, 1, 1)), SinkComparer);
        run.State.Sinks[StoreNames.Mongo].Counts.ShouldBe(default);
    }

    [Theory]
    [InlineData(0, 4)]
    [InlineData(3, 6)]
    [InlineData(0, 9)]
    public void A_stretch_counted_before_is_refused_whole(long from, long next)
    {
        var run = RunDriver.At(RunPhase.Producing).Do(Say.Progress(Say.CassandraSink, 0, 4));
        run.Refuse(Say.Progress(Say.CassandraSink, from, next)).ShouldContain("counted up to 4");
    }

    [Fact]
    public void What_lies_before_the_sink_s_start_is_not_counted() =>
        RunDriver.At(RunPhase.StartingSinks).Do(Say.Ready(Say.CassandraSink, start: Say.Offsets((0, 100))))
            .Refuse(Say.Progress(Say.CassandraSink, 99, 101)).ShouldContain("counted up to 100");

    [Fact]
    public void Counting_goes_on_where_it_was_though_the_next_attempt_starts_earlier()
    {
        var run = RunDriver.At(RunPhase.Producing).Do(Say.Progress(Say.CassandraSink, 0, 4), Say.Fail(Say.CassandraSink));
        run.Now = run[Say.CassandraSink].RetryAt!.Value;
        run.Do(Say.Retry(Say.CassandraSink), Say.Ready(Say.CassandraSink, 2, Say.Offsets((0, 2), (1, 0))));
        run.State.Sinks[StoreNames.Cassandra].Counted.ShouldBe(Say.Offsets((0, 4), (1, 0)));
    }

    [Fact]
    public void Counts_that_do_not_balance_are_refused()
    {
        var run = RunDriver.At(RunPhase.Producing);
        run.Refuse(Say.Progress(Say.CassandraSink, 0, 4, counts: new SinkCounts(4, 2, 1, 0))).ShouldBe("the counts do not balance");
    }

    [Fact]
    public void A_stretch_that_does_not_hang_together_is_refused()
    {
        var run = RunDriver.At(RunPhase.Producing);
        run.Refuse(Say.Progress(Say.CassandraSink, 5, 4, counts: default(SinkCounts))).ShouldContain("no stretch");
        var open = new SinkProgress(Say.Offsets((0, 0)), Say.Offsets((0, 1), (1, 1)), new SinkCounts(2, 2, 0, 0));
        run.Refuse(new RunCommands.RecordSinkProgress("run-1", Say.CassandraSink, 1, open)).ShouldContain("no stretch");
    }

    [Fact]
    public void Production_neither_goes_back_nor_beyond_its_records()
    {
        var run = RunDriver.At(RunPhase.Producing).Do(Say.Produced(5));
        run.Refuse(Say.Produced(4)).ShouldContain("after 5, of 10");
        run.Refuse(Say.Produced(11)).ShouldContain("after 5, of 10");
        run.Refuse(Say.AllProduced(produced: 9)).ShouldBe("9 of 10 records are not all");
        run.Try(Say.Produced(5)).ShouldBe(RunDecision.Nothing);
    }

    [Fact]
    public void A_run_began_with_its_first_step()
    {
        var run = RunDriver.At(RunPhase.EnsuringTopic);
        run.Now += TimeSpan.FromMinutes(1);
        run.Do(Say.Topic());
        run.State.BeganAt.ShouldBe(run[StepId.EnsureTopic].StartedAt);
        run[Say.CassandraSink].StartedAt.ShouldBe(run.Now);
    }

    [Fact]
    public void Where_reading_began_stays_whatever_a_later_attempt_begins_with()
    {
        var run = RunDriver.At(RunPhase.StartingSinks)
            .Do(Say.Ready(Say.CassandraSink, start: Say.Offsets((0, 5))), Say.Progress(Say.CassandraSink, 5, 8), Say.Fail(Say.CassandraSink));
        run.Now = run[Say.CassandraSink].RetryAt!.Value;
        run.Do(Say.Retry(Say.CassandraSink), Say.Ready(Say.CassandraSink, 2, Say.Offsets((0, 8))));
        run.State.Sinks[StoreNames.Cassandra].From.ShouldBe(Say.Offsets((0, 5)));
    }

    [Fact]
    public void Notifying_does_not_go_back()
    {
        var run = RunDriver.At(RunPhase.Notifying).Do(Say.Notified(Say.CassandraMail, 4, 3, 1));
        run.Refuse(Say.Notified(Say.CassandraMail, 3, 3)).ShouldContain("4");
        run.Refuse(Say.AllNotified(Say.CassandraMail, sent: 2)).ShouldContain("4");
        run.Try(Say.Notified(Say.CassandraMail, 4, 3, 1)).ShouldBe(RunDecision.Nothing);
        run.Do(Say.AllNotified(Say.CassandraMail, 9, 1));
        run.State.Notified[Say.CassandraMail].ShouldBe(new NotifyProgress(10, 9, 1));
    }

    [Theory]
    [InlineData(3, 3, 1)]
    [InlineData(5, 2, 1)]
    [InlineData(5, 4, 0)]
    public void None_of_the_counts_of_notifying_goes_back(long next, long sent, long failed) =>
        RunDriver.At(RunPhase.Notifying).Do(Say.Notified(Say.CassandraMail, 4, 3, 1))
            .Refuse(Say.Notified(Say.CassandraMail, next, sent, failed)).ShouldBe("record 4 is reached already");

    [Fact]
    public void Notifying_is_complete_where_its_last_progress_was_already()
    {
        var run = RunDriver.At(RunPhase.Notifying).Do(Say.Notified(Say.CassandraMail, 10, 9, 1), Say.AllNotified(Say.CassandraMail, 9, 1));
        run[Say.CassandraMail].Status.ShouldBe(StepStatus.Completed);
    }

    private static readonly IEqualityComparer<SinkState> SinkComparer = EqualityComparer<SinkState>.Create(
        (a, b) => a!.Ready == b!.Ready && a.Counts == b.Counts && a.Counted.SequenceEqual(b.Counted));
}
