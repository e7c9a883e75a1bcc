namespace OtpActors.Infrastructure.Channels.Mail;

/// <summary>
/// Tries a mail again that was deferred: after the delay, three times the delay and so on, two
/// minutes at most, each with jitter, so that mails deferred together do not come back together. A mail whose end is
/// uncertain is tried once more at once if that is wished; the ledger has the last word. A wait holds no connection. A server that is out is not
/// waited for here: whoever sends waits for it, and no mail has used a try up.
/// </summary>
public sealed class RetryingMailSender(IMailSender inner, SmtpOptions options, bool resendUncertain, TimeProvider time, Random random)
    : IMailSender
{
    private const double Growth = 3;
    private const double Jitter = 0.2;
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(2);

    private readonly Lock _chance = new();

    public async Task<SendResult> SendAsync(OtpMail mail, CancellationToken cancellationToken)
    {
        var resent = false;
        for (var failed = 1; ; failed++)
        {
            var result = await inner.SendAsync(mail, cancellationToken);
            if (result.Outcome == SendOutcome.Uncertain && resendUncertain && !resent)
            {
                resent = true;
            }
            else if (result.Outcome != SendOutcome.Deferred)
            {
                return result;
            }
            else if (failed > options.Retries)
            {
                return result with { Detail = $"{result.Detail} (given up after {failed} tries)" };
            }

            await Task.Delay(DelayAfter(failed), time, cancellationToken);
        }
    }

    /// <param name="failed">Tries that failed, from 1.</param>
    internal TimeSpan DelayAfter(int failed)
    {
        var delay = Math.Min(options.RetryDelay.TotalMilliseconds * Math.Pow(Growth, failed - 1), LongestDelay.TotalMilliseconds);
        lock (_chance)
        {
            return TimeSpan.FromMilliseconds(delay * (1 + Jitter * (2 * random.NextDouble() - 1)));
        }
    }
}
