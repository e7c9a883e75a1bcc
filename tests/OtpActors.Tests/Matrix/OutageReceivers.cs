using System.Text.RegularExpressions;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Channels.Mail;
using OtpActors.Infrastructure.Configuration;
using OtpActors.Tests.Fakes;
using OtpActors.Tests.Servers;

namespace OtpActors.Tests.Matrix;

/// <summary>A mail server and a webhook of a case's own, each behind a proxy, that count what comes.</summary>
internal sealed partial class OutageReceivers : IAsyncDisposable
{
    private readonly FakeSmtpServer _mail = new();
    private readonly FakeSlack _slack;

    private OutageReceivers(FakeSlack slack, Gates gates)
    {
        _slack = slack;
        MailFront = new FaultProxy { Target = _mail.Port };
        SlackFront = new FaultProxy { Target = new Uri(slack.Url).Port };
        _mail.Before = moment => moment == SmtpMoment.Content ? gates.PassAsync(Points.MailContent) : Task.CompletedTask;
        slack.Script = async (_, context) =>
        {
            await gates.PassAsync(Points.SlackPost);
            await context.Response.BodyWriter.WriteAsync("ok"u8.ToArray());
        };
    }

    public FaultProxy MailFront { get; }

    public FaultProxy SlackFront { get; }

    /// <summary>How often each mail came, by its Message-ID.</summary>
    public Dictionary<string, int> Mails => _mail.Seen.Select(seen => MessageId().Match(seen.Content).Groups[1].Value)
        .CountBy(id => id).ToDictionary();

    /// <summary>How often each address was posted, for both stores together.</summary>
    public Dictionary<string, int> Posts => _slack.Texts.SelectMany(text => Address().Matches(text).Select(match => match.Groups[1].Value))
        .CountBy(address => address).ToDictionary();

    public static async Task<OutageReceivers> StartAsync(Gates gates) => new(await FakeSlack.StartAsync(), gates);

    /// <summary>One post for each message, as fast as they come: their number is known.</summary>
    public void Apply(OtpActorsOptions options)
    {
        options.Mail = new MailOptions
        {
            Provider = MailProvider.Smtp,
            Smtp = new SmtpOptions { Host = "127.0.0.1", Port = MailFront.Port, AllowPlaintext = true },
        };
        options.Slack = new SlackOptions
        {
            Provider = SlackProvider.Webhook,
            WebhookUrl = new Secret(new UriBuilder(_slack.Url) { Port = SlackFront.Port }.Uri.ToString()),
            DigestAbove = 1_000,
            Interval = TimeSpan.FromMilliseconds(20),
        };
    }

    public async ValueTask DisposeAsync()
    {
        await MailFront.DisposeAsync();
        await SlackFront.DisposeAsync();
        await _mail.DisposeAsync();
        await _slack.DisposeAsync();
    }

    [GeneratedRegex("^Message-I[dD]: <([^>]+)>", RegexOptions.Multiline)]
    private static partial Regex MessageId();

    [GeneratedRegex(@"(\S+@\S+)")]
    private static partial Regex Address();
}
