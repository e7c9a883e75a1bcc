using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Domain.Runs;

/// <summary>An outage of a part costs a step no attempt.</summary>
public partial class RunStateSpecs
{
    [Fact]
    public void A_step_that_waits_for_a_part_says_for_what_and_since_when()
    {
        var run = RunDriver.At(RunPhase.Producing);
        run.Now += TimeSpan.FromSeconds(5);
        run.Do(Say.Hold(Say.CassandraSink));
        run[Say.CassandraSink].ShouldBe(run[Say.CassandraSink] with
        {
            Status = StepStatus.Running,
            Attempt = 1,
            Hold = new StepHold(StoreNames.Cassandra, "connection refused", run.Now),
        });
        run.State.Timeline[^1].ShouldBe(new RunFact(
            run.State.Version, run.Now, "step-held", Say.CassandraSink, 1, "waits for cassandra: connection refused"));
        run.State.Effects().OfType<RunEffect.HoldUntil>()
            .ShouldBe([new RunEffect.HoldUntil(Say.CassandraSink, 1, run.Now + TimeSpan.FromMinutes(15))]);
        RunReport.From(run.State).Steps.Single(step => step.Name == "cassandra-sink").Hold.ShouldBe(run[Say.CassandraSink].Hold);

        run.Do(Say.Release(Say.CassandraSink));
        run[Say.CassandraSink].Hold.ShouldBeNull();
        run.State.Timeline[^1].What.ShouldBe("step-released");
        run.State.Effects().OfType<RunEffect.HoldUntil>().ShouldBeEmpty();
    }

    [Fact]
    public void A_reason_that_changes_is_the_same_wait_and_another_part_is_another_one()
    {
        var run = RunDriver.At(RunPhase.Producing).Do(Say.Hold(Say.CassandraSink));
        run.Now += TimeSpan.FromMinutes(1);
        run.Try(Say.Hold(Say.CassandraSink)).Events.ShouldBeEmpty();
        run.Do(Say.Hold(Say.CassandraSink, reason: "no host answers"));
        run[Say.CassandraSink].Hold.ShouldBe(new StepHold(StoreNames.Cassandra, "no host answers", RunDriver.Start));
        run.Do(Say.Hold(Say.CassandraSink, waitsFor: PartNames.Topic));
        run[Say.CassandraSink].Hold.ShouldBe(new StepHold(PartNames.Topic, "connection refused", run.Now));
    }

    [Fact]
    public void The_window_does_not_end_a_sink_that_waits_for_a_part()
    {
        var run = RunDriver.At(RunPhase.Draining).Do(Say.Hold(Say.CassandraSink));
        run.Refuse(Say.Elapsed(Say.CassandraSink)).ShouldBe("cassandra-sink waits for cassandra");
        run.Do(Say.Release(Say.CassandraSink), Say.Elapsed(Say.CassandraSink));
        run[Say.CassandraSink].Detail.ShouldBe("WindowElapsed");
    }

    [Fact]
    public void A_step_that_has_waited_for_long_enough_is_given_up_for_good()
    {
        var run = RunDriver.At(RunPhase.Producing, RunDriver.Spec with { HoldFor = TimeSpan.FromSeconds(90.5) })
            .Do(Say.Hold(Say.CassandraSink));
        run.Now += TimeSpan.FromSeconds(90);
        run.Refuse(Say.HoldLimit(Say.CassandraSink));
        run.Now += TimeSpan.FromSeconds(0.5);
        run.Do(Say.HoldLimit(Say.CassandraSink));
        (run[Say.CassandraSink].Status, run[Say.CassandraSink].Attempt, run[Say.CassandraSink].Detail)
            .ShouldBe((StepStatus.Failed, 1, "waited 90.5 s for cassandra: connection refused"));
    }

    [Fact]
    public void A_run_of_a_journal_that_says_nothing_of_it_waits_for_15_minutes()
    {
        var run = RunDriver.At(RunPhase.Producing, RunDriver.Spec with { Deadline = null, HoldFor = null }).Do(Say.Hold(Say.CassandraSink));
        run.Now += TimeSpan.FromMinutes(15) - TimeSpan.FromTicks(1);
        run.Refuse(Say.HoldLimit(Say.CassandraSink));
        run.Now += TimeSpan.FromTicks(1);
        run.Do(Say.HoldLimit(Say.CassandraSink));
    }

    [Fact]
    public void Whatever_ends_an_attempt_ends_its_wait()
    {
        RunDriver.At(RunPhase.Producing).Do(Say.Hold(Say.CassandraSink), Say.Fail(Say.CassandraSink))[Say.CassandraSink].Hold.ShouldBeNull();
        RunDriver.At(RunPhase.EnsuringTopic).Do(Say.Hold(StepId.EnsureTopic), Say.Topic())[StepId.EnsureTopic].Hold.ShouldBeNull();
        RunDriver.At(RunPhase.Producing).Do(Say.Hold(Say.CassandraSink), Say.Cancel)[Say.CassandraSink].Hold.ShouldBeNull();
        RunDriver.At(RunPhase.Producing).Do(Say.Hold(Say.CassandraSink), Say.Fail(Say.CassandraSink)).Refuse(Say.Hold(Say.CassandraSink));
    }

    [Fact]
    public void The_deadline_ends_a_run_that_waits()
    {
        var run = RunDriver.At(RunPhase.Producing).Do(Say.Hold(Say.CassandraSink));
        run.Now += RunDriver.Spec.Deadline!.Value;
        run.Do(Say.Deadline).State.Outcome.ShouldBe(RunOutcome.TimedOut);
    }

    [Fact]
    public void A_run_that_is_paused_waits_for_nobody_and_its_pause_counts_for_no_wait()
    {
        var run = RunDriver.At(RunPhase.Producing, RunDriver.Spec with { Deadline = null }).Do(Say.Hold(Say.CassandraSink), Say.Pause);
        run[Say.CassandraSink].Hold.ShouldBeNull();
        run.Refuse(Say.Hold(Say.CassandraSink));
        run.Now += TimeSpan.FromHours(1);
        run.Do(Say.Resume, Say.Hold(Say.CassandraSink));
        run[Say.CassandraSink].Hold!.Since.ShouldBe(run.Now);
    }

    [Fact]
    public void Progress_while_a_step_waits_is_taken_and_releases_nothing()
    {
        var run = RunDriver.At(RunPhase.Producing).Do(Say.Hold(Say.CassandraSink), Say.Progress(Say.CassandraSink, 0, 3));
        run.State.Sinks[StoreNames.Cassandra].Counts.Read.ShouldBe(3);
        run[Say.CassandraSink].Hold.ShouldNotBeNull("what was in hand before the outage is told of late");
    }
}
