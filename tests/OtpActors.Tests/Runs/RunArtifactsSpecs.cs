using OtpActors.Domain.Notifications;
using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Channels.Ledger;
using OtpActors.Infrastructure.Journal;
using OtpActors.Runs;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Runs;

public sealed class RunArtifactsSpecs : IDisposable
{
    private readonly TempDirectory _directory = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task What_belongs_to_a_run_goes_and_what_belongs_to_others_stays()
    {
        var (inputs, slack) = (_directory.File("inputs"), _directory.File("slack"));
        Directory.CreateDirectory(inputs);
        foreach (var run in new[] { "a", "a.b", "b" })
        {
            await File.WriteAllTextAsync(Path.Combine(inputs, $"{run}.jsonl"), "", Cancel);
        }

        await using var ledger = new NotificationLedger(_directory.File("notifications.db"), TimeProvider.System);
        var sender = new CapturedSlackSender(slack, new SlackOptions());
        foreach (var run in new[] { "a", "a.b", "b" })
        {
            for (var n = 0; n < 3; n++)
            {
                var email = EmailAddress.Parse($"user{n}@example.com");
                await sender.SendAsync(
                    new SlackMessage(run, "mongo", email, OneTimePassword.Parse("1")), Cancel);
                var notification = new Notification(NotificationId.For(run, "mongo", "slack", email), run, "mongo", "slack", email);
                await ledger.BeginAsync(notification, 1);
            }
        }

        var journal = new Journal();
        var remains = new RunArtifacts(inputs, slack, ledger, journal);
        await remains.RemoveAsync(["a", "never-was"]);
        await remains.RemoveAsync(["a"]);

        Directory.GetFiles(inputs).Select(Path.GetFileName).Order().ShouldBe(["a.b.jsonl", "b.jsonl"]);
        Directory.GetFiles(slack).Select(file => Path.GetFileName(file).Split(".mongo")[0]).Order()
            .ShouldBe(["a.b", "a.b", "a.b", "b", "b", "b"]);
        (await ledger.ListAsync(null, 100, Cancel)).Select(entry => entry.RunId).Order().ShouldBe(["a.b", "a.b", "a.b", "b", "b", "b"]);
        journal.Purged.ShouldBe(["a", "never-was", "a"]);
    }

    [Fact]
    public async Task Where_nothing_was_ever_sent_there_is_nothing_to_remove()
    {
        await using var ledger = new NotificationLedger(_directory.File("notifications.db"), TimeProvider.System);
        await new RunArtifacts(_directory.File("inputs"), _directory.File("slack"), ledger, new Journal()).RemoveAsync(["a"]);
    }

    private sealed class Journal : IRunJournal
    {
        public List<string> Purged { get; } = [];

        public Task PurgeAsync(IReadOnlyCollection<string> runIds)
        {
            Purged.AddRange(runIds);
            return Task.CompletedTask;
        }
    }
}
