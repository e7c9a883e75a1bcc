using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using MimeKit;
using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Configuration;
using OtpActors.Tests.Fakes;
using OtpActors.Tests.Servers.Smtp;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Channels.Mail;

/// <summary>Whatever lies in a field, the server sees one sender, one recipient and one mail: proven on what it saw.</summary>
public sealed partial class InjectionSpecs : IAsyncDisposable
{
    private static readonly string[] Corpus =
    [
        "\r\n.\r\nMAIL FROM:<x@example.com>\r\n", "\n.\n", "\r.\r", "0\r\nBcc: x@example.com", "0\0", "\u2028.\u2029", "\u0085.",
        ".", "..", ".\t.", "<img src=x onerror=alert(1)>", "</code><script>alert(1)</script>", "{{heading}}", "{{otp}}", "&lt;&#10;.&#10;",
        "<!channel>", "\u202Etxt.exe", "\u200F\u200E\u2066x\u2069", "пароль", "密碼", "🔑", "=0D=0A.=0D=0A", "=?utf-8?q?=0D=0ABcc:_x?=",
        "%0d%0aRCPT TO:<x@example.com>", "RSET", "QUIT", "From otp", "--otp-", new string('x', 128), new string('.', 128),
        new string('a', 1_000_000), new string('\u202E', 1_000_000),
    ];

    private static readonly string[] Names =
    [
        "jane", "JANE", "o'neil", "a=b", "{jane}", "почта", "josé", "%0d%0a", "x--y", "-jane", "`id`", "$(id)", "a|b", "!#$%&'*+/=?^_`{|}~",
        "jane\r\nRCPT TO:<x", "jane>\r\nDATA", "jane\n", "jane@x", "<jane", "jane>", "\"jane\"", "jane,joe", "jane;joe", "ja\u202Ene", "ja\0ne",
        new string('j', 1_000_000),
    ];

    private readonly FakeSmtpServer _server = new();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task No_field_makes_a_command_a_header_a_recipient_or_markup()
    {
        await using var kit = new SmtpKit(SmtpKit.Plain(_server.Port));
        var sent = new List<OtpMail>();
        foreach (var (otp, i) in Corpus.Concat(RandomTexts()).Select((otp, i) => (otp, i)))
        {
            await TryAsync($"user{i}@example.com", otp);
        }

        foreach (var name in Names)
        {
            await TryAsync($"{name}@example.com", "1234");
            await TryAsync($"jane@{name}.example.com", "1234");
        }

        sent.Count.ShouldBeGreaterThan(40);
        ShouldBeOneMailEach(sent);

        async Task TryAsync(string address, string otp)
        {
            // What is refused here comes from no topic either: it goes to the dead letters.
            if (EmailAddress.TryParse(address, out var to, out _) && OneTimePassword.TryParse(otp, out var password, out _))
            {
                var mail = new OtpMail("run1", "mongo", to, password);
                if (sent.All(earlier => earlier.Id != mail.Id))
                {
                    sent.Add(mail);
                    (await kit.Sender.SendAsync(mail, SmtpKit.Stop)).Accepted.ShouldBeTrue();
                }
            }
        }
    }

    [Fact]
    public async Task Postfix_has_seen_one_recipient_a_mail()
    {
        using var directory = new TempDirectory();
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(directory.Path, (UnixFileMode)0b111_111_111); // smtp-sink writes as nobody
        }

        await using var server = await SmtpPeer.SinkAsync(directory.Path, "-D", "mails");
        await using (var kit = new SmtpKit(SmtpKit.Plain(server.Port)))
        {
            foreach (var (otp, i) in Corpus.Where(text => OneTimePassword.TryParse(text, out _, out _)).Select((otp, i) => (otp, i)))
            {
                (await kit.SendAsync($"user{i}@example.com", otp)).Accepted.ShouldBeTrue();
            }
        }

