using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Channels.Ledger;
using OtpActors.Infrastructure.Inputs;
using OtpActors.Infrastructure.Journal;

namespace OtpActors.Runs;

/// <summary>What a forgotten run leaves behind beside its journal's events.</summary>
public interface IRunArtifacts
{
    /// <summary>Removes it; done again, it changes nothing.</summary>
    Task RemoveAsync(IReadOnlyCollection<string> runIds);
}

/// <summary>
/// Checked copies of files, captured Slack messages, the ledger's entries, and the journal's last rows. Mails in the
/// outbox stay: they are for whoever delivers them, and nobody here can tell whether that is done.
/// </summary>
public sealed class RunArtifacts(string inputsDirectory, string slackDirectory, NotificationLedger ledger, IRunJournal journal) : IRunArtifacts
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
