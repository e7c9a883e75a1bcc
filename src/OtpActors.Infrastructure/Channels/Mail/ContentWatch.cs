using MailKit;

namespace OtpActors.Infrastructure.Channels.Mail;

/// <summary>
/// Watches a connection for the one moment that matters when it breaks: from the server's <c>354</c> on (RFC 5321
/// §4.1.1.4), or the client's <c>BDAT</c>, the mail may arrive though no answer does. Keeps and logs nothing of what it sees.
/// </summary>
internal sealed class ContentWatch : IProtocolLogger
{
    /// <summary>Whether the server may have the mail.</summary>
    public bool InContent { get; private set; }

    public IAuthenticationSecretDetector? AuthenticationSecretDetector { get; set; }

    public void Reset() => InContent = false;

    public void LogConnect(Uri uri) => Reset();

    public void LogClient(byte[] buffer, int offset, int count) =>
        InContent |= buffer.AsSpan(offset, count).StartsWith("BDAT "u8);

    public void LogServer(byte[] buffer, int offset, int count) =>
        InContent |= buffer.AsSpan(offset, count).IndexOf("354"u8) is 0 || buffer.AsSpan(offset, count).IndexOf("\n354"u8) >= 0;

    public void Dispose()
    {
    }
}
