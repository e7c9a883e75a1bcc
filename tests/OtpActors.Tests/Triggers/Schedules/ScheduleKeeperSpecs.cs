using Akka.Actor;
using Akka.Configuration;
using Akka.TestKit;
using Akka.TestKit.Xunit;
using Microsoft.Extensions.Time.Testing;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Domain.Schedules;
using OtpActors.Lifecycle;
using OtpActors.Tests.Fakes;
using OtpActors.Triggers;
using OtpActors.Triggers.Schedules;
using Shouldly;
using Xunit;
using static OtpActors.Domain.Schedules.ScheduleMessages;

namespace OtpActors.Tests.Triggers.Schedules;

public class ScheduleKeeperSpecs : TestKit
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly FakeScheduleStore _store = new();
    private readonly FakeStarter _starter = new();
    private readonly TriggerCounts _counts = new();
    private readonly FakeTimeProvider _clock = new(RunDriver.Start); // 08:30
    private readonly TestProbe _told;
    private IActorRef _keeper;

    public ScheduleKeeperSpecs() : base(ConfigurationFactory.ParseString("""
        akka.loglevel = OFF
        akka.stdout-loglevel = OFF
        akka.loggers = []
        akka.scheduler.implementation = "Akka.TestKit.TestScheduler, Akka.TestKit"
        akka.test.single-expect-default = 15s
        """))
    {
        _told = CreateTestProbe();
        Sys.EventStream.Subscribe(_told, typeof(MissedRun));
        _keeper = NewKeeper();
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_tutorials_schedule_is_there_at_the_first_start_and_stays_away_once_deleted()
    {
        (await AskAsync<Listed>(new List())).Schedules.ShouldHaveSingleItem().Definition.ShouldBe(ScheduleDefinition.Daily);
        await AskAsync<Found>(new Delete("daily"));
        await RestartAsync();
        (await AskAsync<Listed>(new List())).Schedules.ShouldBeEmpty();
        await AskAsync<NotFound>(new Get("daily"));
    }

    [Fact]
    public async Task A_due_time_starts_its_run_once()
    {
        Open();
        await CreateAsync("quarterly", "*/15 * * * *", overlap: OverlapPolicy.Skip);
        await PassAsync(Minute * 14);
        _starter.Started.ShouldBeEmpty();
        await PassAsync(Minute * 46);
        _starter.RunIds.ShouldBe(["quarterly-20310517-084500", "quarterly-20310517-090000", "quarterly-20310517-091500", "quarterly-20310517-093000"]);
        var (_, request, trigger) = _starter.Started.First();
        request.Overlap.ShouldBe(OverlapPolicy.Skip);
        (trigger.Kind, trigger.Key).ShouldBe((TriggerKind.Schedule, "quarterly@2031-05-17T08:45:00.0000000Z"));
        var state = _store["quarterly"]!;
        (state.LastRunId, state.LastDue, state.HandledUntil).ShouldBe(
            ("quarterly-20310517-093000", RunDriver.Start + (Minute * 60), RunDriver.Start + (Minute * 60)));
        (_counts.SchedulesStarted, _counts.MissedRuns, _starter.Repeated).ShouldBe((4, 0, 0));
    }

    [Fact]
    public async Task Nothing_is_started_before_the_unfinished_runs_are_known()
    {
        await CreateAsync("often", "* * * * *");
        await PassAsync(Minute * 3);
        _starter.Started.ShouldBeEmpty();
        _clock.Advance(TimeSpan.FromSeconds(1));
        Open();
        await SettleAsync();
        _starter.RunIds.ShouldBe(["often-20310517-083300"], "the newest is in time still");
        (await _told.NextAsync<MissedRun>()).Count.ShouldBe(2);
    }

    [Fact]
    public async Task Two_keepers_on_one_time_make_one_run()
    {
        Open();
        await CreateAsync("often", "* * * * *");
        var second = NewKeeper();
        await second.Ask<Listed>(new List(), Cancel);
        Open();
        await PassAsync(Minute);
        _starter.RunIds.ShouldBe(["often-20310517-083100"]);
        await StopAsync(second);
    }

    [Fact]
    public async Task A_start_that_was_not_noted_before_a_crash_is_the_same_run_after_it()
    {
        Open();
        await CreateAsync("often", "* * * * *");
        _starter.Before = _ =>
        {
            _store.Gate = () => Task.FromException(new IOException("killed here"));
            return Task.CompletedTask;
        };
        await PassAsync(Minute);
        _starter.RunIds.ShouldBe(["often-20310517-083100"]);
        _store["often"]!.LastRunId.ShouldBeNull();

        await StopAsync(_keeper);
        _store.Gate = () => Task.CompletedTask;
        _starter.Before = _ => Task.CompletedTask;
        _keeper = NewKeeper();
        await AskAsync<Listed>(new List());
        Open();
        await SettleAsync();
        _starter.RunIds.ShouldBe(["often-20310517-083100"]);
        _starter.Repeated.ShouldBe(1);
        _store["often"]!.LastRunId.ShouldBe("often-20310517-083100");
        _counts.SchedulesStarted.ShouldBe(1);
    }

    [Fact]
    public async Task Times_of_a_downtime_are_missed_and_told_once_across_restarts()
    {
        Open();
        await CreateAsync("hourly", "@hourly");
        await StopAsync(_keeper);
        _clock.Advance(TimeSpan.FromHours(5));
        for (var restart = 0; restart < 3; restart++)
        {
            _keeper = NewKeeper();
            await AskAsync<Listed>(new List());
            Open();
            await SettleAsync();
            await StopAsync(_keeper);
        }

        var missed = await _told.NextAsync<MissedRun>();
        (missed.Kind, missed.Subject, missed.Count).ShouldBe((MissedKind.DueTime, "hourly", 5));
        missed.Detail.ShouldBe("2031-05-17 09:00:00Z to 2031-05-17 13:00:00Z: the service could not start it in time");
        _told.HasMessages.ShouldBeFalse();
        (_store["hourly"]!.Missed, _counts.MissedRuns).ShouldBe((5, 5));
        _starter.Started.ShouldBeEmpty();
    }

    [Fact]
    public async Task Times_of_a_downtime_within_the_window_are_made_up_in_order()
    {
        Open();
        await CreateAsync("hourly", "@hourly", catchUp: TimeSpan.FromHours(2));
        await StopAsync(_keeper);
        _clock.Advance(TimeSpan.FromHours(5));
        _keeper = NewKeeper();
        await AskAsync<Listed>(new List());
        Open();
        await SettleAsync();
        _starter.RunIds.ShouldBe(["hourly-20310517-120000", "hourly-20310517-130000"]);
        (await _told.NextAsync<MissedRun>()).Count.ShouldBe(3);
    }

    [Fact]
    public async Task A_clock_that_is_set_is_noticed_within_a_minute()
    {
        Open();
        await CreateAsync("hourly", "@hourly", catchUp: TimeSpan.FromHours(24));
        _clock.Advance(TimeSpan.FromHours(3)); // timers do not notice
        await SettleAsync();
        _starter.Started.ShouldBeEmpty();
        await PassAsync(Minute);
        _starter.RunIds.ShouldBe(["hourly-20310517-090000", "hourly-20310517-100000", "hourly-20310517-110000"]);

        _clock.AdjustTime(RunDriver.Start); // back again
        await PassAsync(Minute * 31);
        _starter.Started.Count.ShouldBe(3);
        _starter.Repeated.ShouldBe(1, "09:00 comes again, and has its run");
        await PassAsync(Minute * 180);
        _starter.RunIds.Last().ShouldBe("hourly-20310517-120000");
    }

    [Fact]
    public async Task An_outage_holds_the_due_time_and_does_not_lose_it()
    {
        var calls = 0;
        _starter.Before = _ => ++calls < 6 ? throw new RunRefusedException("the journal does not answer") : Task.CompletedTask;
        Open();
        await CreateAsync("hourly", "@hourly");
        await PassAsync(Minute * 35, TimeSpan.FromSeconds(5));
        _starter.RunIds.ShouldBe(["hourly-20310517-090000"]);
        (calls, _counts.MissedRuns).ShouldBe((6, 0));
    }

    [Fact]
    public async Task A_due_time_that_is_held_is_dropped_with_its_schedule()
    {
        _starter.Before = _ => throw new RunRefusedException("the journal does not answer");
        Open();
        await CreateAsync("hourly", "@hourly");
        await PassAsync(Minute * 31);
        await AskAsync<Found>(new Delete("hourly"));
        _starter.Before = _ => Task.CompletedTask;
        await CreateAsync("hourly", "@hourly");
        await PassAsync(Minute * 60);
        _starter.RunIds.ShouldBe(["hourly-20310517-100000"]);
    }

    [Fact]
    public async Task A_request_that_is_wrong_by_now_is_missed()
    {
        _starter.Before = _ => throw new RunRequestException("topic", "otp_commands belongs to the commands");
        Open();
        await CreateAsync("hourly", "@hourly");
        await PassAsync(Minute * 31);
        var missed = await _told.NextAsync<MissedRun>();
        (missed.Count, missed.Detail).ShouldBe((1, "2031-05-17 09:00:00Z: request.topic is wrong by now"));
        _store["hourly"]!.Missed.ShouldBe(1);
    }

    [Fact]
    public async Task A_pause_lets_times_pass()
    {
        Open();
        await CreateAsync("hourly", "@hourly");
        (await AskAsync<Found>(new Enable("hourly", false))).State.Definition.Enabled.ShouldBeFalse();
        await PassAsync(Minute * 100);
        (await AskAsync<Found>(new Enable("hourly", true))).State.HandledUntil.ShouldBe(RunDriver.Start + (Minute * 100));
        await PassAsync(Minute * 60);
        _starter.RunIds.ShouldBe(["hourly-20310517-110000"]);
        _counts.MissedRuns.ShouldBe(0);
    }

    [Fact]
    public async Task A_schedule_is_made_once_replaced_and_deleted()
    {
        Open();
        var definition = new ScheduleDefinition { Name = "a", Cron = "@hourly", Enabled = true };
        (await AskAsync<Found>(new Put(definition))).Created.ShouldBeTrue();
        (await AskAsync<Refused>(new Create(definition))).Reason.ShouldBe("there is a schedule of this name");
        (await AskAsync<Found>(new Put(definition with { Cron = "@daily" }))).Created.ShouldBeFalse();
        await PassAsync(Minute * 100);
        _starter.Started.ShouldBeEmpty();
        (await AskAsync<Found>(new NoteRun("a", "by-hand"))).State.LastRunId.ShouldBe("by-hand");
        await AskAsync<Found>(new Delete("a"));
        _store["a"].ShouldBeNull();
        foreach (object message in new object[] { new Delete("a"), new Enable("a", true), new NoteRun("a", "run"), new Get("a") })
        {
            await AskAsync<NotFound>(message);
        }
    }

    [Fact]
    public async Task A_change_that_cannot_be_kept_is_refused_and_has_not_happened()
    {
        await CreateAsync("a", "@hourly");
        _store.Gate = () => Task.FromException(new IOException("the disk is full"));
        (await AskAsync<Failed>(new Enable("a", false))).Reason.ShouldBe("the disk is full");
        (await AskAsync<Failed>(new Create(new ScheduleDefinition { Name = "b", Cron = "@daily" }))).Reason.ShouldBe("the disk is full");
        _store.Gate = () => Task.CompletedTask;
        (await AskAsync<Found>(new Get("a"))).State.Definition.Enabled.ShouldBeTrue();
        await AskAsync<NotFound>(new Get("b"));
    }

    [Fact]
    public async Task A_stop_waits_for_the_run_that_is_being_started()
    {
        var gate = new TaskCompletionSource();
        _starter.Before = _ => gate.Task;
        Open();
        await CreateAsync("often", "* * * * *");
        await PassAsync(Minute);
        var stopped = _keeper.Ask<Stopped>(new Stop(), TimeSpan.FromSeconds(15), Cancel);
        await AskAsync<Listed>(new List());
        stopped.IsCompleted.ShouldBeFalse();
        gate.SetResult();
        await stopped;
        _store["often"]!.LastRunId.ShouldBe("often-20310517-083100");
    }

    private IActorRef NewKeeper()
    {
        var setup = new ScheduleSetup(_store, _starter, _clock, _counts);
        var keeper = Sys.ActorOf(Props.Create(() => new ScheduleKeeper(setup)));
        TriggerPhase.NotifyWhenResumed(Sys, keeper);
        return keeper;
    }

    private void Open() => Sys.EventStream.Publish(new RunNotices.Resumed(0));

    private async Task RestartAsync()
    {
        await StopAsync(_keeper);
        _keeper = NewKeeper();
    }

    private async Task StopAsync(IActorRef keeper)
    {
        await keeper.Ask<Stopped>(new Stop(), TimeSpan.FromSeconds(15), Cancel);
        await this.StoppedAsync(keeper, () => Sys.Stop(keeper));
    }

    private Task<T> AskAsync<T>(object message) => _keeper.Ask<T>(message, TimeSpan.FromSeconds(15), Cancel);

    private async Task CreateAsync(string name, string cron, TimeSpan catchUp = default, OverlapPolicy overlap = OverlapPolicy.Wait)
    {
        var definition = new ScheduleDefinition { Name = name, Cron = cron, CatchUp = catchUp, Overlap = overlap, Enabled = true };
        (await AskAsync<Found>(new Create(definition))).Created.ShouldBeTrue();
        await SettleAsync();
    }

    /// <summary>Time passes in steps, and the keeper does what each brings.</summary>
    private async Task PassAsync(TimeSpan time, TimeSpan? step = null)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += step ?? Minute)
        {
            _clock.Advance(step ?? Minute);
            ((TestScheduler)Sys.Scheduler).Advance(step ?? Minute);
            await SettleAsync();
        }
    }

    /// <summary>Nothing here takes time: what the keeper tells itself is done after as many questions as there are links in the chain.</summary>
    private async Task SettleAsync()
    {
        for (var link = 0; link < 12; link++)
        {
            await AskAsync<Listed>(new List());
        }
    }
}
