using Microsoft.Extensions.Time.Testing;
using MimeKit;
using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Channels;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Channels;

public class OutboxMailSenderSpecs : IDisposable
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static readonly DateTimeOffset Now = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);
    private static readonly OtpMail Mail = MailTo("jane@example.com", "0012345");

    private readonly TempDirectory _outbox = new();

    public void Dispose()
    {
        _outbox.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_mail_carries_the_password_to_its_owner_and_nothing_else()
    {
        (await Send(Mail)).ShouldBe(new SendResult(SendOutcome.Accepted, "in the outbox"));
        using var message = Only();

        message.From.ToString().ShouldBe("otp@localhost");
        message.To.ToString().ShouldBe("jane@example.com");
        message.Cc.ShouldBeEmpty();
        message.Bcc.ShouldBeEmpty();
        message.Subject.ShouldBe("One-Time-Password");
        message.Date.ShouldBe(Now);
        message.MessageId.ShouldBe(Mail.MessageId);
        message.Headers[HeaderId.AutoSubmitted].ShouldBe("auto-generated");
        message.TextBody.ShouldNotBeNull().ReplaceLineEndings("\n")
            .ShouldBe("Your OTP\n\n0012345\n\nIf you did not ask for this, ignore this mail.\n");
        message.HtmlBody.ShouldNotBeNull().ShouldContain("<html lang=\"en\">");
        message.HtmlBody.ShouldNotBeNull().ShouldContain("<h1>Your OTP</h1>");
        message.HtmlBody.ShouldNotBeNull().ShouldContain(">0012345</code>");
        message.HtmlBody.ShouldNotBeNull().ShouldNotContain("://");
        message.HtmlBody.ShouldNotBeNull().ShouldNotContain("href");
    }

    [Theory]
    [InlineData("cassandra", "Your OTP")]
    [InlineData("mongo", "You can find your One Time Password below")]
    public async Task The_heading_tells_the_store(string store, string heading)
    {
        await Send(Mail with { Store = store });
        using var message = Only();
        message.TextBody.ShouldNotBeNull().ShouldStartWith(heading);
        message.HtmlBody.ShouldNotBeNull().ShouldContain($"<h1>{heading}</h1>");
    }

    [Fact]
    public async Task A_mail_is_written_once_however_often_it_is_sent()
    {
        await Send(Mail);
        var first = await File.ReadAllBytesAsync(Path(), Stop);
        (await Send(Mail with { Otp = OneTimePassword.Parse("999") })).ShouldBe(new SendResult(SendOutcome.Accepted, "already in the outbox"));
        (await File.ReadAllBytesAsync(Path(), Stop)).ShouldBe(first);
        _outbox.Names().ShouldBe([$"{Mail.MessageId.Split('@')[0]}.eml"]);
    }

    [Fact]
    public async Task The_same_mail_at_the_same_time_is_the_same_bytes()
    {
        await Send(Mail);
        var first = await File.ReadAllBytesAsync(Path(), Stop);
        File.Delete(Path());
        await Send(Mail);
        (await File.ReadAllBytesAsync(Path(), Stop)).ShouldBe(first);
    }

    [Theory]
    [InlineData("<img src=x onerror=alert(1)>")]
    [InlineData("</code><a href=\"https://example.com\">")]
    [InlineData("\"'&lt;<!channel>")]
    [InlineData("=\u00e9=3D. 🔑漢")]
    [InlineData(".")]
    public async Task A_password_is_text_whatever_it_looks_like(string otp)
    {
        await Send(MailTo("jane@example.com", otp));
        using var message = Only();
        message.TextBody.ShouldNotBeNull().ShouldContain($"\n{otp}", Case.Sensitive);
        var html = message.HtmlBody.ShouldNotBeNull();
        System.Net.WebUtility.HtmlDecode(html).ShouldContain($">{otp}</code>");
        html.Split("pre-wrap\">")[1].Split("</code>")[0].ShouldNotContain("<");
    }

    [Fact]
    public async Task An_address_of_an_earlier_version_that_reads_as_another_gets_no_mail()
    {
        var to = EmailAddress.Restore("=?utf-8?q?jane?=@example.com");
        var result = await Send(new OtpMail("run1", "cassandra", to, OneTimePassword.Parse("1")));
        (result.Outcome, result.Detail).ShouldBe(
            (SendOutcome.Refused, "the part before the @ is an encoded word, which others read as another address"));
        Directory.GetFiles(_outbox.Path).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("o'neil!#$%&*/=?^`{|}~@example.com")]
    [InlineData("\u043f\u043e\u0447\u0442\u0430@xn--80a1acny.xn--p1ai")]
    public async Task An_unusual_address_stays_one_recipient(string address)
    {
        await Send(MailTo(address, "1"));
        using var message = Only();
        message.To.Mailboxes.ShouldHaveSingleItem().GetAddress(idnEncode: true).ShouldBe(address);
    }

    [Fact]
    public async Task Lines_end_as_mail_wants_and_the_head_names_each_header_once()
    {
        await Send(Mail);
        var text = await File.ReadAllTextAsync(Path(), Stop);
        text.Replace("\r\n", "", StringComparison.Ordinal).ShouldNotContain("\n");
        var names = text.Split("\r\n\r\n")[0].Split("\r\n").Where(line => line[0] is not (' ' or '\t')).Select(line => line.Split(':')[0]);
        names.Order().ShouldBe(["Auto-Submitted", "Content-Type", "Date", "From", "MIME-Version", "Message-Id", "Subject", "To"], ignoreOrder: true);
    }

    [Fact]
    public async Task Only_its_owner_can_read_a_mail_and_leftovers_are_in_nobodys_way()
    {
        await File.WriteAllTextAsync(_outbox.File($".{Mail.MessageId.Split('@')[0]}.eml.x.tmp"), "half", Stop);
        (await Send(Mail)).Detail.ShouldBe("in the outbox");
        if (!OperatingSystem.IsWindows())
        {
            File.GetUnixFileMode(Path()).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    [Fact]
    public async Task An_outbox_that_cannot_be_written_fails_the_channel_by_name()
    {
        var occupied = _outbox.File("occupied");
        await File.WriteAllTextAsync(occupied, "", Stop);
        var exception = await Should.ThrowAsync<NotificationException>(() => Sender(occupied).SendAsync(Mail, Stop));
        exception.Message.ShouldStartWith($"The outbox '{occupied}' cannot be written");
        exception.ToString().ShouldNotContain("0012345");
    }

    private static OtpMail MailTo(string address, string otp) =>
        new("run1", "cassandra", EmailAddress.Parse(address), OneTimePassword.Parse(otp));

    private static OutboxMailSender Sender(string outbox) =>
        new(outbox, new MailTemplate(new MailOptions(), new FakeTimeProvider(Now)));

    private Task<SendResult> Send(OtpMail mail) => Sender(_outbox.Path).SendAsync(mail, Stop);

    private string Path() => _outbox.File(_outbox.Names().Single(name => name.EndsWith(".eml", StringComparison.Ordinal)));

    private MimeMessage Only() => MimeMessage.Load(Path());
}
