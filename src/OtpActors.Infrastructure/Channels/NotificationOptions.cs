using System.ComponentModel.DataAnnotations;
using MimeKit;
using OtpActors.Infrastructure.Channels.Mail;
using OtpActors.Infrastructure.Configuration;

namespace OtpActors.Infrastructure.Channels;

public enum MailProvider
{
    /// <summary>Files in the data directory's <c>outbox</c>.</summary>
    Embedded,

    /// <summary>A mail server.</summary>
    Smtp,
}

public enum SlackProvider
{
    /// <summary>Files in the data directory's <c>slack</c>.</summary>
    Embedded,

    /// <summary>An incoming webhook.</summary>
    Webhook,
}

/// <summary>What becomes of a notification of which nobody can tell whether it arrived.</summary>
public enum OnUncertain
{
    /// <summary>It is reported and left alone: nobody gets it twice, somebody may not get it.</summary>
    Report,

    /// <summary>It is sent once more under the same id, and reported if that ends as uncertain.</summary>
    ResendOnce,
}

/// <summary>The mails to the passwords' owners.</summary>
public sealed record MailOptions : IValidatableObject
{
    /// <summary>Where mails go. Default <c>Embedded</c>.</summary>
    public MailProvider Provider { get; init; }

    /// <summary>The sender, as <c>address</c> or <c>Name &lt;address&gt;</c>. Default <c>otp@localhost</c>.</summary>
    [Required, StringLength(400)]
    [Shown]
    public string From { get; init; } = "otp@localhost";

    /// <summary>The subject, the same for everyone: it tells nothing. Default <c>One-Time-Password</c>.</summary>
    [Required, StringLength(200), RegularExpression(@"\P{Cc}+")]
    [Shown]
    public string Subject { get; init; } = "One-Time-Password";

    /// <summary>The language of the text, as a BCP 47 tag: <c>en</c> (default), <c>de</c>, <c>es</c>, <c>fr</c>, or one of files.</summary>
    [Required, RegularExpression("[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")]
    [Shown]
    public string Language { get; init; } = "en";

    /// <summary>A directory with files that replace parts of the mail; none by default.</summary>
    [Shown]
    public string? Templates { get; init; }

    /// <summary>Default <c>ResendOnce</c>: the Message-ID is the same, and one mail too many harms less than none.</summary>
    public OnUncertain OnUncertain { get; init; } = OnUncertain.ResendOnce;

    public SmtpOptions Smtp { get; init; } = new();

    /// <summary>Signs mails where it is set.</summary>
    public DkimOptions Dkim { get; init; } = new();

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        [.. Sender(From) is null && From.Length > 0
                ? (ValidationResult[])[new ValidationResult("Mail.From must be one address, alone or behind a name, as Mail:From=otp@example.com or Mail:From=Codes <otp@example.com>.")]
                : [],
            .. Provider == MailProvider.Smtp ? Smtp.Faults() : []];

    /// <summary>As mails carry it; null where it is no sender.</summary>
    internal static MailboxAddress? Sender(string text) =>
        !text.Any(char.IsControl) && MailboxAddress.TryParse(text, out var sender)
            && sender.Route.Count == 0 && sender.Address.IndexOf('@', StringComparison.Ordinal) is > 0 and var at && at < sender.Address.Length - 1
            && !sender.Address.Any(char.IsWhiteSpace) && sender.Address.Length <= 254
            ? sender : null;
}

/// <summary>A signature of the sender's domain (RFC 6376); all three are set, or none.</summary>
public sealed record DkimOptions : IValidatableObject
{
    [RegularExpression("[A-Za-z0-9.-]{1,253}")]
    [Shown]
    public string? Domain { get; init; }

    [RegularExpression("[A-Za-z0-9._-]{1,63}")]
    [Shown]
    public string? Selector { get; init; }

    /// <summary>The private key, as a PEM file.</summary>
    [Shown]
    public string? KeyFile { get; init; }

    public bool IsSet => Domain is not null;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        var given = new[] { Domain, Selector, KeyFile }.Count(part => part is not null);
        return given is 0 or 3 ? [] : [new ValidationResult("Mail:Dkim takes Domain, Selector and KeyFile together.")];
    }
}

/// <summary>The messages to the channel.</summary>
public sealed record SlackOptions : IValidatableObject
{
    /// <summary>Where messages go. Default <c>Embedded</c>.</summary>
    public SlackProvider Provider { get; init; }

    /// <summary>The incoming webhook's address, which is a secret: who knows it can post.</summary>
    public Secret? WebhookUrl { get; init; }

    /// <summary>The channel. Default <c>#data-engineering</c>.</summary>
    [Required, StringLength(80)]
    [Shown]
    public string Channel { get; init; } = "#data-engineering";

    /// <summary>The name the message appears under. Default <c>otp-actors</c>.</summary>
    [Required, StringLength(80)]
    [Shown]
    public string Username { get; init; } = "otp-actors";

    /// <summary>Whether the channel sees the password, as in the tutorial, or its mask. Default true.</summary>
    public bool RevealOtp { get; init; } = true;

    /// <summary>Where more messages than this are waiting, they become one. Default 20.</summary>
    [Range(1, 1_000)]
    public int DigestAbove { get; init; } = 20;

    /// <summary>The least time between two posts; Slack allows one a second. Default 1 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "01:00:00")]
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A post that is not answered by then ends as uncertain. Default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:05:00")]
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Default <c>Report</c>: a message carries no id by which Slack could tell a second one.</summary>
    public OnUncertain OnUncertain { get; init; } = OnUncertain.Report;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Provider != SlackProvider.Webhook)
        {
            yield break;
        }

        if (!Uri.TryCreate(WebhookUrl?.Reveal(), UriKind.Absolute, out var url))
        {
            yield return new ValidationResult("Slack:WebhookUrl: Slack:Provider=Webhook wants the webhook's address.");
        }
        else if (url.Scheme != Uri.UriSchemeHttps && !(url.Scheme == Uri.UriSchemeHttp && url.IsLoopback))
        {
            yield return new ValidationResult("Slack:WebhookUrl must be https; http is for this machine alone.");
        }
    }
}
