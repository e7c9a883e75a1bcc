using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Channels.Ledger;
using OtpActors.Infrastructure.Channels.Mail;
using OtpActors.Infrastructure.Channels.Slack;
using OtpActors.Infrastructure.Configuration;
using OtpActors.Infrastructure.Storage;

namespace OtpActors.Hosting;

/// <summary>
/// The channels as they are set, each behind the one ledger. Around a mail server stands the retry, so that each of its
/// tries is entered; the webhook enters what it posts together itself.
/// </summary>
public static class NotificationsHosting
{
    /// <summary>Files that are written at a time: as many as the disk takes together.</summary>
    private const int FilesAtATime = 8;

    /// <summary>One mail on its way and one behind it, whose intent reaches the disk meanwhile.</summary>
    private const int MailsAConnection = 2;

    /// <exception cref="SettingsException">A file that the settings name cannot be used.</exception>
    public static IServiceCollection AddNotifications(this IServiceCollection services, OtpActorsOptions options, DataDirectory data)
    {
        services.AddSingleton(_ => new NotificationLedger(data.NotificationsFile, TimeProvider.System));
        services.AddSingleton(_ => new LedgerReader(data.NotificationsFile));
        AddMail(services, options.Mail, data);
        AddSlack(services, options.Slack, data);
        return services;
    }

    private static void AddMail(IServiceCollection services, MailOptions options, DataDirectory data)
    {
        var template = new MailTemplate(options, TimeProvider.System);
        if (options.Provider == MailProvider.Embedded)
        {
            services.AddSingleton<IMailSender>(sp => new LedgerMailSender(
                new OutboxMailSender(data.OutboxDirectory, template), sp.GetRequiredService<NotificationLedger>(), ArrivalLimit.None, FilesAtATime));
            return;
        }

        var trust = options.Smtp.TrustedCertificates is { } file ? ServerTrust.Load(file) : null;
        services.AddSingleton(_ => new SmtpMailSender(options.Smtp, template, trust, TimeProvider.System));
        services.AddSingleton<IMailSender>(sp => new RetryingMailSender(
            new LedgerMailSender(
                sp.GetRequiredService<SmtpMailSender>(), sp.GetRequiredService<NotificationLedger>(),
                ArrivalLimit.For(options.OnUncertain), MailsAConnection * options.Smtp.Connections),
            options.Smtp, options.OnUncertain == OnUncertain.ResendOnce, TimeProvider.System, new Random()));
    }

    private static void AddSlack(IServiceCollection services, SlackOptions options, DataDirectory data)
    {
        if (options.Provider == SlackProvider.Embedded)
        {
            services.AddSingleton(_ => new CapturedSlackSender(data.SlackDirectory, options));
            services.AddSingleton<ISlackSender>(sp => new LedgerSlackSender(
                sp.GetRequiredService<CapturedSlackSender>(), sp.GetRequiredService<NotificationLedger>(), ArrivalLimit.None, FilesAtATime));
            return;
        }

        services.AddWebhookClient(options);
        services.AddSingleton<ISlackSender>(sp => new WebhookSlackSender(
            sp.GetRequiredService<IHttpClientFactory>(), sp.GetRequiredService<NotificationLedger>(), options, TimeProvider.System,
            sp.GetRequiredService<ILogger<WebhookSlackSender>>()));
    }
}
