using OtpActors.Records;

namespace OtpActors.Notifications;

/// <summary>Sends mail. Sending a message of the same id again must not give its reader a second one where that can be told.</summary>
public interface IMailSender
{
    /// <exception cref="NotificationException">The channel itself fails; nothing is said about the address.</exception>
    Task<SendResult> SendAsync(OtpMail mail, CancellationToken cancellationToken);
}

/// <summary>Posts to Slack, with the same rule for a repeated id.</summary>
public interface ISlackSender
{
    /// <exception cref="NotificationException">The channel itself fails.</exception>
    Task<SendResult> SendAsync(SlackMessage message, CancellationToken cancellationToken);
}

/// <summary>One password's mail to its owner.</summary>
/// <param name="RunId">The run that sends it.</param>
/// <param name="Store">The store the record was found in; decides the heading.</param>
public sealed record OtpMail(string RunId, string Store, EmailAddress To, OneTimePassword Otp)
{
    /// <summary>The same for every attempt at this mail, so that a retry is not a new mail.</summary>
    public string MessageId => NotificationId.For(RunId, Store, "mail", To) + "@otpactors";
}

/// <summary>The arrival of one record, for the channel.</summary>
public sealed record SlackMessage(string RunId, string Store, EmailAddress Email, OneTimePassword Otp)
{
    /// <summary>The same for every attempt at this message.</summary>
    public string Id => NotificationId.For(RunId, Store, "slack", Email);
}

/// <summary>How one send ended.</summary>
/// <param name="Accepted">Whether it was taken over.</param>
/// <param name="Detail">The server's reply or the reason for the refusal; never a password.</param>
public readonly record struct SendResult(bool Accepted, string Detail);

/// <summary>The channel fails, whoever the reader is: to be tried again later.</summary>
public sealed class NotificationException(string message, Exception? inner = null) : Exception(message, inner);
