using Microsoft.Extensions.Time.Testing;
using OtpActors.CommandLine;
using OtpActors.CommandLine.Screens;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.CommandLine;

public class RunViewSpecs
{
    [Theory]
    [InlineData(80, 24, true, typeof(LiveView))]
    [InlineData(60, 6, true, typeof(LiveView))]
    [InlineData(59, 24, true, typeof(PlainView))]
    [InlineData(80, 5, true, typeof(PlainView))]
    [InlineData(200, 50, false, typeof(PlainView))]
    public void A_picture_is_drawn_where_there_is_room_and_the_cursor_can_be_moved(int width, int height, bool canRedraw, Type expected)
    {
        using var view = RunView.For(new FakeScreen(width, height).Screen with { CanRedraw = canRedraw }, TimeProvider.System);
        view.ShouldBeOfType(expected);
    }

    [Fact]
    public void Plain_says_a_line_for_each_step_that_ends_and_each_once()
    {
        var lines = Plain(view =>
        {
            var run = new DrivenRun();
            view.Show(run.Progress);
            view.Show(run.ToProducing().Progress);
            view.Show(run.Progress);
            view.End(run.Progress);
        });

        lines.ShouldBe(["run run-1", "ensure-topic     Completed      1.00 s  email_topic created · 1 partition"]);
    }

    [Fact]
    public void Plain_shows_every_step_of_a_run_it_sees_at_the_end_alone()
    {
        var lines = Plain(view => view.End(new DrivenRun().ToTheEnd().Progress));

        lines.Skip(1).Select(line => line.Split(' ')[0]).ShouldBe(StepId.All.Select(step => step.Name));
        lines.ShouldContain(line => line.StartsWith("produce ", StringComparison.Ordinal) && line.EndsWith(" 1,500 produced", StringComparison.Ordinal));
        lines.ShouldContain(line => line.StartsWith("mongo-sink ", StringComparison.Ordinal) && line.EndsWith(" 1,500 read · 1,500 inserted", StringComparison.Ordinal));
        lines.ShouldContain(line => line.StartsWith("mongo-check ", StringComparison.Ordinal) && line.EndsWith(" 1,500 of 1,500 found", StringComparison.Ordinal));
        lines.ShouldContain(line => line.StartsWith("mongo-mail ", StringComparison.Ordinal) && line.EndsWith(" 10 sent", StringComparison.Ordinal));
    }

    [Fact]
    public void Plain_says_each_failed_attempt_once_with_its_reason_and_the_next_one()
    {
        var lines = Plain(view =>
        {
            var run = Retrying();
            view.Show(run.Progress);
            view.Show(run.Progress);
        });

        lines.Where(line => line.StartsWith("produce ", StringComparison.Ordinal)).ShouldHaveSingleItem().ShouldMatch("^produce +retry at .*Z, in .* s \\(attempt 2 of 3\\): the disk is full$");
    }

    [Fact]
    public void Plain_says_once_what_a_step_waits_for_and_when_it_goes_on()
    {
        var lines = Plain(view =>
        {
            var run = Held();
            view.Show(run.Progress);
            view.Show(run.Progress);
            view.Show(run.Do(new RunCommands.ReleaseStep(DrivenRun.RunId, StepId.Sink("mongo"), 1)).Progress);
            view.Show(run.Progress);
        });

        lines.Where(line => line.StartsWith("mongo-sink ", StringComparison.Ordinal)).ShouldBe([
            "mongo-sink       waits for mongo since 03:04:11Z (0 s): no server answers", "mongo-sink       goes on: waited 0 s for mongo"]);
    }

    [Fact]
    public void Plain_says_once_a_minute_that_the_run_waits_for_the_journal_and_when_it_goes_on()
    {
        var time = new FakeTimeProvider(new DrivenRun().Now);
        var lines = FakeScreen.Piped(screen =>
        {
            using var view = new PlainView(screen, time);
            var run = new DrivenRun();
            view.Show(run.Progress);
            var hold = new StepHold(PartNames.Journal, "the disk is full", time.GetUtcNow());
            for (var second = 0; second < 90; second++)
            {
                view.Show(run.Progress with { Hold = hold });
                time.Advance(TimeSpan.FromSeconds(1));
            }

            view.Show(run.Progress);
            view.Show(run.Progress);
        });

        lines.Skip(1).ShouldBe([
            "run              waits for the journal since 03:04:07Z (0 s): the disk is full",
            "run              waits for the journal since 03:04:07Z (1 min 00 s): the disk is full",
            "run              goes on: waited 1 min 30 s for the journal"]);
    }

    [Fact]
    public void Plain_does_not_say_that_a_run_goes_on_which_is_interrupted_while_it_waits()
    {
        var lines = Plain(view =>
        {
            var run = new DrivenRun();
            view.Show(run.Progress with { Hold = new StepHold(PartNames.Journal, "the disk is full", run.Now) });
            view.End(run.Progress);
        });

        lines.Skip(1).ShouldHaveSingleItem().ShouldStartWith("run              waits for the journal since ");
    }

