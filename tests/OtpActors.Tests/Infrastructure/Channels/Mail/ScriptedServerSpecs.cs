using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Channels.Ledger;
using OtpActors.Tests.Fakes;
using OtpActors.Tests.Servers.Smtp;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Channels.Mail;

/// <summary>Replies and faults of real servers: aiosmtpd and smtp-sink.</summary>
public class ScriptedServerSpecs
{
    [Theory]
    [InlineData("rcpt-450", NotificationState.Deferred, 3)]
    [InlineData("rcpt-451", NotificationState.Deferred, 3)]
    [InlineData("rcpt-550", NotificationState.Failed, 1)]
    [InlineData("rcpt-554", NotificationState.Failed, 1)]
    [InlineData("data-451", NotificationState.Deferred, 3)]
    [InlineData("data-421", NotificationState.Deferred, 3)]
    [InlineData("data-554", NotificationState.Failed, 1)]
    [InlineData("jane", NotificationState.Accepted, 1)]
    public async Task A_reply_decides_about_its_address_alone(string name, NotificationState state, int tries)
    {
        await using var server = await SmtpPeer.ScriptedAsync();
        await using var kit = new SmtpKit(SmtpKit.Plain(server.Port));

        await kit.SendAsync($"{name}@example.com");
        var entry = await kit.EntryAsync();
        (entry.State, entry.Tries).ShouldBe((state, tries));
        entry.Reply.ShouldNotContain($"{name}@example.com", Case.Insensitive, "the server repeats the address, and it is masked");
        (await kit.SendAsync("joe@example.com")).Outcome.ShouldBe(SendOutcome.Accepted);
    }

    [Fact]
    public async Task An_international_address_is_mailed_by_a_server_that_can()
    {
        await using var server = await SmtpPeer.ScriptedAsync();
        await using var kit = new SmtpKit(SmtpKit.Plain(server.Port));

        (await kit.SendAsync("почта@пример.рф")).Outcome.ShouldBe(SendOutcome.Accepted);
        var mail = await server.EventAsync("mail");
        mail.GetProperty("to")[0].GetString().ShouldBe("почта@пример.рф");
        mail.GetProperty("options").EnumerateArray().Select(o => o.GetString()).ShouldContain("SMTPUTF8");
    }

    [Fact]
    public async Task An_international_address_fails_for_good_on_a_server_that_cannot()
    {
        await using var server = await SmtpPeer.ScriptedAsync("ascii");
        await using var kit = new SmtpKit(SmtpKit.Plain(server.Port));

        (await kit.SendAsync("почта@пример.рф")).ShouldBe(
            new SendResult(SendOutcome.Refused, "the server takes no international addresses (SMTPUTF8)"));
        (await kit.EntryAsync()).State.ShouldBe(NotificationState.Failed);
        server.Events.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("-r", "RCPT", NotificationState.Deferred)]
    [InlineData("-f", "RCPT", NotificationState.Failed)]
    [InlineData("-q", "RCPT", NotificationState.Deferred)]
    [InlineData("-Q", "RCPT", NotificationState.Deferred)]
    [InlineData("-q", "DATA", NotificationState.Deferred)]
    [InlineData("-r", ".", NotificationState.Deferred)]
    [InlineData("-f", ".", NotificationState.Failed)]
    [InlineData("-q", ".", NotificationState.Uncertain)]
    public async Task A_fault_of_smtp_sink_is_what_the_ledger_says(string fault, string command, NotificationState state)
    {
        using var directory = new TempDirectory();
        await using var server = await SmtpPeer.SinkAsync(directory.Path, fault, command);
        await using var kit = new SmtpKit(SmtpKit.Plain(server.Port));

        await kit.SendAsync("jane@example.com");
        var entry = await kit.EntryAsync();
        entry.State.ShouldBe(state, entry.Reply);
        entry.MayHaveArrived.ShouldBe(state == NotificationState.Uncertain ? 2 : 0);
    }

    [Fact]
    public async Task A_sender_that_is_refused_fails_the_channel()
    {
        using var directory = new TempDirectory();
        await using var server = await SmtpPeer.SinkAsync(directory.Path, "-f", "MAIL");
        await using var kit = new SmtpKit(SmtpKit.Plain(server.Port));

        (await Should.ThrowAsync<NotificationException>(() => kit.SendAsync("jane@example.com"))).CanPass.ShouldBeFalse();
        (await kit.EntryAsync()).State.ShouldBe(NotificationState.Deferred);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_said_at_once_and_uses_no_retry_up()
    {
        var server = new FakeSmtpServer();
        var port = server.Port;
        await server.DisposeAsync();
        await using var kit = new SmtpKit(SmtpKit.Plain(port));

        (await Should.ThrowAsync<NotificationException>(() => kit.SendAsync("jane@example.com"))).CanPass.ShouldBeTrue();
        var entry = await kit.EntryAsync();
        (entry.State, entry.Tries, entry.MayHaveArrived).ShouldBe((NotificationState.Deferred, 1, 0));
    }
}
