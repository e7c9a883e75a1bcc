using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Domain.Runs;

/// <summary>A run whose store lacks what it acknowledged, and how that is mended.</summary>
public partial class RunStateSpecs
{
    private static readonly StepId CassandraSlack = StepId.Slack(StoreNames.Cassandra);

    [Fact]
    public void A_run_whose_check_finds_addresses_missing_ends_as_incomplete()
    {
        var run = RunDriver.At(RunPhase.Incomplete);
        (run.State.Outcome, run.State.Reason).ShouldBe((RunOutcome.Incomplete, "cassandra lacks 3 of 10 addresses"));
        run.State.Steps.Values.ShouldAllBe(step => step.IsDone);
    }

    [Fact]
    public void An_end_as_completed_that_an_older_journal_holds_stays_what_it_is()
    {
        var run = RunDriver.At(RunPhase.Incomplete);
        var older = run.Events.Select(e => e is RunEvents.Ended ended ? ended with { Outcome = RunOutcome.Completed, Reason = null } : e);
        older.Aggregate(RunState.New(RunDriver.RunId), (state, e) => state.Apply(e)).Phase.ShouldBe(RunPhase.Completed);
    }

    [Fact]
    public void A_sink_that_is_done_writes_again_what_it_wrote_and_counts_nothing()
    {
        var run = Counted().Do(Say.RetryStep(Say.CassandraSink));
        var counts = run.State.Sinks[StoreNames.Cassandra].Counts;
        run.State.Phase.ShouldBe(RunPhase.Draining);
        var mend = run.State.Effects().OfType<RunEffect.MendSink>().ShouldHaveSingleItem();
        (mend.Id, mend.Attempt).ShouldBe((Say.CassandraSink, 2));
        mend.From.ShouldBe(Say.Offsets((0, 2)));
        mend.To.ShouldBe(Say.Offsets((0, 6), (1, 4)));
        run.State.Effects().ShouldNotContain(effect => effect is RunEffect.StartSink || effect is RunEffect.Drain);

        run.Do(Say.Drained(Say.CassandraSink, 2), Say.Checked(StoreNames.Cassandra, attempt: 2));
        run.State.Effects().OfType<RunEffect.Notify>().ShouldHaveSingleItem().From.ShouldBe(new NotifyProgress(0, 0, 0));
        run.Do(Say.AllNotified(Say.CassandraMail, attempt: 2), Say.AllNotified(CassandraSlack, attempt: 2));
        (run.State.Outcome, run.State.Reason).ShouldBe((RunOutcome.Completed, null));
        run.State.Sinks[StoreNames.Cassandra].Counts.ShouldBe(counts);
        run.State.Sinks[StoreNames.Cassandra].Mends.ShouldBeNull();
        run[StepId.Check(StoreNames.Mongo)].Attempt.ShouldBe(1, "the other store's chain is left alone");
    }

    [Fact]
    public void What_is_still_missing_after_that_makes_the_run_incomplete_again_and_it_can_be_mended_again()
    {
        var run = Counted().Do(Say.RetryStep(Say.CassandraSink), Say.Drained(Say.CassandraSink, 2), Say.Checked(StoreNames.Cassandra, 9, 2));
        run.Do(Say.AllNotified(Say.CassandraMail, 9, attempt: 2), Say.AllNotified(CassandraSlack, 9, attempt: 2));
        run.State.Reason.ShouldBe("cassandra lacks 1 of 10 addresses");
        run.Do(Say.RetryStep(Say.CassandraSink)).State.Effects().OfType<RunEffect.MendSink>().ShouldHaveSingleItem().Attempt.ShouldBe(3);
    }

    [Fact]
    public void A_sink_whose_window_ended_goes_on_reading_instead()
    {
        var run = RunDriver.At(RunPhase.Incomplete).Do(Say.RetryStep(Say.CassandraSink)); // nothing was counted on the way there
        run.State.Effects().OfType<RunEffect.StartSink>().ShouldHaveSingleItem().Attempt.ShouldBe(2);
        run.State.Effects().ShouldNotContain(effect => effect is RunEffect.MendSink);
    }

    [Fact]
    public void A_mend_that_is_cut_short_is_one_again_when_it_is_retried()
    {
        var run = Counted().Do(Say.RetryStep(Say.CassandraSink), Say.Cancel);
        run.Do(Say.RetryStep(Say.CassandraSink)).State.Effects().OfType<RunEffect.MendSink>().ShouldHaveSingleItem().Attempt.ShouldBe(3);
        run.Do(Say.Fail(Say.CassandraSink, 3));
        (run.State.Outcome, run.State.Reason).ShouldBe((RunOutcome.Failed, "cassandra-sink: broken"));
    }

    [Fact]
    public void Notifications_that_a_limit_has_ended_are_not_sent_for_others_instead()
    {
        var run = Counted(RunDriver.Spec with { NotifyLimit = 7 }).Do(Say.RetryStep(Say.CassandraSink));
        run.State.Notified[Say.CassandraMail].Sent.ShouldBe(7);
    }

    [Fact]
    public void A_sink_that_is_done_is_not_retried_while_the_run_goes_on_or_where_no_check_can_follow()
    {
        RunDriver.At(RunPhase.Notifying).Refuse(Say.RetryStep(Say.CassandraSink)).ShouldContain("is done");
        Counted().Refuse(Say.RetryStep(Say.CassandraCheck)).ShouldContain("is done");
        RunDriver.At(RunPhase.Completed, RunDriver.Spec with { Records = new RecordSpec.Spooled("run-1.jsonl", RunDriver.Records, 10) })
            .Refuse(Say.RetryStep(Say.CassandraSink)).ShouldContain("gave up its copy of the file");
    }

    /// <summary>Incomplete, and every record of it was read and counted.</summary>
    private static RunDriver Counted(RunSpec? spec = null)
    {
        var run = RunDriver.At(RunPhase.EnsuringTopic, spec).Do(Say.Topic());
        run.Do(
            Say.Ready(Say.CassandraSink, start: Say.Offsets((0, 2), (1, 0))), Say.Ready(Say.MongoSink), Say.AllProduced(),
            Say.Progress(Say.CassandraSink, 2, 6), Say.Progress(Say.CassandraSink, 0, 4, partition: 1),
            Say.Drained(Say.CassandraSink), Say.Drained(Say.MongoSink), Say.Checked(StoreNames.Cassandra, 7), Say.Checked(StoreNames.Mongo));
        foreach (var store in StepId.Stores)
        {
            run.Do(Say.AllNotified(StepId.Mail(store), 7), Say.AllNotified(StepId.Slack(store), 7));
        }

        run.State.Phase.ShouldBe(RunPhase.Incomplete);
        return run;
    }
}
