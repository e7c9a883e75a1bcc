using OtpActors.Api;
using OtpActors.CommandLine.Screens;
using OtpActors.CommandLine.Services;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Tests.CommandLine.Golden;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.CommandLine.Services;

/// <summary>What <c>runs ID</c> shows.</summary>
public class RunTextSpecs
{
    private const string Id = "http-5f70bf18a086007016e948b0";

    public static TheoryData<string, int, int> Screens => new()
    {
        { "completed", 80, 24 }, { "completed", 120, 40 }, { "completed", 40, 20 },
        { "failed", 80, 24 }, { "failed", 40, 20 }, { "producing", 80, 24 }, { "held", 120, 40 },
    };

    [Theory]
    [MemberData(nameof(Screens))]
    public void A_run_is_shown_with_its_steps_counts_and_timeline_and_no_line_is_wider_than_the_screen(string kind, int width, int height)
    {
        var (run, screen) = (Of(kind), new FakeScreen(width, height));
        RunText.Write(screen.Screen, RunDocument.From(run.State), run.Now);
        var lines = screen.Written.TrimEnd('\n').Split('\n');

        lines.ShouldAllBe(line => TextWidth.Measure(line) <= width);
        lines[0].ShouldContain(Id);
        GoldenScreen.ShouldBe(lines, $"runs-id-{kind}-{width}x{height}");
    }

    [Fact]
    public void In_a_pipe_nothing_is_cut()
    {
        var run = Of("failed");
        var lines = FakeScreen.Piped(screen => RunText.Write(screen, RunDocument.From(run.State), run.Now));

        lines.ShouldContain(line => line.EndsWith("free some, then resume", StringComparison.Ordinal));
        GoldenScreen.ShouldBe(lines, "runs-id-piped");
    }

    [Theory]
    [InlineData(80, 24)]
    [InlineData(120, 40)]
    [InlineData(40, 20)]
    public void A_log_is_read_to_the_end_of_each_line(int width, int height)
    {
        var screen = new FakeScreen(width, height);
        RunLogText.Write(screen.Screen, LogOf("failed"));
        var lines = screen.Written.TrimEnd('\n').Split('\n');

        lines.ShouldAllBe(line => TextWidth.Measure(line) <= width);
        GoldenScreen.ShouldBe(lines, $"runs-log-{width}x{height}");
    }

    [Fact]
    public void A_log_in_a_pipe_is_columns() =>
        GoldenScreen.ShouldBe(FakeScreen.Piped(screen => RunLogText.Write(screen, LogOf("failed"))), "runs-log-piped");

    private static IReadOnlyList<RunLogPage.Line> LogOf(string kind) => RunLog.Page(Of(kind).State, [], null, "500", null).Items;

    private static DrivenRun Of(string kind)
    {
        var run = new DrivenRun(20_000, id: Id);
        switch (kind)
        {
            case "completed":
                return run.ToTheEnd();
            case "held":
                return run.ToProducing().Store("cassandra", 0, 4_000, skipped: 12)
                    .Do(new RunCommands.HoldStep(Id, StepId.Sink("mongo"), 1, "mongo", "no server answers")).Wait(TimeSpan.FromSeconds(90));
            case "producing":
                return run.ToProducing().Store("mongo", 0, 4_000, skipped: 12).Do(new RunCommands.RecordProduced(Id, 1, 8_000));
            default:
                run.ToProducing();
                for (var attempt = 1; attempt <= 3; attempt++)
                {
                    run.Do(new RunCommands.FailAttempt(Id, StepId.Produce, attempt, "the topic has no room left: free some, then resume"))
                        .Wait(TimeSpan.FromMinutes(1));
                    if (attempt < 3)
                    {
                        run.Do(new RunCommands.Retry(Id, StepId.Produce, attempt));
                    }
                }

                return run;
        }
    }
}
