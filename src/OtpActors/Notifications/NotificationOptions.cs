using System.ComponentModel.DataAnnotations;

namespace OtpActors.Notifications;

/// <summary>How the mails to the passwords' owners look.</summary>
public sealed record MailOptions
{
    /// <summary>The sender's address. Default <c>otp@localhost</c>.</summary>
    [Required, EmailAddress]
    public string From { get; init; } = "otp@localhost";

    /// <summary>The subject; the same for everyone, so that it tells nothing. Default <c>One-Time-Password</c>.</summary>
    [Required, StringLength(200), RegularExpression(@"\P{Cc}+")]
    public string Subject { get; init; } = "One-Time-Password";

    /// <summary>The language of the text, as a BCP 47 tag, for screen readers. Default <c>en</c>.</summary>
    [Required, RegularExpression("[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")]
    public string Language { get; init; } = "en";
}

/// <summary>How the messages to the channel look.</summary>
public sealed record SlackOptions
{
    /// <summary>The channel. Default <c>#data-engineering</c>.</summary>
    [Required, StringLength(80)]
    public string Channel { get; init; } = "#data-engineering";

    /// <summary>The name the message appears under. Default <c>otp-actors</c>.</summary>
    [Required, StringLength(80)]
    public string Username { get; init; } = "otp-actors";

    /// <summary>Whether the channel sees the password, as in the tutorial, or its mask. Default true.</summary>
    public bool RevealOtp { get; init; } = true;
}
