using OtpActors.Notifications;
using OtpActors.Notifications.Ledger;
using OtpActors.Records;

namespace OtpActors.Workflow;

/// <summary>What a forgotten run leaves behind beside its journal's events.</summary>
public interface IRunRemains
{
    /// <summary>Removes it; done again, it changes nothing.</summary>
    Task RemoveAsync(IReadOnlyCollection<string> runIds);
}

/// <summary>The rows that a journal keeps of runs whose events are deleted, so as to know their last number.</summary>
public interface IRunJournal
{
    /// <summary>Removes those rows; never an event that is not deleted.</summary>
    Task PurgeAsync(IReadOnlyCollection<string> runIds);
}

/// <summary>
/// Checked copies of files, captured Slack messages, the ledger's entries, and the journal's last rows. Mails in the
/// outbox stay: they are for whoever delivers them, and nobody here can tell whether that is done.
/// </summary>
public sealed class RunRemains(string inputsDirectory, string slackDirectory, NotificationLedger ledger, IRunJournal journal) : IRunRemains
{
    public async Task RemoveAsync(IReadOnlyCollection<string> runIds)
    {
        await Task.Run(() =>
        {
            foreach (var runId in runIds)
            {
                RecordSpool.Remove(runId, inputsDirectory);
            }

            CapturedSlackSender.Remove(runIds, slackDirectory);
        });
        await ledger.RemoveAsync(runIds);
        await journal.PurgeAsync(runIds);
    }
}
