using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Channels.Ledger;
using OtpActors.Infrastructure.Channels.Mail;
using OtpActors.Infrastructure.Configuration;
using OtpActors.Tests.Servers.Smtp;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Channels.Mail;

/// <summary>TLS and sign-in, on a real server.</summary>
public sealed class SecuritySpecs : IDisposable
{
    private readonly TestAuthority _authority = new();

    public void Dispose() => _authority.Dispose();

    [Theory]
    [InlineData("starttls", SmtpSecurity.StartTls)]
    [InlineData("tls", SmtpSecurity.Tls)]
    public async Task A_mail_goes_through_tls(string mode, SmtpSecurity security)
    {
        await using var server = await ServeAsync(mode);
        await using var kit = new SmtpKit(Options(server) with { Security = security });

        (await kit.SendAsync("jane@example.com")).Outcome.ShouldBe(SendOutcome.Accepted);
        var mail = await server.EventAsync("mail");
        mail.GetProperty("secure").GetBoolean().ShouldBeTrue();
        mail.GetProperty("content").GetString().ShouldNotBeNull().ShouldContain("0012345");
        (await kit.EntryAsync()).State.ShouldBe(NotificationState.Accepted);
    }

    [Theory]
    [InlineData("PLAIN")]
    [InlineData("LOGIN")]
    public async Task A_password_signs_in(string method)
    {
        await using var server = await ServeAsync("starttls", auth: true, method);
        await using var kit = new SmtpKit(Options(server) with { User = "otp", Password = new Secret("s3cret") });

        (await kit.SendAsync("jane@example.com")).Outcome.ShouldBe(SendOutcome.Accepted);
        (await server.EventAsync("auth")).GetProperty("method").GetString().ShouldBe(method);
        (await server.EventAsync("mail")).GetProperty("user").GetString().ShouldBe("otp");
    }

    [Fact]
    public async Task A_token_signs_in()
    {
        using var directory = new TempDirectory();
        await File.WriteAllTextAsync(directory.File("token"), "t0ken\n", SmtpKit.Stop);
        await using var server = await ServeAsync("starttls", auth: true);
        await using var kit = new SmtpKit(Options(server) with { User = "otp", AccessTokenFile = directory.File("token") });

        (await kit.SendAsync("jane@example.com")).Outcome.ShouldBe(SendOutcome.Accepted);
        (await server.EventAsync("auth")).GetProperty("method").GetString().ShouldBe("XOAUTH2");
    }

    [Fact]
    public async Task A_wrong_password_fails_the_channel_and_nobody_in_particular()
    {
        await using var server = await ServeAsync("starttls", auth: true, "PLAIN");
        await using var kit = new SmtpKit(Options(server) with
        {
            User = "otp",
            Password = new Secret("canary-5ecret"),
            BreakFor = TimeSpan.FromMinutes(1),
        });

        var refused = await Should.ThrowAsync<NotificationException>(() => kit.SendAsync("jane@example.com"));
        refused.CanPass.ShouldBeFalse();
        refused.Message.ShouldContain("refuses the sign-in of otp");
        refused.ToString().ShouldNotContain("canary");
        (await kit.EntryAsync()).State.ShouldBe(NotificationState.Deferred);

        // While the breaker is open the server is left in peace.
        await Should.ThrowAsync<NotificationException>(() => kit.SendAsync("joe@example.com"));
        await server.EventAsync("auth");
        server.Events.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_server_that_wants_a_sign_in_gets_no_mail_without()
    {
        await using var server = await ServeAsync("starttls", auth: true);
        await using var kit = new SmtpKit(Options(server));
        await ShouldFailTheChannelAsync(kit, "wants a sign-in");
        server.Events.ShouldBeEmpty();
    }

    [Fact]
    public async Task Without_starttls_nothing_is_sent()
    {
        await using var server = await ServeAsync("plain");
        await using var kit = new SmtpKit(Options(server));
        await ShouldFailTheChannelAsync(kit, "does not offer what is required");
        server.Events.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_certificate_of_somebody_else_is_not_trusted()
    {
        await using var server = await ServeAsync("starttls");
        await using var kit = new SmtpKit(Options(server) with { TrustedCertificates = null });
        await ShouldFailTheChannelAsync(kit, "is not trusted");
        server.Events.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_certificate_for_another_name_is_not_trusted()
    {
        using var other = new TestAuthority("mail.example.com");
        await using var server = await ServeAsync("tls", authority: other);
        await using var kit = new SmtpKit(Options(server) with { Security = SmtpSecurity.Tls, TrustedCertificates = other.AuthorityFile });
        await ShouldFailTheChannelAsync(kit, "is not trusted");
        server.Events.ShouldBeEmpty();
    }

    private static async Task ShouldFailTheChannelAsync(SmtpKit kit, string words)
    {
        var e = await Should.ThrowAsync<NotificationException>(() => kit.SendAsync("jane@example.com"));
        e.Message.ShouldContain(words);
        e.CanPass.ShouldBeFalse();
        var entry = await kit.EntryAsync();
        (entry.State, entry.Tries, entry.MayHaveArrived).ShouldBe((NotificationState.Deferred, 1, 0));
    }

    private SmtpOptions Options(SmtpPeer server) => SmtpKit.Plain(server.Port) with
    {
        Host = "localhost",
        AllowPlaintext = false,
        TrustedCertificates = _authority.AuthorityFile,
    };

    private Task<SmtpPeer> ServeAsync(string mode, bool auth = false, string? method = null, TestAuthority? authority = null) =>
        SmtpPeer.SecureAsync(new
        {
            mode,
            auth,
            method,
            key = (authority ?? _authority).KeyFile,
            cert = (authority ?? _authority).CertificateFile,
        });
}
