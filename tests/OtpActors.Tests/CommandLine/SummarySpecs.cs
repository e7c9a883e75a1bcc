using OtpActors.CommandLine;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Storage;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.CommandLine;

public class SummarySpecs
{
    [Fact]
    public void A_completed_run_says_that_the_stores_agree_and_where_to_look()
    {
        var text = Write(RunReport.From(new DrivenRun().ToTheEnd().State));

        text.ShouldContain("1,500 records produced to email_topic (created) in ");
        Row(text, "cassandra").ShouldBe(["cassandra", "1,500", "1,500", "0", "0", "1,500", "1,500", "0"]);
        Row(text, "mongo").ShouldBe(["mongo", "1,500", "1,500", "0", "0", "1,500", "1,500", "0"]);
        text.ShouldContain($"mail: 20 sent (in {Data.OutboxDirectory}); 2,980 more found, left out by the limit (--notify)");
        text.ShouldContain($"slack: 20 sent (in {Data.SlackDirectory}); 2,980 more");
        text.ShouldContain("run run-1: Completed, both stores hold every address that was produced");
        text.ShouldNotContain("lacks");
        text.ShouldNotContain("not reached");
    }

    [Fact]
    public void Missing_addresses_and_dead_letters_are_said_aloud()
    {
        var text = Write(RunReport.From(new DrivenRun().ToTheEnd(missing: 1_200).State));

        Row(text, "cassandra").ShouldBe(["cassandra", "1,500", "300", "0", "1,200", "1,500", "300", "1,200"]);
        text.ShouldContain("cassandra: 1,200 records could not be stored; with the reason in topic email_topic.dlq");
        text.ShouldContain("cassandra lacks 1,200 addresses: a***@example.com, …");
        text.ShouldContain("run run-1: Incomplete (cassandra lacks 1200 of 1500 addresses), the stores do NOT hold every address that was produced");
        text.ShouldNotContain("mongo lacks");
    }

    [Fact]
    public void One_is_said_in_the_singular_and_the_only_missing_address_is_not_the_first_of_more()
    {
        var text = Write(RunReport.From(new DrivenRun(records: 1).ToTheEnd(missing: 1, notified: 1).State));

        text.ShouldContain("1 record produced");
        text.ShouldContain("cassandra: 1 record could not");
        text.ShouldContain("cassandra lacks 1 address: a***@example.com\n");
        text.ShouldNotContain("1 records");
    }

    [Fact]
    public void A_run_that_never_came_to_its_topic_says_so()
    {
        var run = new DrivenRun();
        run.Do(new RunCommands.Cancel(DrivenRun.RunId, "nobody [wants] it"));

        var text = Write(RunReport.From(run.State));

        text.ShouldContain("nothing was produced in 1.00 s: the topic email_topic was not reached");
        text.ShouldContain("not reached: cassandra-sink, mongo-sink, produce, cassandra-check, mongo-check, cassandra-mail, ");
        text.ShouldNotContain("mail: ");
        text.ShouldContain("run run-1: Cancelled (nobody [wants] it)");
        text.ShouldNotContain("stores");
        Row(text, "mongo").ShouldBe(["mongo", "0", "0", "0", "0"], "nothing was checked, so there is no number");
    }

    [Fact]
    public void A_run_that_was_cancelled_after_its_checks_left_nothing_out_by_a_limit()
    {
        var run = new DrivenRun().ToChecked();
        run.Do(new RunCommands.Cancel(DrivenRun.RunId, "enough"));

        var text = Write(RunReport.From(run.State));

        text.ShouldNotContain("limit");
        text.ShouldContain("mail: none sent\n");
        text.ShouldNotContain("slack: ");
        text.ShouldContain("not reached: cassandra-slack, mongo-slack\n");
    }

    [Fact]
    public void What_a_limit_did_not_leave_out_is_not_said_to_be()
    {
        // Fewer than the limit: some that were found are gone when they are mailed.
        var text = Write(RunReport.From(new DrivenRun().ToTheEnd(notified: 7).State));
        text.ShouldContain("mail: 14 sent");
        text.ShouldNotContain("limit");

        Write(RunReport.From(new DrivenRun(notify: null).ToTheEnd(notified: 7).State)).ShouldNotContain("limit");
    }

    [Fact]
    public void Notifications_that_are_off_are_not_sent_and_no_limit_is_blamed()
    {
        var text = Write(RunReport.From(new DrivenRun(notify: 0).ToTheEnd().State));

        text.ShouldContain("mail: off (--notify none)\n");
        text.ShouldContain("slack: off (--notify none)\n");
        text.ShouldNotContain("left out");
    }

    [Fact]
    public void Mails_that_failed_are_counted_and_where_to_look_is_said()
    {
        var report = RunReport.From(new DrivenRun().ToTheEnd().State);
        var text = Write(report with
        {
            Notifications = report.Notifications with { Mail = new RunReport.ChannelPart(0, 2, 0, null, 1) },
        }, open: 3);

        text.ShouldContain("mail: 0 sent, 2 failed, 3 not taken yet, 1 uncertain (see: OtpActors notifications run-1)");
    }

    [Fact]
    public void What_a_file_held_is_told_where_it_was_not_plain()
    {
        var report = RunReport.From(new DrivenRun().ToTheEnd().State);

        Write(report with { Input = new RunReport.InputPart(1_500, 1_400, 100, 1) })
            .ShouldContain("the file: 1,500 records of 1,400 addresses, 100 repeating one, 1 bad line left out");
        Write(report with { Input = new RunReport.InputPart(1_500, 1_500, 0, 0) }).ShouldNotContain("repeating");
        Write(report with { Input = new RunReport.InputPart(1_500, 1_400, 100, 7, 3) })
            .ShouldContain("the file: 1,510 rows = 1,500 records + 7 bad lines + 3 blank lines");
    }

    [Fact]
    public void On_a_narrow_screen_words_stay_whole()
    {
        var text = Write(RunReport.From(new DrivenRun().ToTheEnd().State), new FakeScreen(width: 40));

        text.Split('\n').ShouldAllBe(line => line.Length <= 40 || !line.TrimStart().Contains(' ') || line.Contains(Data.Root));
        text.ShouldContain("  dead-lettered  0\n");
    }

    private static DataDirectory Data { get; } =
        DataDirectory.OpenReadOnly(Path.Combine(Path.GetTempPath(), "a-long-name-of-a-data-directory-that-would-wrap-on-a-narrow-screen"));

    private static string Write(RunReport report, long open = 0) => string.Join(
        '\n', FakeScreen.Piped(screen => Summary.Write(
            screen, report, Summary.Places.From(Data, new OtpActorsOptions()), channel => channel == "mail" ? open : 0, See)));

    private static string See(string runId) => Invocation.From("notifications", runId);

    private static string Write(RunReport report, FakeScreen screen)
    {
        Summary.Write(screen.Screen, report, Summary.Places.From(Data, new OtpActorsOptions()), _ => 0, See);
        return screen.Written;
    }

    private static string[] Row(string text, string store) =>
        text.Split('\n').First(line => line.StartsWith($"{store} ", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
