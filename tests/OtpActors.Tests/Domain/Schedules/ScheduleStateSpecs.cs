using OtpActors.Domain.Schedules;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Domain.Schedules;

public class ScheduleStateSpecs
{
    private static readonly DateTimeOffset Noon = new(2031, 5, 17, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Fact]
    public void The_next_time_is_waited_for_and_is_due_when_it_has_come()
    {
        var state = Hourly();
        state.Plan(Noon).ShouldBe(SchedulePlan.Nothing with { Next = Noon + Hour });
        state.Plan(Noon + Hour - TimeSpan.FromMilliseconds(1)).Next.ShouldBe(Noon + Hour);
        state.Plan(Noon + Hour).ShouldBe(SchedulePlan.Nothing with { Due = Noon + Hour });
        state.Plan(Noon + Hour + TimeSpan.FromSeconds(59)).Due.ShouldBe(Noon + Hour);
    }

    [Fact]
    public void A_time_that_has_its_run_is_not_due_again()
    {
        var state = Hourly().Start(Noon + Hour, "run");
        (state.LastDue, state.LastRunId).ShouldBe((Noon + Hour, "run"));
        state.Plan(Noon + Hour).ShouldBe(SchedulePlan.Nothing with { Next = Noon + (2 * Hour) });
        state.Plan(Noon + Hour + TimeSpan.FromSeconds(5)).Next.ShouldBe(Noon + (2 * Hour));
    }

    [Fact]
    public void Without_catch_up_times_that_passed_are_missed_and_told_once()
    {
        var late = Noon + (5 * Hour) + TimeSpan.FromMinutes(2);
        var plan = Hourly().Plan(late);
        plan.ShouldBe(SchedulePlan.Nothing with { Missed = new MissedTimes(5, Noon + Hour, Noon + (5 * Hour)) });
        var after = Hourly().Miss(plan.Missed!);
        (after.Missed, after.LastMissed).ShouldBe((5, Noon + (5 * Hour)));
        after.Plan(late).ShouldBe(SchedulePlan.Nothing with { Next = Noon + (6 * Hour) });
    }

    [Fact]
    public void The_newest_time_is_in_time_for_a_minute_and_those_before_it_are_missed()
    {
        var now = Noon + (3 * Hour) + TimeSpan.FromSeconds(30);
        var plan = Hourly().Plan(now);
        plan.ShouldBe(SchedulePlan.Nothing with { Missed = new MissedTimes(2, Noon + Hour, Noon + (2 * Hour)) });
        Hourly().Miss(plan.Missed!).Plan(now).ShouldBe(SchedulePlan.Nothing with { Due = Noon + (3 * Hour) });
    }

    [Fact]
    public void Times_within_the_catch_up_window_are_made_up_oldest_first_and_those_before_it_are_missed()
    {
        var now = Noon + (5 * Hour) + TimeSpan.FromMinutes(10);
        var state = Hourly(catchUp: TimeSpan.FromHours(2.5));
        var plan = state.Plan(now);
        plan.Missed.ShouldBe(new MissedTimes(2, Noon + Hour, Noon + (2 * Hour)));
        state = state.Miss(plan.Missed!);
        var made = new List<DateTimeOffset>();
        while (state.Plan(now).Due is { } due)
        {
            made.Add(due);
            state = state.Start(due, "run");
        }

        made.ShouldBe([Noon + (3 * Hour), Noon + (4 * Hour), Noon + (5 * Hour)]);
        (state.Missed, state.Plan(now).Next).ShouldBe((2, Noon + (6 * Hour)));
    }

    [Fact]
    public void A_time_at_the_very_edge_of_the_window_is_made_up() =>
        Hourly(catchUp: 2 * Hour).Plan(Noon + (3 * Hour)).ShouldBe(SchedulePlan.Nothing with { Due = Noon + Hour });

    [Fact]
    public void No_more_than_a_hundred_times_are_made_up_and_the_others_are_missed()
    {
        var now = Noon + TimeSpan.FromMinutes(150);
        var state = Of("* * * * *", catchUp: TimeSpan.FromDays(1));
        var plan = state.Plan(now);
        plan.Missed!.Count.ShouldBe(50);
        state.Miss(plan.Missed).Plan(now).Due.ShouldBe(Noon + TimeSpan.FromMinutes(51));
    }

