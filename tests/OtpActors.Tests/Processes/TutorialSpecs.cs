using MimeKit;
using OtpActors.Domain.Runs;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Processes;

/// <summary>The run that the tutorial shows, in less time.</summary>
[Collection(OneAtATime.Name)]
public sealed class TutorialSpecs : IDisposable
{
    private static readonly string[] Run = ["run", "--interval", "100ms", "--duration", "400ms", "--json"];

    private readonly Workplace _at = new();

    private DataContent Data => _at.Data;

    public void Dispose() => _at.Dispose();

    [Fact]
    public async Task One_address_is_produced_again_and_again_stored_once_mailed_and_posted()
    {
        var first = (await _at.RunAsync(Run)).ShouldExitWith(0).Report;

        (first.Outcome, first.StoresAgree, first.Produced).ShouldBe(("Completed", true, 5));
        first.Topic.ShouldBe(new RunReport.TopicPart("email_topic", "Created", 1));
        first.Stores.Select(s => (s.Name, s.Read, s.Inserted, s.Skipped, s.DeadLettered, s.Checked, s.Found, s.Missing))
            .ShouldBe([("cassandra", 5, 1, 4, 0, 1, 1, 0), ("mongo", 5, 1, 4, 0, 1, 1, 0)]);
        (first.Notifications.Mail.Sent, first.Notifications.Slack.Sent).ShouldBe((2, 2));
        first.Notifications.Slack.Messages.ShouldNotBeNull().ShouldAllBe(text => text.Contains("sample_email@my_email.com"));
        Data.SlackFiles.Count.ShouldBe(2);
        ShouldBeTheMails();

        var again = (await _at.RunAsync(Run)).ShouldExitWith(0).Report;

        again.Topic.Outcome.ShouldBe("Exists");
        again.RunId.ShouldNotBe(first.RunId);
        again.Stores.Select(s => (s.Name, s.Read, s.Inserted, s.Skipped)).ShouldBe([("cassandra", 5, 0, 5), ("mongo", 5, 0, 5)]);
        Data.TopicCount.ShouldBe(10);
        (Data.MailFiles.Count, Data.SlackFiles.Count).ShouldBe((4, 4));

        await ShouldBeListedAsync(first.RunId, again.RunId);
    }

    private void ShouldBeTheMails()
    {
        var mails = Data.Mails();
        mails.ShouldAllBe(mail => mail.Subject == "One-Time-Password" && mail.To.ToString() == "sample_email@my_email.com");
        mails.ShouldAllBe(mail => mail.TextBody!.Contains("1234567"));
        mails.Select(Heading).Order().ShouldBe(["You can find your One Time Password below", "Your OTP"]);
    }

    private static string Heading(MimeMessage mail) => mail.TextBody!.ReplaceLineEndings("\n").Split('\n')[0];

    private async Task ShouldBeListedAsync(string older, string newer)
    {
        var all = (await _at.RunAsync("runs", "--json")).ShouldExitWith(0).Items;
        all.Select(run => (run.GetProperty("runId").GetString(), run.GetProperty("state").GetString()))
            .ShouldBe([(newer, "completed"), (older, "completed")]);

        (await _at.RunAsync("runs", "--json", "--limit", "1")).ShouldExitWith(0).Items
            .ShouldHaveSingleItem().GetProperty("runId").GetString().ShouldBe(newer);
        var plain = (await _at.RunAsync("runs")).ShouldExitWith(0).Output;
        plain.IndexOf(newer, StringComparison.Ordinal).ShouldBeInRange(0, plain.IndexOf(older, StringComparison.Ordinal));
    }
}
