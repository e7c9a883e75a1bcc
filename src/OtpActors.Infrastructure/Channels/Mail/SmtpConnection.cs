using System.Net.Sockets;
using System.Text;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;

namespace OtpActors.Infrastructure.Channels.Mail;

/// <summary>
/// One worker's connection, made when there is a mail and again when it is gone. Not thread-safe: one mail at a time.
/// A mail is tried once here; what its end means is told by <see cref="SendResult"/>.
/// </summary>
internal sealed class SmtpConnection : IAsyncDisposable
{
    /// <summary>What is on its way when its sender is told to stop is given this long.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private readonly SmtpOptions _options;
    private readonly MailTemplate _template;
    private readonly SmtpBreaker _breaker;
    private readonly TimeProvider _time;
    private readonly ContentWatch _watch = new();
    private readonly SmtpClient _client;

    public SmtpConnection(SmtpOptions options, MailTemplate template, ServerTrust? trust, SmtpBreaker breaker, TimeProvider time)
    {
        (_options, _template, _breaker, _time) = (options, template, breaker, time);
        _client = new SmtpClient(_watch);
        if (trust is not null)
        {
            _client.ServerCertificateValidationCallback = trust.Accepts;
            _client.CheckCertificateRevocation = false;
        }
    }

    public bool IsConnected => _client.IsConnected;

    /// <exception cref="NotificationException">The server is out, or refuses what concerns all mails alike. Nothing was sent.</exception>
    /// <exception cref="OperationCanceledException">Told to stop before the mail was handed over.</exception>
    public async Task<SendResult> SendAsync(OtpMail mail, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _breaker.ThrowIfOpen();
        var reused = _client.IsConnected;
        if (!reused)
        {
            await ConnectAsync(cancellationToken);
        }

        var end = await TryAsync(mail, cancellationToken);
        if (end is null && reused)
        {
            // The server had closed a connection that lay idle: nothing of this mail was seen, and a new one tells more.
            await ConnectAsync(cancellationToken);
            end = await TryAsync(mail, cancellationToken);
        }

        var result = end ?? new SendResult(SendOutcome.Deferred, "the connection was lost before the mail was handed over");
        if (result.Outcome == SendOutcome.Deferred && !_client.IsConnected)
        {
            await ConnectAsync(cancellationToken); // tells a server that is out, which says nothing about the mail, from one that dislikes it
        }

        return result;
    }

