using OtpActors.Domain.Notifications;
using OtpActors.Domain.Records;

namespace OtpActors.Infrastructure.Channels;

/// <summary>Sends mail. Any number of mails may be given to it at a time.</summary>
/// <remarks>
/// Cancelling: what has not begun does not begin, and what is on its way is finished within a second or given up. An
/// <see cref="OperationCanceledException"/> says that nothing was sent.
/// </remarks>
public interface IMailSender
{
    /// <exception cref="NotificationException">The channel itself fails: nothing was sent, and nothing is said about the address.</exception>
    Task<SendResult> SendAsync(OtpMail mail, CancellationToken cancellationToken);
}

/// <summary>Posts to Slack, with the same rules.</summary>
public interface ISlackSender
{
    /// <exception cref="NotificationException">The channel itself fails: nothing was posted.</exception>
    Task<SendResult> SendAsync(SlackMessage message, CancellationToken cancellationToken);
}

/// <summary>One password's mail to its owner.</summary>
/// <param name="RunId">The run that sends it.</param>
/// <param name="Store">The store the record was found in; decides the heading.</param>
public sealed record OtpMail(string RunId, string Store, EmailAddress To, OneTimePassword Otp)
{
    public string Id => NotificationId.For(RunId, Store, ChannelNames.Mail, To);

    /// <summary>The same for every attempt at this mail, so that a retry is not a new mail.</summary>
    public string MessageId => Id + "@otpactors";
}

/// <summary>The arrival of one record, for the channel.</summary>
public sealed record SlackMessage(string RunId, string Store, EmailAddress Email, OneTimePassword Otp)
{
    /// <summary>The same for every attempt at this message.</summary>
    public string Id => NotificationId.For(RunId, Store, ChannelNames.Slack, Email);
}

/// <summary>The names of the channels in ids and in the ledger.</summary>
public static class ChannelNames
{
    public const string Mail = "mail";
    public const string Slack = "slack";
}

/// <summary>How one send ended.</summary>
public enum SendOutcome
{
    /// <summary>The other side has taken it over.</summary>
    Accepted,

    /// <summary>It was not taken, and never will be.</summary>
    Refused,

    /// <summary>It was certainly not taken; later it may be.</summary>
    Deferred,

    /// <summary>Whether it was taken cannot be told.</summary>
    Uncertain,
}

/// <param name="Detail">The server's reply or the reason; without the password, the address masked.</param>
public readonly record struct SendResult(SendOutcome Outcome, string Detail)
{
    public bool Accepted => Outcome == SendOutcome.Accepted;
}

/// <summary>The channel fails, whoever the reader is. Nothing was sent.</summary>
/// <param name="canPass">Whether it may pass by itself, as an outage does and a wrong password does not.</param>
public sealed class NotificationException(string message, Exception? inner = null, bool canPass = false) : Exception(message, inner)
{
    public bool CanPass { get; } = canPass;
}
