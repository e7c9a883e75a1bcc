using Microsoft.Extensions.Time.Testing;
using OtpActors.CommandLine;
using OtpActors.CommandLine.Screens;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.CommandLine;

public class RunPictureSpecs
{
    public static TheoryData<int, int> Sizes => new MatrixTheoryData<int, int>([60, 79, 80, 99, 100, 120, 200], [6, 8, 12, 13, 24, 40]);

    [Theory]
    [MemberData(nameof(Sizes))]
    public void No_picture_is_wider_or_as_high_as_the_screen(int width, int height)
    {
        foreach (var run in EveryKind())
        {
            var picture = Live(run, width, height);
            picture.Count.ShouldBeLessThan(height);
            picture.ShouldAllBe(line => TextWidth.Measure(line) <= width);
            RunPicture.Final(run.Progress, run.Now, width).ShouldAllBe(line => line.Width <= width);
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Names_and_states_are_whole_at_every_size(int width, int height)
    {
        foreach (var run in EveryKind())
        {
            foreach (var line in Live(run, width, height).Skip(1).Where(line => !line.StartsWith("step ", StringComparison.Ordinal) && line[0] is not ('…' or ' ')))
            {
                var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                StepId.TryParse(words[0], out var step).ShouldBeTrue(line);
                words[1].ShouldBe(run.State.Steps[step!.Value] is { Hold: not null } ? "Waiting" : run.State.Steps[step.Value].Status.ToString());
            }
        }
    }

    [Fact]
    public void Each_step_is_there_with_what_it_has_done_and_what_it_waits_for()
    {
        var run = new DrivenRun().ToProducing().Store("mongo", 0, 700, skipped: 200);
        var picture = Live(run, 120, 40);

        picture[0].ShouldStartWith("run run-1 · Producing · ");
        picture.Skip(2).Select(line => line.Split(' ')[0]).ShouldBe(StepId.All.Select(step => step.Name));
        Line(picture, "ensure-topic").ShouldEndWith("email_topic created · 1 partition");
        Line(picture, "mongo-sink").ShouldEndWith("  700 read · 500 inserted · 200 skipped");
        Line(picture, "produce").ShouldEndWith("  0 of 1,500");
        Line(picture, "mongo-check").ShouldEndWith("waits for mongo-sink");
        Line(picture, "mongo-slack").ShouldEndWith("waits for mongo-mail");
    }

    [Fact]
    public void Counts_have_bars_a_rate_and_the_time_left()
    {
        var (run, time) = (new DrivenRun().ToProducing(), new FakeTimeProvider());
        var rates = new Rates(time);
        rates.Take(run.Progress);
        time.Advance(TimeSpan.FromSeconds(2));
        rates.Take(run.Do(new RunCommands.RecordProduced(DrivenRun.RunId, 1, 1_000)).Progress);

        Line(Live(run, 100, 40, rates), "produce").ShouldBe("produce          Running     1.00 s  ━━━━━───  66 %      500/s       1 s  1,000 of 1,500");
        Live(run, 100, 40, rates)[0].ShouldEndWith(" · 1 s left");
        Line(Live(run, 99, 40, rates), "produce").ShouldBe("produce          Running     1.00 s  ━━━━━───  66 %  1,000 of 1,500");
        Live(run, 99, 40, rates)[0].ShouldEndWith(" · 1 s left");
    }

    [Fact]
    public void What_has_no_room_goes_by_importance()
    {
        var run = new DrivenRun(3_000_000).ToProducing().Store("mongo", 0, 2_000_000, skipped: 200_000, deadLettered: 100_000);

        Line(Live(run, 200, 40), "mongo-sink").ShouldEndWith("2,000,000 read · 1,700,000 inserted · 200,000 skipped · 100,000 dead-lettered");
        Line(Live(run, 80, 40), "mongo-sink").ShouldEndWith("  2,000,000 read");
        Line([.. RunPicture.Final(run.Progress, run.Now, 80).Select(line => line.ToString())], "mongo-sink")
            .ShouldEndWith("  2,000,000 read · 100,000 dead-lettered");
    }

    [Fact]
    public void On_a_low_screen_what_runs_and_what_went_wrong_stay()
    {
        var picture = Live(RunViewSpecs.Retrying(), 80, 8);

        picture.Count.ShouldBe(7);
        picture[0].ShouldStartWith("run run-1");
        picture.Count(line => line.Contains(" Running ")).ShouldBe(2);
        Line(picture, "produce").ShouldContain(" Retrying ");
        picture[^1].ShouldBe("… 7 more lines: the screen is too low");
    }

    [Fact]
    public void A_retry_says_when_and_why()
    {
        var run = RunViewSpecs.Retrying();
        var note = Live(run, 120, 40).Single(line => line.Contains("the disk is full"));

        note.ShouldMatch(@"^    retry at 03:04:(19|20|21)Z, in (9|10|11) s \(attempt 2 of 3\): the disk is full$");
        run.Do(new RunCommands.Pause(DrivenRun.RunId));
        Live(run, 120, 40).ShouldContain("    retries when the run is resumed (attempt 2 of 3): the disk is full");
        Live(run, 120, 40)[0].ShouldStartWith("run run-1 · Paused since 03:04:12Z · ");
    }

    [Fact]
    public void A_step_that_is_held_says_what_it_waits_for_since_when_and_why_and_no_time_left()
    {
        var run = RunViewSpecs.Held().Wait(TimeSpan.FromSeconds(90));
        var picture = Live(run, 80, 40);

        Line(picture, "mongo-sink").ShouldStartWith("mongo-sink       Waiting ");
        picture.ShouldContain("    waits for mongo since 03:04:11Z (1 min 30 s): no server answers");
        picture[0].ShouldEndWith(" · Producing · 1 min 34 s");
    }

    [Fact]
    public void A_run_that_waits_for_the_journal_says_so_above_its_steps()
    {
        var run = new DrivenRun().ToProducing();
        var hold = new StepHold(PartNames.Journal, "the disk is full", run.Now);
        foreach (var height in new[] { 8, 40 })
        {
            var picture = RunPicture.Live(
                    run.Progress with { Hold = hold }, run.Now + TimeSpan.FromSeconds(90), new Rates(new FakeTimeProvider()), new ScreenSize(80, height))
                .Select(line => line.ToString()).ToList();

            picture[0].ShouldBe("run run-1 · Waiting, Producing · 1 min 33 s");
            picture[1].ShouldBe("    waits for the journal since 03:04:10Z (1 min 30 s): the disk is full");
        }
    }

    [Fact]
    public void A_long_reason_takes_a_few_lines_and_no_more()
    {
        var run = new DrivenRun().ToProducing().Do(new RunCommands.FailAttempt(
            DrivenRun.RunId, StepId.Produce, 1, string.Join(' ', Enumerable.Repeat("words", 100))));
        var note = Live(run, 80, 24).Where(line => line.StartsWith("    ", StringComparison.Ordinal)).ToList();

        note.Count.ShouldBe(3);
        note[0].ShouldStartWith("    retry at ");
        note[2].ShouldEndWith("words…");
    }

    [Fact]
    public void A_step_that_failed_says_why_and_the_others_that_they_were_not_reached()
    {
        var run = RunViewSpecs.Retrying();
        foreach (var attempt in new[] { 2, 3 })
        {
            run.Wait(TimeSpan.FromMinutes(1)).Do(new RunCommands.Retry(DrivenRun.RunId, StepId.Produce, attempt - 1))
                .Do(new RunCommands.FailAttempt(DrivenRun.RunId, StepId.Produce, attempt, "no\nspace \e[31mleft"));
        }

        var picture = Live(run, 80, 40);
        picture[0].ShouldStartWith("run run-1 · Failed · ");
        picture.ShouldContain("    failed after 3 attempts: no space [31mleft", "nothing of an error moves the cursor");
        Line(picture, "mongo-check").ShouldEndWith("not reached");
    }

    [Fact]
    public void A_topic_that_is_not_confirmed_is_not_spoken_of()
    {
        var run = new DrivenRun();
        Line(Live(run, 80, 24), "ensure-topic").ShouldBe("ensure-topic     Running     0.00 s");
        run.Do(new RunCommands.Cancel(DrivenRun.RunId, "enough"));
        Line(Live(run, 80, 24), "ensure-topic").ShouldBe("ensure-topic     Cancelled   1.00 s");
    }

    [Fact]
    public void The_last_picture_of_a_run_that_goes_on_says_that_it_was_interrupted() =>
        RunPicture.Final(new DrivenRun().ToProducing().Progress, new DrivenRun().Now, 80)[0].ToString()
            .ShouldStartWith("run run-1 · Interrupted, Producing");

    [Fact]
    public void Colours_are_the_terminals_own_and_only_where_they_may_be()
    {
        var run = new DrivenRun().ToTheEnd();
        var picture = RunPicture.Live(run.Progress, run.Now, new Rates(new FakeTimeProvider()), new ScreenSize(80, 24));

        picture[0].ToString(colours: true).ShouldContain("\e[32mCompleted\e[0m");
        picture.ShouldAllBe(line => !line.ToString(false).Contains('\e'));
    }

    private static IEnumerable<DrivenRun> EveryKind() =>
    [
        new(), new DrivenRun().ToProducing(), new DrivenRun(9_999_999_999).ToProducing().Store("mongo", 0, 2_000_000_000, 5, 5),
        new DrivenRun().ToTheEnd(), new DrivenRun().ToTheEnd(missing: 5), RunViewSpecs.Retrying(), RunViewSpecs.Held(),
        new DrivenRun().ToProducing().Do(new RunCommands.FailAttempt(DrivenRun.RunId, StepId.Produce, 1, new string('字', 500))),
    ];

    private static IReadOnlyList<string> Live(DrivenRun run, int width, int height, Rates? rates = null) =>
        [.. RunPicture.Live(run.Progress, run.Now, rates ?? new Rates(new FakeTimeProvider()), new ScreenSize(width, height)).Select(line => line.ToString())];

    private static string Line(IReadOnlyList<string> picture, string step) => picture.Single(line => line.StartsWith($"{step} ", StringComparison.Ordinal));
}
