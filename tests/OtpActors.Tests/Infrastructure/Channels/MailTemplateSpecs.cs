using System.Security.Cryptography;
using MimeKit;
using MimeKit.Cryptography;
using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Configuration;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Channels;

public sealed class MailTemplateSpecs : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("en", "You can find your One Time Password below")]
    [InlineData("de", "Unten steht Ihr Einmalpasswort")]
    [InlineData("de-AT", "Unten steht Ihr Einmalpasswort")]
    [InlineData("fr", "Voici votre mot de passe à usage unique")]
    public void A_mail_is_in_the_language_that_is_set(string language, string heading)
    {
        using var message = Create(new MailOptions { Language = language });
        message.Subject.ShouldBe("One-Time-Password");
        message.TextBody.ShouldNotBeNull().ShouldStartWith(heading);
        System.Net.WebUtility.HtmlDecode(message.HtmlBody.ShouldNotBeNull()).ShouldContain($"<h1>{heading}</h1>");
        message.HtmlBody.ShouldContain($"<html lang=\"{language}\">");
    }

    [Fact]
    public void A_language_that_nothing_is_in_is_refused() =>
        Should.Throw<SettingsException>(() => Create(new MailOptions { Language = "tlh" })).Message.ShouldContain("Mail:Templates");

    [Fact]
    public void Files_replace_the_parts_they_name_the_language_first()
    {
        Write("subject.txt", "Your code\n");
        Write("heading.mongo.it.txt", "Ecco <il> codice");
        Write("mail.txt", "plain {{otp}}");
        Write("mail.it.txt", "{{heading}}: {{otp}}");
        using var message = Create(new MailOptions { Language = "it-IT", Templates = _directory.Path }, "<{{heading}}>");
        message.Subject.ShouldBe("Your code");
        message.TextBody.ShouldBe("Ecco <il> codice: <{{heading}}>");
        message.HtmlBody.ShouldNotBeNull().ShouldContain("<h1>Ecco &lt;il&gt; codice</h1>");
        message.HtmlBody.ShouldContain("pre-wrap\">&lt;{{heading}}&gt;</code>");
    }

    [Fact]
    public void Templates_that_are_not_there_are_an_error() =>
        Should.Throw<SettingsException>(() => Create(new MailOptions { Templates = _directory.File("none") }));

    [Fact]
    public async Task A_signed_mail_is_found_to_be_the_domains_and_a_changed_one_not()
    {
        using var key = RSA.Create(2048);
        Write("key.pem", key.ExportRSAPrivateKeyPem());
        using var message = Create(new MailOptions
        {
            From = "otp@example.com",
            Dkim = new DkimOptions { Domain = "example.com", Selector = "s1", KeyFile = _directory.File("key.pem") },
        });
        using var bytes = new MemoryStream();
        await message.WriteToAsync(MailTemplate.FormatFor(Mail("0012345")), bytes, TestContext.Current.CancellationToken);
        bytes.Position = 0;
        using var received = await MimeMessage.LoadAsync(bytes, TestContext.Current.CancellationToken);

        var verifier = new DkimVerifier(new Locator(key));
        var signature = received.Headers[received.Headers.IndexOf(HeaderId.DkimSignature)];
        signature.Value.ShouldContain("d=example.com");
        (await verifier.VerifyAsync(received, signature, TestContext.Current.CancellationToken)).ShouldBeTrue();
        received.Subject = "Another";
        (await verifier.VerifyAsync(received, signature, TestContext.Current.CancellationToken)).ShouldBeFalse();
    }

    private static MimeMessage Create(MailOptions options, string otp = "0012345") =>
        new MailTemplate(options, TimeProvider.System).Create(Mail(otp));

    private static OtpMail Mail(string otp) => new("run1", "mongo", EmailAddress.Parse("jane@example.com"), OneTimePassword.Parse(otp));

    private void Write(string name, string text) => File.WriteAllText(_directory.File(name), text);

    /// <summary>The key that a domain's DNS would have.</summary>
    private sealed class Locator(RSA key) : IDkimPublicKeyLocator
    {
        public Org.BouncyCastle.Crypto.AsymmetricKeyParameter LocatePublicKey(string methods, string domain, string selector, CancellationToken cancellationToken = default) =>
            Org.BouncyCastle.Security.DotNetUtilities.GetRsaPublicKey(key);

        public Task<Org.BouncyCastle.Crypto.AsymmetricKeyParameter> LocatePublicKeyAsync(
            string methods, string domain, string selector, CancellationToken cancellationToken = default) =>
            Task.FromResult(LocatePublicKey(methods, domain, selector, cancellationToken));
    }
}
