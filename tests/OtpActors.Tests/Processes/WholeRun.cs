using System.Globalization;
using OtpActors.Domain.Runs;
using Shouldly;

namespace OtpActors.Tests.Processes;

/// <summary>What lies in a data directory after one run of made-up addresses, whatever happened on its way.</summary>
internal static class WholeRun
{
    /// <param name="notified">Addresses a store that were mailed and posted.</param>
    public static async Task ShouldHoldAsync(this DataContent data, RunReport report, int records, int notified)
    {
        var topic = data.Topic();
        topic.Count.ShouldBe(records);
        // Made-up addresses are numbered from 0: all numbers are there, so no record is missing and none twice.
        topic.Select(record => int.Parse(record.Email.AsSpan(5, 7), CultureInfo.InvariantCulture)).Order()
            .ShouldBe(Enumerable.Range(0, records));

        (report.Outcome, report.Produced, report.StoresAgree).ShouldBe(("Completed", records, true));
        foreach (var store in report.Stores)
        {
            (await data.StoreAsync(store.Name)).Order().ShouldBe(topic.Order(), store.Name);
            data.Committed(store.Name).ShouldBe(records);
            (store.Read, store.Inserted, store.Skipped, store.DeadLettered).ShouldBe((records, records, 0, 0), store.Name);
            (store.Checked, store.Found, store.Missing).ShouldBe((records, records, 0), store.Name);
            OfStore(data.SlackFiles, store.Name).Count().ShouldBe(notified);
            OfStore(data.MailFiles, store.Name).Count().ShouldBe(notified);
        }

        (report.Notifications.Mail.Sent, report.Notifications.Slack.Sent).ShouldBe((2 * notified, 2 * notified));
        data.MailFiles.Count.ShouldBe(2 * notified);
        data.SlackFiles.Count.ShouldBe(2 * notified);
        data.Mails().Select(mail => (mail.To.ToString(), mail.TextBody!.Split('\n')[0])).Distinct().Count().ShouldBe(2 * notified);
        (await data.RunsAsync()).Single().RunId.ShouldBe(report.RunId);
    }

    private static IEnumerable<string> OfStore(IEnumerable<string> files, string store) =>
        files.Where(file => Path.GetFileName(file).Contains($".{store}.", StringComparison.Ordinal));
}