    /// <summary>Says goodbye and closes; the next mail connects again.</summary>
    public async Task CloseAsync()
    {
        using var bound = new CancellationTokenSource(Grace, _time);
        try
        {
            await _client.DisconnectAsync(quit: true, bound.Token);
        }
        catch (Exception e) when (IsLoss(e))
        {
            // It is closed now, which was the purpose.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _client.Dispose();
    }

    /// <returns>Null where the connection was lost before the server could have the mail.</returns>
    private async Task<SendResult?> TryAsync(OtpMail mail, CancellationToken cancellationToken)
    {
        var format = MailTemplate.FormatFor(mail);
        if (format.International && !_client.Capabilities.HasFlag(SmtpCapabilities.UTF8))
        {
            return new SendResult(SendOutcome.Refused, "the server takes no international addresses (SMTPUTF8)");
        }

        if (MailTemplate.RefusalOf(mail) is { } refusal)
        {
            return refusal;
        }

        using var message = _template.Create(mail);
        using var deadline = new CancellationTokenSource(_options.SendTimeout, _time);
        await using var stopping = cancellationToken.Register(() => deadline.CancelAfter(Grace));
        _watch.Reset();
        try
        {
            var reply = await _client.SendAsync(format, message, deadline.Token);
            return new SendResult(SendOutcome.Accepted, SmtpReply.Clean(reply, mail));
        }
        catch (SmtpCommandException e)
        {
            return await ClassifyAsync(e, mail);
        }
        catch (ServiceNotAuthenticatedException e)
        {
            throw _breaker.Open(new NotificationException($"{Server} wants a sign-in: {SmtpReply.Clean(e.Message)}", e));
        }
        catch (Exception e) when (IsLoss(e))
        {
            var uncertain = _watch.InContent;
            await CloseAsync();
            if (!uncertain)
            {
                cancellationToken.ThrowIfCancellationRequested();
                return deadline.IsCancellationRequested
                    ? new SendResult(SendOutcome.Deferred, $"no answer within {_options.SendTimeout.TotalSeconds:0.###} s")
                    : null;
            }

            return new SendResult(
                SendOutcome.Uncertain,
                deadline.IsCancellationRequested ? "no answer to the mail in time" : "the connection was lost after the mail was handed over");
        }
    }

    private async Task<SendResult?> ClassifyAsync(SmtpCommandException e, OtpMail mail)
    {
        var code = (int)e.StatusCode;
        var reply = SmtpReply.Clean($"{code} {e.Message}", mail);
        if (code == 421)
        {
            await CloseAsync(); // RFC 5321 §3.8: the server is closing
            return new SendResult(SendOutcome.Deferred, reply);
        }

        var concernsAll = e.ErrorCode == SmtpErrorCode.SenderNotAccepted || code is 530 or 534 or 535 or 538;
        return code switch
        {
            >= 400 and < 500 => new SendResult(SendOutcome.Deferred, reply),
            >= 500 when concernsAll => throw _breaker.Open(new NotificationException($"{Server} refuses the sender: {reply}", e)),
            _ => new SendResult(SendOutcome.Refused, reply),
        };
    }

    private async Task ConnectAsync(CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(_options.ConnectTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            var security = _options.AllowPlaintext ? SecureSocketOptions.None
                : _options.Security == SmtpSecurity.Tls ? SecureSocketOptions.SslOnConnect
                : SecureSocketOptions.StartTls;
            await _client.ConnectAsync(_options.Host, _options.Port, security, either.Token);
            await SignInAsync(either.Token);
            _breaker.Close();
        }
        catch (Exception e)
        {
            await CloseAsync();
            cancellationToken.ThrowIfCancellationRequested();
            throw _breaker.Open(Explain(e));
        }
    }

    private async Task SignInAsync(CancellationToken cancellationToken)
    {
        if (_options.AccessTokenFile is { } file)
        {
            var token = (await File.ReadAllTextAsync(file, cancellationToken)).Trim();
            await _client.AuthenticateAsync(
                _client.AuthenticationMechanisms.Contains("OAUTHBEARER")
                    ? new SaslMechanismOAuthBearer(_options.User!, token)
                    : new SaslMechanismOAuth2(_options.User!, token),
                cancellationToken);
        }
        else if (_options.User is { } user)
        {
            await _client.AuthenticateAsync(Encoding.UTF8, user, _options.Password!.Reveal(), cancellationToken);
        }
    }

    private NotificationException Explain(Exception e) => e switch
    {
        NotificationException ours => ours,
        SslHandshakeException => new($"{Server} is not trusted or speaks no TLS: {FirstLine(e)}", e),
        NotSupportedException => new($"{Server} does not offer what is required (TLS or a way to sign in): {FirstLine(e)}", e),
        AuthenticationException or SaslException => new($"{Server} refuses the sign-in of {_options.User}: {FirstLine(e)}", e),
        SmtpCommandException { StatusCode: var code } when (int)code >= 500 => new($"{Server} refuses this client: {FirstLine(e)}", e),
        OperationCanceledException => new($"{Server} did not answer within {_options.ConnectTimeout.TotalSeconds:0.###} s", e, canPass: true),
        FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException =>
            new($"Mail:Smtp:AccessTokenFile cannot be read: {e.Message}", e),
        _ => new($"{Server} cannot be reached: {FirstLine(e)}", e, canPass: true),
    };

    private static string FirstLine(Exception e) => SmtpReply.Clean(e.Message.Split('\n')[0]);

    /// <summary>Ends of a connection that say nothing about the mail.</summary>
    private static bool IsLoss(Exception e) =>
        e is IOException or SocketException or SmtpProtocolException or OperationCanceledException or ServiceNotConnectedException
            or ObjectDisposedException;

    private string Server => $"the mail server {_options.Host}:{_options.Port}";
}