        var mails = (await File.ReadAllTextAsync(directory.File("mails"), SmtpKit.Stop)).Split("X-Client-Addr:")[1..];
        mails.Length.ShouldBeGreaterThan(15);
        mails.ShouldAllBe(mail => RcptArgs().Count(mail) == 1 && MailArgs().Count(mail) == 1);
    }

    [Fact]
    public async Task A_reply_is_one_short_line_without_the_password_whatever_the_server_says()
    {
        _server.Script = (at, to) => at == SmtpMoment.Rcpt
            ? $"550 \u001b[2J{to} {to.ToUpperInvariant()} 0012345 \u202E {new string('x', 1_000)}"
            : null;
        await using var kit = new SmtpKit(SmtpKit.Plain(_server.Port));
        var detail = (await kit.SendAsync("jane@example.com")).Detail;
        detail.Length.ShouldBeLessThanOrEqualTo(201);
        detail.ShouldStartWith("550  [2Jj***@example.com j***@example.com *** ".Replace("  ", " "));
        detail.Any(char.IsControl).ShouldBeFalse();
    }

    [Fact]
    public void A_setting_with_a_line_break_or_a_huge_template_is_refused_at_the_start()
    {
        using var directory = new TempDirectory();
        foreach (var (file, text) in new[] { ("subject.txt", "One\r\nBcc: x@example.com"), ("mail.txt", new string('x', 1_000_000)), ("mail.html", "{{evil}}") })
        {
            File.WriteAllText(directory.File(file), text);
            Should.Throw<SettingsException>(() => new MailTemplate(new MailOptions { Templates = directory.Path }, TimeProvider.System))
                .Message.ShouldContain(file);
            File.Delete(directory.File(file));
        }
    }

    private void ShouldBeOneMailEach(List<OtpMail> sent)
    {
        _server.Lines.Count(line => line.StartsWith("RCPT TO:", StringComparison.OrdinalIgnoreCase)).ShouldBe(sent.Count);
        _server.Lines.Count(line => line == "DATA").ShouldBe(sent.Count);
        _server.Lines.Where(line => line.StartsWith("MAIL FROM:", StringComparison.OrdinalIgnoreCase))
            .ShouldAllBe(line => line.StartsWith("MAIL FROM:<otp@localhost>", StringComparison.Ordinal));
        _server.Seen.Count.ShouldBe(sent.Count);
        foreach (var ((_, content), mail) in _server.Seen.Zip(sent))
        {
            var head = content.Split("\r\n\r\n")[0];
            head.Split("\r\n").Where(line => line[0] is not (' ' or '\t')).Select(line => line.Split(':')[0]).ShouldBe(
                ["Auto-Submitted", "Content-Type", "Date", "From", "MIME-Version", "Message-Id", "Subject", "To"], ignoreOrder: true);
            using var message = MimeMessage.Load(new MemoryStream(Encoding.UTF8.GetBytes(content)));
            message.To.Mailboxes.ShouldHaveSingleItem().GetAddress(idnEncode: true).ShouldBe(mail.To.Value);
            message.Cc.Concat(message.Bcc).ShouldBeEmpty();
            message.MessageId.ShouldBe(mail.MessageId);
            message.TextBody.ShouldNotBeNull().ReplaceLineEndings("\n").ShouldContain($"\n{mail.Otp.Reveal()}\n", Case.Sensitive);
            var shown = message.HtmlBody.ShouldNotBeNull().Split("pre-wrap\">")[1].Split("</code>")[0];
            shown.ShouldNotContain("<");
            System.Net.WebUtility.HtmlDecode(shown).ShouldBe(mail.Otp.Reveal());
        }
    }

    private static List<string> RandomTexts()
    {
        var texts = new List<string>();
        Gen.String[Gen.Char, 1, 40].Sample(texts.Add, iter: 100, threads: 1);
        return texts;
    }

    [GeneratedRegex("^X-Rcpt-Args:", RegexOptions.Multiline)]
    private static partial Regex RcptArgs();

    [GeneratedRegex("^X-Mail-Args:", RegexOptions.Multiline)]
    private static partial Regex MailArgs();
}
