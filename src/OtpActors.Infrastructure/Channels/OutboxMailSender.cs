namespace OtpActors.Infrastructure.Channels;

/// <summary>
/// Puts mails into a directory, one <c>.eml</c> file each, for a reader or a relay to pick up. A mail is there once,
/// whole, however often it is sent.
/// </summary>
public sealed class OutboxMailSender(string outbox, MailTemplate template) : IMailSender
{
    public Task<SendResult> SendAsync(OtpMail mail, CancellationToken cancellationToken)
    {
        if (MailTemplate.RefusalOf(mail) is { } refusal)
        {
            return Task.FromResult(refusal);
        }

        var name = mail.Id + ".eml";
        return CapturedFile.WriteAsync("outbox", outbox, name, () => Render(mail), cancellationToken);
    }

    private byte[] Render(OtpMail mail)
    {
        using var message = template.Create(mail);
        using var bytes = new MemoryStream();
        message.WriteTo(MailTemplate.FormatFor(mail), bytes);
        return bytes.ToArray();
    }
}
