using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Channels.Ledger;
using OtpActors.Infrastructure.Channels.Mail;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Channels.Mail;

/// <summary>The mail channel as it is put together for the product, against a server on this machine.</summary>
internal sealed class SmtpKit : IAsyncDisposable
{
    private readonly TempDirectory? _own;
    private readonly SmtpMailSender _pool;

    /// <param name="directory">Where the ledger lies; one that goes with this by default.</param>
    public SmtpKit(SmtpOptions options, MailOptions? mail = null, string? directory = null)
    {
        mail ??= new MailOptions();
        _own = directory is null ? new TempDirectory() : null;
        Ledger = new NotificationLedger(Path.Combine(directory ?? _own!.Path, "notifications.db"), TimeProvider.System);
        var trust = options.TrustedCertificates is { } file ? ServerTrust.Load(file) : null;
        _pool = new SmtpMailSender(options, new MailTemplate(mail, TimeProvider.System), trust, TimeProvider.System);
        Sender = new RetryingMailSender(
            new LedgerMailSender(_pool, Ledger, ArrivalLimit.For(mail.OnUncertain), 2 * options.Connections),
            options, mail.OnUncertain == OnUncertain.ResendOnce, TimeProvider.System, new Random(1));
    }

    public static CancellationToken Stop => TestContext.Current.CancellationToken;

    public NotificationLedger Ledger { get; }

    public IMailSender Sender { get; }

    /// <summary>Without TLS, and as impatient as a test.</summary>
    public static SmtpOptions Plain(int port) => new()
    {
        Host = "127.0.0.1",
        Port = port,
        AllowPlaintext = true,
        Connections = 1,
        Retries = 2,
        RetryDelay = TimeSpan.FromMilliseconds(5),
        BreakFor = TimeSpan.FromMilliseconds(1),
    };

    public static OtpMail MailTo(string address, string otp = "0012345") =>
        new("run1", "cassandra", EmailAddress.Parse(address), OneTimePassword.Parse(otp));

    public Task<SendResult> SendAsync(string address, string otp = "0012345") => Sender.SendAsync(MailTo(address, otp), Stop);

    /// <summary>The only entry.</summary>
    public async Task<LedgerEntry> EntryAsync() => (await Ledger.ListAsync("run1", 10, Stop)).Single();

    public async ValueTask DisposeAsync()
    {
        await _pool.DisposeAsync();
        await Ledger.DisposeAsync();
        _own?.Dispose();
    }
}
