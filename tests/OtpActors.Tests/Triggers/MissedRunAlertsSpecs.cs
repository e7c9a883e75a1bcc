using Akka.Actor;
using Akka.TestKit;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Domain.Schedules;
using OtpActors.Tests.Fakes;
using OtpActors.Triggers;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Triggers;

public class MissedRunAlertsSpecs : RunKit
{
    private readonly FakeScheduleStore _store = new();
    private readonly TriggerCounts _counts = new();
    private readonly TestProbe _told;

    public MissedRunAlertsSpecs()
    {
        _told = CreateTestProbe();
        Sys.EventStream.Subscribe(_told, typeof(MissedRun));
    }

    [Fact]
    public async Task A_run_past_its_deadline_is_told_of_once_across_restarts()
    {
        var late = RunDriver.At(RunPhase.TimedOut).State;
        var alerts = Start();
        Sys.EventStream.Publish(new RunNotices.Updated(late));
        var missed = await _told.NextAsync<MissedRun>();
        Sys.EventStream.Publish(new RunNotices.Updated(late));
        await AskAsync<ActorIdentity>(new Identify(1), alerts);
        await this.StoppedAsync(alerts, () => Sys.Stop(alerts));

        alerts = Start();
        Sys.EventStream.Publish(new RunNotices.Updated(late));
        Sys.EventStream.Publish(new RunNotices.Resumed(0));
        for (var link = 0; link < 4; link++)
        {
            await AskAsync<ActorIdentity>(new Identify(1), alerts); // what it tells itself is done
        }

        (missed.Kind, missed.Subject, missed.Detail).ShouldBe((MissedKind.Deadline, RunDriver.RunId, "the run was not done by its deadline"));
        _told.HasMessages.ShouldBeFalse();
        _counts.MissedRuns.ShouldBe(1);
    }

    [Fact]
    public async Task A_run_that_timed_out_before_the_process_ended_is_told_by_the_next_one()
    {
        Clock.Advance(TimeSpan.FromHours(2));
        await Catalog.SaveAsync(RunSummary.From(RunDriver.At(RunPhase.TimedOut).State));
        await Catalog.SaveAsync(RunSummary.From(RunDriver.At(RunPhase.Completed).State) with { RunId = "fine" });
        Start();
        Sys.EventStream.Publish(new RunNotices.Resumed(0));
        (await _told.NextAsync<MissedRun>()).Subject.ShouldBe(RunDriver.RunId);
    }

    [Fact]
    public async Task A_scheduled_run_that_never_began_is_told_of_and_one_that_somebody_asked_for_is_not()
    {
        Start();
        Publish(new RunTrigger(TriggerKind.Http, "key"));
        Publish(new RunTrigger(TriggerKind.Schedule, "hourly@2031-05-17T09:00:00Z"));
        var missed = await _told.NextAsync<MissedRun>();
        (missed.Kind, missed.Detail).ShouldBe((MissedKind.Overlap, "the scheduled run never began: run x holds topic email_topic"));
        _counts.MissedRuns.ShouldBe(1);

        void Publish(RunTrigger trigger)
        {
            var run = new RunDriver().Do(
                new RunCommands.Request(RunDriver.RunId, RunDriver.Spec with { Trigger = trigger }),
                new RunCommands.Cancel(RunDriver.RunId, "run x holds topic email_topic"));
            Sys.EventStream.Publish(new RunNotices.Updated(run.State));
        }
    }

    [Fact]
    public async Task What_cannot_be_noted_is_told_all_the_same()
    {
        _store.Gate = () => Task.FromException(new IOException("the disk is full"));
        Start();
        Sys.EventStream.Publish(new RunNotices.Updated(RunDriver.At(RunPhase.TimedOut).State));
        await _told.NextAsync<MissedRun>();
    }

    private IActorRef Start()
    {
        var (store, catalog, clock, counts) = (_store, Catalog, Clock, _counts);
        var alerts = Sys.ActorOf(Props.Create(() => new MissedRunAlerts(store, catalog, clock, counts)));
        Sys.EventStream.Subscribe(alerts, typeof(RunNotices.Updated));
        Sys.EventStream.Subscribe(alerts, typeof(RunNotices.Resumed));
        return alerts;
    }
}
