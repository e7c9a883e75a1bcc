using System.Net;
using System.Security.Cryptography;
using System.Text;
using MimeKit;

namespace OtpActors.Notifications;

/// <summary>
/// The mail that carries a password to its owner: plain text and HTML with the same words, no links, nothing fetched.
/// The same mail at the same time gives the same bytes.
/// </summary>
public sealed class MailTemplate(MailOptions options, TimeProvider time)
{
    private const string Ignore = "If you did not ask for this, ignore this mail.";

    public MimeMessage Create(OtpMail mail)
    {
        var heading = mail.Store == "mongo" ? "You can find your One Time Password below" : "Your OTP";
        var otp = mail.Otp.Reveal();
        var message = new MimeMessage
        {
            Subject = options.Subject,
            Date = time.GetUtcNow(),
            MessageId = mail.MessageId,
            Body = new MultipartAlternative(
                Text("plain", $"{heading}\n\n{otp}\n\n{Ignore}\n"),
                Text("html", Html(heading, otp)))
            {
                Boundary = Boundary(mail.MessageId),
            },
        };
        message.From.Add(new MailboxAddress(null, options.From));
        message.To.Add(new MailboxAddress(null, mail.To.Value));
        // RFC 3834 §5: out-of-office robots stay silent.
        message.Headers.Add(HeaderId.AutoSubmitted, "auto-generated");
        return message;
    }

    /// <summary>How a message is written: CRLF, and an international local part as UTF-8 (RFC 6532).</summary>
    public static FormatOptions FormatFor(OtpMail mail)
    {
        var format = FormatOptions.Default.Clone();
        format.NewLineFormat = NewLineFormat.Dos;
        format.International = !Ascii.IsValid(mail.To.Value);
        return format;
    }

    private string Html(string heading, string otp) =>
        $"""
        <!DOCTYPE html>
        <html lang="{WebUtility.HtmlEncode(options.Language)}">
        <head><meta charset="utf-8"><title>{WebUtility.HtmlEncode(options.Subject)}</title></head>
        <body style="font-family: sans-serif">
        <h1>{WebUtility.HtmlEncode(heading)}</h1>
        <p><code style="font-size: 1.5em; white-space: pre-wrap">{WebUtility.HtmlEncode(otp)}</code></p>
        <p>{WebUtility.HtmlEncode(Ignore)}</p>
        </body>
        </html>

        """;

    private static TextPart Text(string subtype, string text) =>
        new(subtype) { Text = text, ContentTransferEncoding = ContentEncoding.QuotedPrintable };

    private static string Boundary(string messageId) =>
        "otp-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(messageId)).AsSpan(0, 16));
}
