using Microsoft.Extensions.Time.Testing;
using OtpActors.CommandLine;
using OtpActors.Workflow;
using Shouldly;
using Spectre.Console.Testing;
using Xunit;

namespace OtpActors.Tests.CommandLine;

public class RunViewSpecs
{
    [Fact]
    public void Plain_says_a_line_for_each_step_that_ends_and_each_once()
    {
        var lines = Plain(view =>
        {
            var run = new DrivenRun();
            view.Show(run.State);
            view.Show(run.ToProducing().State);
            view.Show(run.State);
        });

        lines[0].ShouldBe("run run-1");
        lines[1].ShouldStartWith("ensure-topic     Completed     1.00 s  email_topic: Created, 1 partition(s)");
        lines.Count.ShouldBe(2);
    }

    [Fact]
    public void Plain_shows_every_step_of_a_run_it_sees_at_the_end_alone()
    {
        var lines = Plain(view => view.Show(new DrivenRun().ToTheEnd().State));

        lines.Skip(1).Select(line => line.Split(' ')[0]).ShouldBe(StepId.All.Select(step => step.Name));
        lines.ShouldContain(line => line.Contains("1,500 of 1,500 produced"));
        lines.ShouldContain(line => line.StartsWith("mongo-sink") && line.Contains("1,500 read = 1,500 inserted + 0 skipped + 0 dead-lettered"));
        lines.ShouldContain(line => line.StartsWith("mongo-check") && line.EndsWith("1,500 of 1,500 found"));
        lines.ShouldContain(line => line.StartsWith("mongo-mail") && line.EndsWith("10 sent"));
    }

    [Fact]
    public void Plain_says_each_failed_attempt_and_why()
    {
        var lines = Plain(view =>
        {
            var run = new DrivenRun().ToProducing().Do(new RunCommands.FailAttempt(DrivenRun.RunId, StepId.Produce, 1, "the disk is full"));
            view.Show(run.State);
            view.Show(run.State);
        });

        lines.Count(line => line == "produce          attempt 1 failed: the disk is full").ShouldBe(1);
    }

    [Fact]
    public void Live_shows_the_phase_every_step_and_what_it_has_done()
    {
        var run = new DrivenRun().ToProducing().Store("mongo", 0, 700, skipped: 200);
        var (console, time) = Screen(run);
        using (var view = new LiveView(console, time))
        {
            view.Show(run.State);
        }

        console.Output.ShouldContain("run run-1 · Producing");
        foreach (var step in StepId.All)
        {
            console.Output.ShouldContain(step.Name);
        }

        Line(console.Output, "mongo-sink").ShouldContain("700 read = 500 inserted + 200 skipped + 0 dead-lettered");
        Line(console.Output, "mongo-sink").ShouldContain("Running");
        Line(console.Output, "mongo-mail").ShouldContain("Pending");
    }

    [Fact]
    public void Live_tells_the_rate_of_the_last_moments_while_a_step_runs()
    {
        var run = new DrivenRun().ToProducing();
        var (console, time) = Screen(run);
        using var view = new LiveView(console, time);
        view.Show(run.State);
        time.Advance(TimeSpan.FromSeconds(2));
        view.Show(run.Do(new RunCommands.RecordProduced(DrivenRun.RunId, 1, 1_000)).State);

        Line(console.Output, "produce").ShouldContain("500/s");
    }

    [Fact]
    public void Live_draws_over_what_it_drew_and_leaves_the_cursor_visible()
    {
        var run = new DrivenRun();
        var (console, time) = Screen(run);
        using (var view = new LiveView(console.EmitAnsiSequences(), time))
        {
            view.Show(run.State);
            var height = console.Lines.Count;
            view.Show(run.ToProducing().State);
            console.Output.ShouldContain($"\e[{height}A\e[0J");
        }

        console.Output.LastIndexOf("\e[?25h", StringComparison.Ordinal)
            .ShouldBeGreaterThan(console.Output.LastIndexOf("\e[?25l", StringComparison.Ordinal));
    }

    [Fact]
    public void Live_takes_what_an_error_says_as_text_and_not_as_markup()
    {
        var run = new DrivenRun().ToProducing().Do(new RunCommands.FailAttempt(DrivenRun.RunId, StepId.Produce, 1, "[red]no[/] [[bracket"));
        var (console, time) = Screen(run);
        using var view = new LiveView(console, time);
        view.Show(run.State);

        Line(console.Output, "produce").ShouldContain("[red]no[/] [[bracket");
    }

    private static List<string> Plain(Action<PlainView> show)
    {
        using var output = new StringWriter();
        using (var view = new PlainView(output))
        {
            show(view);
        }

        return [.. output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries)];
    }

    private static (TestConsole Console, FakeTimeProvider Time) Screen(DrivenRun run) =>
        (new TestConsole().Width(160), new FakeTimeProvider(run.Now));

    /// <summary>The newest line about a step.</summary>
    private static string Line(string output, string step) => output.Split('\n').Last(line => line.Contains($" {step} "));
}
