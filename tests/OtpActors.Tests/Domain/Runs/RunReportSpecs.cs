using System.Text.Json;
using System.Text.Json.Nodes;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Domain.Runs;

public class RunReportSpecs
{
    private static readonly StepId CassandraSlack = StepId.Slack(StoreNames.Cassandra);

    [Fact]
    public void A_report_has_the_run_s_numbers()
    {
        var report = RunReport.From(Finished());

        (report.Outcome, report.Reason).ShouldBe(("Incomplete", "cassandra lacks 1 of 10 addresses"));
        report.Produced.ShouldBe(10);
        report.Topic.ShouldBe(new RunReport.TopicPart("email_topic", "Created", 2));
        report.StoresAgree.ShouldBeFalse();
        report.DurationMs.ShouldBe(15_000);
        report.Stores.Select(s => (s.Name, s.Read, s.Inserted, s.Skipped, s.DeadLettered, s.Checked, s.Found, s.Missing))
            .ShouldBe([("cassandra", 10, 7, 2, 1, 10, 9, 1), ("mongo", 4, 4, 0, 0, 10, 10, 0)]);
        report.Notifications.Mail.ShouldBe(new RunReport.ChannelPart(Sent: 14, Failed: 1, Limited: 4));
        report.Notifications.Slack.ShouldBe(new RunReport.ChannelPart(Sent: 19, Failed: 0, Limited: 0));
        report.Steps.Select(s => s.Name).ShouldBe(StepId.All.Select(s => s.Name));
        report.Steps.Single(s => s.Name == "produce").ShouldBe(new RunReport.StepPart("produce", 2, 15_000, "Completed", null));
    }

    [Fact]
    public void An_unfinished_run_has_a_report_of_what_is_known()
    {
        var report = RunReport.From(RunDriver.At(RunPhase.Producing).Do(Say.Produced(4)).State);
        (report.Outcome, report.Produced, report.DurationMs).ShouldBe((null, 4, null));
        report.Notifications.Mail.Limited.ShouldBe(0);
        report.Steps.Single(s => s.Name == "cassandra-mail").Outcome.ShouldBe("Pending");
    }

    [Fact]
    public void What_is_not_notified_of_at_all_counts_as_limited()
    {
        var run = RunDriver.At(RunPhase.Checking, RunDriver.Spec with { NotifyLimit = 0 })
            .Do(Say.Checked(StoreNames.Cassandra), Say.Checked(StoreNames.Mongo, found: 3));
        RunReport.From(run.State).Notifications.Mail.ShouldBe(new RunReport.ChannelPart(0, 0, Limited: 13));
    }

    [Fact]
    public void What_is_uncertain_is_counted_for_both_stores_together()
    {
        var run = RunDriver.At(RunPhase.Checking).Do(Say.Checked(StoreNames.Cassandra), Say.Checked(StoreNames.Mongo));
        foreach (var step in new[] { Say.CassandraMail, StepId.Mail(StoreNames.Mongo) })
        {
            run.Do(new RunCommands.CompleteNotifying(RunDriver.RunId, step, 1, new NotifyProgress(10, 7, 3, 2)));
        }

        RunReport.From(run.State).Notifications.Mail.ShouldBe(new RunReport.ChannelPart(14, 6, 0, Uncertain: 4));
    }

    [Fact]
    public void What_appears_in_a_store_after_its_check_does_not_make_limited_negative()
    {
        var run = RunDriver.At(RunPhase.Checking).Do(Say.Checked(StoreNames.Cassandra, found: 3), Say.AllNotified(Say.CassandraMail, sent: 5));
        RunReport.From(run.State).Notifications.Mail.Limited.ShouldBe(0);
    }

    [Fact]
    public void A_report_s_JSON_has_its_documented_names()
    {
        var report = JsonSerializer.SerializeToNode(RunReport.From(Finished()), JsonSerializerOptions.Web)!;
        Has(report, "runId", "outcome", "topic", "produced", "stores", "notifications", "steps", "durationMs");
        Has(report["topic"]!, "name", "outcome", "partitions");
        Has(report["stores"]![0]!, "name", "read", "inserted", "skipped", "deadLettered", "checked", "found", "missing");
        Has(report["notifications"]!["mail"]!, "sent", "failed", "limited", "uncertain");
        Has(report["notifications"]!["slack"]!, "sent", "failed", "limited");
        Has(report["steps"]![0]!, "name", "attempts", "durationMs", "outcome");
        report["steps"]![0]!["name"]!.GetValue<string>().ShouldBe("ensure-topic");
        report.ToJsonString().ShouldNotContain(RunDriver.Password);

        static void Has(JsonNode node, params string[] names) => node.AsObject().Select(p => p.Key).Intersect(names).ShouldBe(names, ignoreOrder: true);
    }

    /// <summary>Production in two attempts, 10 s apart and 5 s long; a missing address; mail ended by the run's limit.</summary>
    private static RunState Finished()
    {
        var run = RunDriver.At(RunPhase.Producing, RunDriver.Spec with { NotifyLimit = 5 }).Do(Say.Fail(StepId.Produce));
        run.Now += TimeSpan.FromSeconds(10);
        run.Do(Say.Retry(StepId.Produce));
        run.Now += TimeSpan.FromSeconds(5);
        return run.Do(
            Say.AllProduced(attempt: 2),
            Say.Progress(Say.CassandraSink, 0, 10, counts: new SinkCounts(10, 7, 2, 1)),
            Say.Progress(Say.MongoSink, 0, 4),
            Say.Drained(Say.CassandraSink), Say.Drained(Say.MongoSink),
            Say.Checked(StoreNames.Cassandra, found: 9), Say.Checked(StoreNames.Mongo),
            Say.AllNotified(Say.CassandraMail, sent: 4, failed: 1), Say.AllNotified(StepId.Mail(StoreNames.Mongo)),
            Say.AllNotified(CassandraSlack, sent: 9), Say.AllNotified(StepId.Slack(StoreNames.Mongo))).State;
    }
}
