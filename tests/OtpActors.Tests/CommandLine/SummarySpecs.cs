using OtpActors.CommandLine;
using OtpActors.Hosting;
using OtpActors.Workflow;
using Shouldly;
using Spectre.Console.Testing;
using Xunit;

namespace OtpActors.Tests.CommandLine;

public class SummarySpecs
{
    [Fact]
    public void A_completed_run_says_that_the_stores_agree_and_where_to_look()
    {
        var text = Write(RunReport.Of(new DrivenRun().ToTheEnd().State));

        text.ShouldContain("1,500 records produced to email_topic (Created) in ");
        Row(text, "cassandra").ShouldBe(["cassandra", "1,500", "1,500", "0", "0", "1,500", "1,500", "0"]);
        Row(text, "mongo").ShouldBe(["mongo", "1,500", "1,500", "0", "0", "1,500", "1,500", "0"]);
        text.ShouldContain($"mail: 20 sent, in {Data.OutboxDirectory}; 2,980 more were found, and left out by the limit (--notify)");
        text.ShouldContain($"slack: 20 sent, in {Data.SlackDirectory}; 2,980 more");
        text.ShouldContain("run run-1: Completed, both stores hold every address that was produced");
        text.ShouldNotContain("lacks");
    }

    [Fact]
    public void Missing_addresses_and_dead_letters_are_said_aloud()
    {
        var text = Write(RunReport.Of(new DrivenRun().ToTheEnd(missing: 1_200).State));

        Row(text, "cassandra").ShouldBe(["cassandra", "1,500", "300", "0", "1,200", "1,500", "300", "1,200"]);
        text.ShouldContain("cassandra: 1,200 records could not be stored; they lie in topic email_topic.dlq");
        text.ShouldContain("cassandra lacks 1,200 addresses: a***@example.com, …");
        text.ShouldContain("run run-1: Incomplete (cassandra lacks 1200 of 1500 addresses), the stores do NOT hold every address that was produced");
        text.ShouldNotContain("mongo lacks");
    }

    [Fact]
    public void A_failed_run_says_why()
    {
        var run = new DrivenRun();
        run.Do(new RunCommands.Cancel(DrivenRun.RunId, "nobody [wants] it"));

        var text = Write(RunReport.Of(run.State));

        text.ShouldContain("0 records produced to email_topic (not reached)");
        text.ShouldContain("run run-1: Cancelled (nobody [wants] it)");
        text.ShouldNotContain("stores");
    }

    [Fact]
    public void What_a_file_held_is_told_where_it_was_not_plain()
    {
        var report = RunReport.Of(new DrivenRun().ToTheEnd().State);

        Write(report with { Input = new RunReport.InputPart(1_500, 1_400, 100, 7) })
            .ShouldContain("the file: 1,500 records of 1,400 addresses, 100 repeating one, 7 bad lines left out");
        Write(report with { Input = new RunReport.InputPart(1_500, 1_500, 0, 0) }).ShouldNotContain("repeating");
        Write(report with { Input = new RunReport.InputPart(1_500, 1_400, 100, 7, 3) })
            .ShouldContain("the file: 1,510 rows = 1,500 records + 7 bad lines + 3 blank lines");
    }

    private static DataDirectory Data { get; } =
        DataDirectory.OpenReadOnly(Path.Combine(Path.GetTempPath(), "a-long-name-of-a-data-directory-that-would-wrap-on-a-narrow-screen"));

    private static string Write(RunReport report)
    {
        var console = new TestConsole().Width(90);
        Summary.Write(console, report, Data, new OtpActorsOptions());
        return console.Output;
    }

    private static string[] Row(string text, string store) =>
        [.. text.Split('\n').First(line => line.Contains($"│ {store} ")).Split('│', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
}