    [Fact]
    public void Plain_on_a_narrow_screen_breaks_between_words()
    {
        var screen = new FakeScreen(width: 40);
        using (var view = new PlainView(screen.Screen, new FakeTimeProvider(Retrying().Now)))
        {
            view.Show(Retrying().Progress);
        }

        var lines = screen.Written.TrimEnd('\n').Split('\n');
        lines.ShouldAllBe(line => line.Length <= 40);
        lines.ShouldContain("ensure-topic     Completed      1.00 s");
        lines.ShouldContain("  email_topic created · 1 partition");
    }

    [Fact]
    public void Live_draws_over_what_it_drew()
    {
        var (run, screen) = (new DrivenRun(), new FakeScreen());
        var time = new FakeTimeProvider(run.Now);
        using var view = new LiveView(screen.Screen, time);
        view.Show(run.Progress);
        var height = screen.Picture.Count;
        time.Advance(TimeSpan.FromSeconds(1));
        view.Show(run.ToProducing().Progress);

        screen.Written.ShouldContain($"\e[{height}A");
        screen.Picture[0].ShouldStartWith("run run-1 · Producing");
    }

    [Fact]
    public void Live_goes_up_by_the_rows_that_a_narrower_screen_has_broken_its_lines_into()
    {
        var (run, screen) = (new DrivenRun().ToProducing(), new FakeScreen(width: 120));
        var time = new FakeTimeProvider(run.Now);
        using var view = new LiveView(screen.Screen, time);
        view.Show(run.Progress);
        var rows = screen.Picture.Sum(line => line.Length > 60 ? 2 : 1);
        rows.ShouldBeGreaterThan(screen.Picture.Count);
        screen.Size = new ScreenSize(60, 40);
        time.Advance(TimeSpan.FromSeconds(1));
        view.Show(run.Progress);

        screen.Written.ShouldContain($"\e[{rows}A");
        screen.Picture.ShouldAllBe(line => line.Length <= 60);
    }

    [Fact]
    public void Live_never_goes_up_beyond_the_screen()
    {
        var (run, screen) = (new DrivenRun().ToProducing(), new FakeScreen(height: 40));
        var time = new FakeTimeProvider(run.Now);
        using var view = new LiveView(screen.Screen, time);
        view.Show(run.Progress);
        screen.Size = new ScreenSize(120, 8);
        time.Advance(TimeSpan.FromSeconds(1));
        view.Show(run.Progress);

        screen.Written.ShouldContain("\e[7A");
        screen.Picture.Count.ShouldBe(7);
    }

    [Fact]
    public void Live_draws_not_more_often_than_an_eye_sees_and_nothing_where_nothing_changed()
    {
        var (run, screen) = (new DrivenRun().ToTheEnd(), new FakeScreen());
        var time = new FakeTimeProvider(run.Now);
        using var view = new LiveView(screen.Screen, time);
        for (var i = 0; i < 100; i++)
        {
            view.Show(run.Progress);
            time.Advance(TimeSpan.FromMilliseconds(1));
        }

        screen.Written.Split("\e[?2026h").Length.ShouldBe(2);
        time.Advance(TimeSpan.FromSeconds(1));
        view.Show(run.Progress);
        screen.Written.Split("\e[?2026h").Length.ShouldBe(2, "it is over: each picture is the same");
    }

    [Fact]
    public void Live_leaves_the_whole_run_however_low_the_screen()
    {
        var (run, screen) = (new DrivenRun().ToTheEnd(), new FakeScreen(height: 8));
        using var view = new LiveView(screen.Screen, new FakeTimeProvider(run.Now));
        view.Show(run.Progress);
        screen.Picture.Count.ShouldBe(7);
        view.End(run.Progress);

        foreach (var step in StepId.All)
        {
            screen.Picture.ShouldContain(line => line.StartsWith(step.Name, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("xterm", null, false, true, true)]
    [InlineData("xterm", "1", false, true, false)]
    [InlineData("xterm", "", false, true, true)]
    [InlineData("dumb", null, false, false, false)]
    [InlineData("", null, false, false, false)]
    [InlineData(null, null, false, false, false)]
    [InlineData("xterm", null, true, false, false)]
    public void The_environment_says_what_a_terminal_can(string? term, string? noColor, bool redirected, bool canRedraw, bool hasColours)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "its console is asked instead");
        var screen = Terminal.From(
            TextWriter.Null, redirected, name => name switch { "TERM" => term, "NO_COLOR" => noColor, _ => null }, () => ScreenSize.Usual);

        (screen.IsTerminal, screen.CanRedraw, screen.HasColours).ShouldBe((!redirected, canRedraw, hasColours));
    }

    internal static DrivenRun Retrying() =>
        new DrivenRun().ToProducing().Do(new RunCommands.FailAttempt(DrivenRun.RunId, StepId.Produce, 1, "the disk is full"));

    internal static DrivenRun Held() =>
        new DrivenRun().ToProducing().Do(new RunCommands.HoldStep(DrivenRun.RunId, StepId.Sink("mongo"), 1, "mongo", "no server answers"));

    private static IReadOnlyList<string> Plain(Action<PlainView> show) => FakeScreen.Piped(screen =>
    {
        using var view = new PlainView(screen, new FakeTimeProvider(new DrivenRun().Now));
        show(view);
    });
}
