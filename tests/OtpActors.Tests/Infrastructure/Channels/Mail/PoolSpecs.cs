using System.Diagnostics;
using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Channels.Ledger;
using OtpActors.Infrastructure.Channels.Mail;
using OtpActors.Tests.Fakes;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Channels.Mail;

/// <summary>Connections and their workers, retries, and what cancelling does.</summary>
public sealed class PoolSpecs : IAsyncDisposable
{
    private readonly FakeSmtpServer _server = new();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Mails_share_the_connections_of_the_pool()
    {
        await using var kit = new SmtpKit(SmtpKit.Plain(_server.Port) with { Connections = 3 });
        var results = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => kit.SendAsync($"user{i}@example.com"))).Eventually();
        results.ShouldAllBe(result => result.Accepted);
        _server.Connections.ShouldBeInRange(1, 3);
        _server.Seen.Select(seen => seen.Recipient).Distinct().Count().ShouldBe(60);
    }

    [Fact]
    public async Task A_connection_that_the_server_had_closed_is_made_anew_and_costs_no_try()
    {
        var mails = 0;
        _server.Script = (at, _) => at == SmtpMoment.Mail && Interlocked.Increment(ref mails) == 2 ? FakeSmtpServer.Drop : null;
        await using var kit = new SmtpKit(SmtpKit.Plain(_server.Port) with { Retries = 0 });
        (await kit.SendAsync("jane@example.com")).Accepted.ShouldBeTrue();
        (await kit.SendAsync("joe@example.com")).Accepted.ShouldBeTrue();
        _server.Connections.ShouldBe(2);
        (await kit.Ledger.ListAsync("run1", 10, SmtpKit.Stop)).ShouldAllBe(entry => entry.Tries == 1);
    }

    [Theory]
    [InlineData(FakeSmtpServer.Drop)]
    [InlineData("421 4.3.2 closing")]
    public async Task A_server_that_goes_amid_a_mail_fails_the_channel_and_not_the_mail(string reply)
    {
        _server.Script = (at, _) =>
        {
            if (at != SmtpMoment.Mail)
            {
                return null;
            }

            _server.Refuse();
            return reply;
        };
        await using var kit = new SmtpKit(SmtpKit.Plain(_server.Port) with { Retries = 0 });
        (await Should.ThrowAsync<NotificationException>(() => kit.SendAsync("jane@example.com"))).CanPass.ShouldBeTrue();
        var entry = await kit.EntryAsync();
        (entry.State, entry.MayHaveArrived).ShouldBe((NotificationState.Deferred, 0));
    }

    [Fact]
    public async Task A_connection_without_work_is_closed_and_made_again()
    {
        await using var kit = new SmtpKit(SmtpKit.Plain(_server.Port) with { IdleTimeout = TimeSpan.FromMilliseconds(20) });
        (await kit.SendAsync("jane@example.com")).Accepted.ShouldBeTrue();
        while (!_server.Lines.Contains("QUIT"))
        {
            await Task.Delay(5, SmtpKit.Stop);
        }

        (await kit.SendAsync("joe@example.com")).Accepted.ShouldBeTrue();
        _server.Connections.ShouldBe(2);
    }

    [Fact]
    public async Task By_policy_an_uncertain_mail_is_reported_and_not_sent_again()
    {
        _server.Script = (at, _) => at == SmtpMoment.Content ? FakeSmtpServer.Drop : null;
        await using var kit = new SmtpKit(SmtpKit.Plain(_server.Port), new MailOptions { OnUncertain = OnUncertain.Report });
        (await kit.SendAsync("jane@example.com")).Outcome.ShouldBe(SendOutcome.Uncertain);
        (await kit.SendAsync("jane@example.com")).Outcome.ShouldBe(SendOutcome.Uncertain);
        _server.Seen.Count.ShouldBe(1);
    }

    [Fact]
    public async Task What_was_accepted_after_an_uncertain_end_is_two_mails_of_one_id()
    {
        var ends = 0;
        _server.Script = (at, _) => at == SmtpMoment.Content && Interlocked.Increment(ref ends) == 1 ? FakeSmtpServer.Drop : null;
        await using var kit = new SmtpKit(SmtpKit.Plain(_server.Port));
        (await kit.SendAsync("jane@example.com")).Accepted.ShouldBeTrue();
        (await kit.SendAsync("jane@example.com")).Accepted.ShouldBeTrue("it is known to be accepted");
        _server.Seen.Count.ShouldBe(2);
        var entry = await kit.EntryAsync();
        (entry.State, entry.Tries, entry.MayHaveArrived).ShouldBe((NotificationState.Accepted, 2, 2));
    }

    [Fact]
    public void Waits_grow_as_documented_and_no_two_are_alike()
    {
        var sender = new RetryingMailSender(null!, new SmtpOptions(), true, TimeProvider.System, new Random(7));
        foreach (var (failed, seconds) in new[] { (1, 5), (2, 15), (3, 45), (4, 120), (5, 120) })
        {
            var waits = Enumerable.Range(0, 20).Select(_ => sender.DelayAfter(failed).TotalSeconds).ToList();
            waits.ShouldAllBe(wait => wait >= seconds * 0.8 && wait <= seconds * 1.2);
            waits.ShouldBeUnique();
        }
    }

    [Theory]
    [InlineData(SmtpMoment.Rcpt, NotificationState.Deferred)]
    [InlineData(SmtpMoment.Content, NotificationState.Uncertain)]
    public async Task Cancelling_ends_all_within_two_seconds_and_the_ledger_knows_what_may_have_gone(
        SmtpMoment silent, NotificationState state)
    {
        var (reached, many) = (new TaskCompletionSource(), 0);
        _server.Script = (at, _) =>
        {
            if (at != silent)
            {
                return null;
            }

            if (Interlocked.Increment(ref many) == 2)
            {
                reached.TrySetResult();
            }

            return FakeSmtpServer.Silence;
        };
        await using var kit = new SmtpKit(SmtpKit.Plain(_server.Port) with { Connections = 2 });
        using var cancel = new CancellationTokenSource();
        var sends = Enumerable.Range(0, 200).Select(i => kit.Sender.SendAsync(SmtpKit.MailTo($"user{i}@example.com"), cancel.Token)).ToList();
        await reached.Task.Eventually();

        var clock = Stopwatch.StartNew();
        await cancel.CancelAsync();
        await Task.WhenAll(sends).ContinueWith(_ => { }, TaskScheduler.Default).Eventually();
        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(2));

        var states = await kit.Ledger.CountAsync("run1", SmtpKit.Stop);
        states.GetValueOrDefault((ChannelNames.Mail, NotificationState.Intent)).ShouldBe(0);
        states[(ChannelNames.Mail, state)].ShouldBeInRange(2, state == NotificationState.Uncertain ? 2 : 4);
        states.Values.Sum().ShouldBe(4, "what waited for its turn never was an intent");
        sends.Count(send => send.IsCanceled).ShouldBeGreaterThanOrEqualTo(198);
    }
}
