using OtpActors.Domain.Records;

namespace OtpActors.Infrastructure.Channels.Ledger;

public enum NotificationState
{
    /// <summary>It is being sent, or the process ended while it was.</summary>
    Intent = 0,

    /// <summary>The other side has taken it over. It is never sent again.</summary>
    Accepted = 1,

    /// <summary>It was refused for good. It is never sent again.</summary>
    Failed = 2,

    /// <summary>Nobody can tell whether it arrived; whether it is sent again is a matter of policy.</summary>
    Uncertain = 3,

    /// <summary>It was certainly not taken; the next attempt may send it.</summary>
    Deferred = 4,
}

/// <summary>What the ledger keeps of a notification.</summary>
/// <param name="AddressHash">As in the id.</param>
/// <param name="Address">Masked.</param>
/// <param name="Tries">How often it was tried.</param>
/// <param name="MayHaveArrived">Tries of which one cannot say that they did not arrive: more than one may be two messages.</param>
/// <param name="Reply">The server's last reply, or the reason.</param>
public sealed record LedgerEntry(
    string Id, string RunId, string Store, string Channel, string AddressHash, string Address, NotificationState State,
    int Tries, int MayHaveArrived, string Reply, DateTimeOffset FirstAt, DateTimeOffset LastAt);

/// <summary>What is about to be sent.</summary>
internal readonly record struct Notification(string Id, string RunId, string Store, string Channel, EmailAddress Address)
{
    public static Notification From(OtpMail mail) => new(mail.Id, mail.RunId, mail.Store, ChannelNames.Mail, mail.To);

    public static Notification From(SlackMessage message) =>
        new(message.Id, message.RunId, message.Store, ChannelNames.Slack, message.Email);
}
