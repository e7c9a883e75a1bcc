using System.Security.Cryptography;
using System.Text;
using MimeKit;
using MimeKit.Cryptography;
using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Configuration;

namespace OtpActors.Infrastructure.Channels;

/// <summary>
/// The mail that carries a password to its owner: plain text and HTML with the same words, no links, nothing fetched.
/// The same mail at the same time gives the same bytes. Can be called from any thread.
/// </summary>
public sealed class MailTemplate
{
    private static readonly HeaderId[] Signed =
        [HeaderId.From, HeaderId.To, HeaderId.Subject, HeaderId.Date, HeaderId.MessageId, HeaderId.MimeVersion, HeaderId.ContentType, HeaderId.AutoSubmitted];

    private readonly MailOptions _options;
    private readonly MailTexts _texts;
    private readonly TimeProvider _time;
    private readonly DkimSigner? _signer;

    /// <exception cref="SettingsException">The files of <see cref="MailOptions.Templates"/> or the signing key cannot be used.</exception>
    public MailTemplate(MailOptions options, TimeProvider time)
    {
        (_options, _time, _texts) = (options, time, new MailTexts(options));
        _signer = options.Dkim.IsSet ? Signer(options.Dkim) : null;
    }

    public MimeMessage Create(OtpMail mail)
    {
        var otp = mail.Otp.Reveal();
        var message = new MimeMessage
        {
            Subject = _texts.Subject,
            Date = _time.GetUtcNow(),
            MessageId = mail.MessageId,
            Body = new MultipartAlternative(Text("plain", _texts.Text(mail.Store, otp)), Text("html", _texts.Html(mail.Store, otp)))
            {
                Boundary = Boundary(mail.MessageId),
            },
        };
        message.From.Add(MailOptions.Sender(_options.From)!);
        message.To.Add(new MailboxAddress(null, mail.To.Value));
        // RFC 3834 §5: out-of-office robots stay silent.
        message.Headers.Add(HeaderId.AutoSubmitted, "auto-generated");
        if (_signer is not null)
        {
            message.Prepare(EncodingConstraint.SevenBit); // what is signed must not be encoded again on the way
            lock (_signer)
            {
                _signer.Sign(FormatFor(mail), message, Signed);
            }
        }

        return message;
    }

    /// <summary>
    /// Why a mail must not be sent: its recipient would be read as another one. An address of an earlier version's store may
    /// be such; null for any that is accepted today.
    /// </summary>
    public static SendResult? RefusalOf(OtpMail mail) =>
        EmailAddress.TryParse(mail.To.Value, out _, out var error)
        && MailboxAddress.TryParse(mail.To.Value, out var read) && read.GetAddress(idnEncode: true) == mail.To.Value
            ? null
            : new SendResult(SendOutcome.Refused, error ?? "the address would be read as another one");

    /// <summary>How a message is written: CRLF, and an international local part as UTF-8 (RFC 6532).</summary>
    public static FormatOptions FormatFor(OtpMail mail)
    {
        var format = FormatOptions.Default.Clone();
        format.NewLineFormat = NewLineFormat.Dos;
        format.International = !Ascii.IsValid(mail.To.Value);
        return format;
    }

    private static DkimSigner Signer(DkimOptions options)
    {
        try
        {
            return new DkimSigner(options.KeyFile!, options.Domain!, options.Selector!)
            {
                HeaderCanonicalizationAlgorithm = DkimCanonicalizationAlgorithm.Relaxed,
                BodyCanonicalizationAlgorithm = DkimCanonicalizationAlgorithm.Relaxed,
                QueryMethod = "dns/txt",
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new SettingsException($"Mail:Dkim:KeyFile: '{options.KeyFile}' cannot be used: {e.Message}");
        }
    }

    private static TextPart Text(string subtype, string text) =>
        new(subtype) { Text = text, ContentTransferEncoding = ContentEncoding.QuotedPrintable };

    private static string Boundary(string messageId) =>
        "otp-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(messageId)).AsSpan(0, 16));
}