    [Fact]
    public void After_years_missed_seconds_are_counted_so_far_and_done_with()
    {
        var now = Noon.AddYears(3);
        var state = Of("* * * * * *");
        var plan = state.Plan(now);
        plan.Missed!.Count.ShouldBe(10_000);
        var after = state.Miss(plan.Missed).Plan(now);
        (after.Missed, after.Due).ShouldBe((null, now));
    }

    [Fact]
    public void What_is_disabled_wants_nothing_and_misses_nothing()
    {
        var paused = Hourly().Enable(false, Noon);
        paused.Plan(Noon + (5 * Hour)).ShouldBe(SchedulePlan.Nothing);
        paused.NextTimes(Noon, 2).ShouldBe([Noon + Hour, Noon + (2 * Hour)]);
        var resumed = paused.Enable(true, Noon + (5 * Hour));
        resumed.Plan(Noon + (5 * Hour)).ShouldBe(SchedulePlan.Nothing with { Next = Noon + (6 * Hour) });
    }

    [Fact]
    public void A_change_of_the_request_loses_no_time_and_a_change_of_the_times_makes_none_up()
    {
        var now = Noon + Hour + TimeSpan.FromSeconds(1);
        var state = Hourly();
        state.Redefine(state.Definition with { Request = new() { Count = 5 } }, now).Plan(now).Due.ShouldBe(Noon + Hour);
        state.Redefine(state.Definition with { Cron = "0 */2 * * *" }, now).Plan(now).ShouldBe(SchedulePlan.Nothing with { Next = Noon + (2 * Hour) });
        state.Redefine(state.Definition with { TimeZone = "Asia/Kolkata" }, now).Plan(now).Next.ShouldBe(Noon + TimeSpan.FromHours(1.5));
    }

    [Fact]
    public void A_clock_that_goes_back_a_little_starts_nothing_twice()
    {
        var state = Hourly().Start(Noon + Hour, "run");
        state.Plan(Noon + Hour - TimeSpan.FromMinutes(20)).ShouldBe(SchedulePlan.Nothing with { Next = Noon + (2 * Hour) });
    }

    [Fact]
    public void A_clock_that_was_far_ahead_does_not_silence_the_schedule()
    {
        var state = Hourly().Start(Noon.AddYears(30), "run");
        state.Plan(Noon).ShouldBe(SchedulePlan.Nothing with { ClockWentBack = true });
        state.Rewind(Noon).Plan(Noon).Next.ShouldBe(Noon + Hour);
    }

    [Fact]
    public void A_clock_that_jumps_ahead_misses_what_lies_between()
    {
        var plan = Hourly().Plan(Noon.AddDays(1).AddMinutes(30));
        plan.Missed.ShouldBe(new MissedTimes(24, Noon + Hour, Noon.AddDays(1)));
    }

    [Fact]
    public void The_coming_times_are_shown_in_the_schedules_zone()
    {
        var state = Of("30 2 * * *") with { HandledUntil = new DateTimeOffset(2031, 3, 29, 0, 0, 0, TimeSpan.Zero) };
        state = state with { Definition = state.Definition with { TimeZone = "Europe/Berlin" } };
        state.NextTimes(state.HandledUntil, 3).Select(time => $"{time:yyyy-MM-dd HH:mm zzz}")
            .ShouldBe(["2031-03-29 02:30 +01:00", "2031-03-30 03:00 +02:00", "2031-03-31 02:30 +02:00"]);
    }

    [Fact]
    public void The_tutorials_schedule_is_daily_and_off()
    {
        var daily = ScheduleDefinition.Daily;
        (daily.Name, daily.Cron, daily.TimeZone, daily.Enabled, daily.CatchUp).ShouldBe(("daily", "@daily", "UTC", false, TimeSpan.Zero));
    }

    private static ScheduleState Hourly(TimeSpan catchUp = default) => Of("@hourly", catchUp);

    private static ScheduleState Of(string cron, TimeSpan catchUp = default) =>
        ScheduleState.New(new ScheduleDefinition { Name = "s", Cron = cron, CatchUp = catchUp, Enabled = true }, Noon);
}
