namespace OtpActors.Infrastructure.Channels.Ledger;

/// <summary>How often a notification may be sent of which it is not known that it did not arrive.</summary>
public static class ArrivalLimit
{
    /// <summary>For a channel that tells a repeated notification by its id, and so never has it twice.</summary>
    public const int None = int.MaxValue;

    public static int For(OnUncertain policy) => policy == OnUncertain.ResendOnce ? 2 : 1;
}

/// <summary>Sends a mail only if the ledger lets it, and enters how it ended.</summary>
/// <param name="atATime">Mails between intent and end; what is beyond it waits, and is no intent.</param>
public sealed class LedgerMailSender(IMailSender inner, NotificationLedger ledger, int arrivalLimit, int atATime) : IMailSender
{
    private readonly SemaphoreSlim _gate = new(atATime);

    public Task<SendResult> SendAsync(OtpMail mail, CancellationToken cancellationToken) => ledger.SendAsync(
        Notification.From(mail), arrivalLimit, _gate, () => inner.SendAsync(mail, cancellationToken), cancellationToken);
}

/// <summary>The same for Slack.</summary>
public sealed class LedgerSlackSender(ISlackSender inner, NotificationLedger ledger, int arrivalLimit, int atATime) : ISlackSender
{
    private readonly SemaphoreSlim _gate = new(atATime);

    public Task<SendResult> SendAsync(SlackMessage message, CancellationToken cancellationToken) => ledger.SendAsync(
        Notification.From(message), arrivalLimit, _gate, () => inner.SendAsync(message, cancellationToken), cancellationToken);
}
