using System.Diagnostics;
using System.Globalization;
using OtpActors.Infrastructure.Channels.Ledger;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Processes;

/// <summary>The program, with a mail server and a webhook.</summary>
[Collection(OneAtATime.Name)]
public sealed class NotificationsSpecs : IAsyncLifetime
{
    private const string Canary = "canary-5up3r-s3cret";

    private readonly Workplace _at = new();
    private readonly FakeSmtpServer _mail = new();
    private FakeSlack _slack = null!;

    public async ValueTask InitializeAsync() => _slack = await FakeSlack.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _mail.DisposeAsync();
        await _slack.DisposeAsync();
        _at.Dispose();
    }

    [Fact]
    public async Task A_run_mails_and_posts_and_the_ledger_tells_it_without_secrets()
    {
        _mail.Script = (at, to) => at == SmtpMoment.Rcpt && to.StartsWith("bob", StringComparison.Ordinal) ? $"550 no <{to}>" : null;
        _at.Write("people.csv", "email,otp", $"ann@example.com,{Canary}", $"bob@example.com,{Canary}", $"cid@example.com,{Canary}");
        var run = (await RunAsync("run", "--from", "people.csv", "--json")).ShouldExitWith(0);

        var (mail, slack) = (run.Report.Notifications.Mail, run.Report.Notifications.Slack);
        (mail.Sent, mail.Failed, mail.Uncertain).ShouldBe((4, 2, 0));
        (slack.Sent, slack.Failed, slack.Messages).ShouldBe((6, 0, null));
        _mail.Seen.Count.ShouldBe(4);
        string.Concat(_slack.Texts).Split(Canary).Length.ShouldBe(7);
        Directory.GetFiles(_at.Data.File("outbox")).ShouldBeEmpty();

        var listed = (await RunAsync("notifications", run.Report.RunId, "--json")).ShouldExitWith(0);
        listed.Items.Count.ShouldBe(12);
        listed.Items.Count(e => e.GetProperty("state").GetString() == "failed").ShouldBe(2);
        var table = (await RunAsync("notifications")).ShouldExitWith(0);
        table.Error.ShouldContain("mail: 4 Accepted, 2 Failed");
        table.Output.ShouldContain("b***@example.com");
        (await RunAsync("notifications", "no-such-run")).ShouldExitWith(0).Error.ShouldContain("No notifications of run no-such-run");

        foreach (var text in new[] { run.Output, run.Error, listed.Output, table.Output, _at.Data.Logs })
        {
            text.ShouldNotContain(Canary);
            text.ShouldNotContain(FakeSlack.SecretPath);
            text.ShouldNotContain("bob@");
        }

        _at.Data.Logs.ShouldContain("RevealOtp");
    }

    [Fact]
    public async Task A_run_that_is_killed_and_resumed_mails_nobody_twice_whom_the_server_acknowledged()
    {
        OtpActorsProcess? process = null;
        var taken = 0;
        _mail.Script = (at, _) =>
        {
            if (at == SmtpMoment.Mail && Interlocked.Increment(ref taken) == 30)
            {
                process!.Kill();
            }

            return null;
        };
        process = Start("run", "--count", "50", "--notify", "all", "--json");
        await process.EndAsync();
        await process.DisposeAsync();
        var runId = (await _at.Data.RunsAsync()).Single().RunId;
        var acknowledged = (await EntriesAsync()).Where(e => e.State == NotificationState.Accepted).Select(e => e.Id).ToHashSet();
        acknowledged.ShouldNotBeEmpty();

        var report = (await RunAsync("run", "--resume", runId, "--json")).ShouldExitWith(0).Report;
        report.Notifications.Mail.Sent.ShouldBe(100);
        var ids = _mail.Seen.Select(seen => seen.Content.Split("\r\n").Single(l => l.StartsWith("Message-Id:", StringComparison.Ordinal)).Split('<', '@')[1])
            .GroupBy(id => id).ToDictionary(id => id.Key, id => id.Count());
        ids.Count.ShouldBe(100);
        ids.Values.Max().ShouldBeLessThanOrEqualTo(2);
        acknowledged.Where(id => id.Contains(".mail.", StringComparison.Ordinal)).ShouldAllBe(id => ids[id] == 1);
    }

    [Fact]
    public async Task A_run_that_is_told_to_stop_stops_within_two_seconds_though_the_server_says_nothing()
    {
        Signals.SkipUnlessSent(Signal.Terminate);
        var silent = new TaskCompletionSource();
        _mail.Script = (at, _) =>
        {
            if (at == SmtpMoment.Content)
            {
                silent.TrySetResult();
                return FakeSmtpServer.Silence;
            }

            return null;
        };
        await using var process = Start("run", "--count", "500", "--notify", "all", "--json");
        await silent.Task.WaitAsync(OtpActorsProcess.Bound, TestContext.Current.CancellationToken);

        var clock = Stopwatch.StartNew();
        process.Send(Signal.Terminate);
        while ((await EntriesAsync()).Any(e => e.State == NotificationState.Intent))
        {
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(2));
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        var report = (await process.EndAsync()).ShouldExitWith(1).Report;
        (report.Outcome, report.Notifications.Mail.Uncertain).ShouldBe(("Interrupted", 4), "four connections had a mail on its way");
    }

    [Theory]
    [InlineData("Mail__Smtp__Host", "smtp.example.com", "AllowPlaintext")]
    [InlineData("Slack__WebhookUrl", "http://hooks.example.com/T000-canary-B000", "must be https")]
    [InlineData("Slack__WebhookUrl", "T000-canary-B000", "wants the webhook's address")]
    [InlineData("Mail__Smtp__Password", "T000-canary-B000", "neither goes without it")]
    [InlineData("Mail__Smtp__TrustedCertificates", "nowhere.pem", "nowhere.pem")]
    [InlineData("Mail__Dkim__Domain", "example.com", "together")]
    public async Task A_setting_that_cannot_work_is_said_at_the_start_and_secrets_are_not_repeated(string key, string value, string words)
    {
        var environment = Environment();
        environment[$"OtpActors__{key}"] = value;
        var ended = (await _at.RunBareAsync(["run", "--data", _at.Data.Root], null, environment)).ShouldExitWith(2);
        ended.ShouldSay(words);
        ended.Error.ShouldNotContain("T000");
    }

    private async Task<List<LedgerEntry>> EntriesAsync()
    {
        await using var ledger = new NotificationLedger(_at.Data.File("notifications.db"), TimeProvider.System, readOnly: true);
        return await ledger.ListAsync(null, 10_000, TestContext.Current.CancellationToken);
    }

    private OtpActorsProcess Start(params string[] arguments) =>
        OtpActorsProcess.Start(_at.Path, [.. arguments, "--data", _at.Data.Root], null, Environment());

    private async Task<Ended> RunAsync(params string[] arguments)
    {
        await using var process = Start(arguments);
        return await process.EndAsync();
    }

    private Dictionary<string, string> Environment() => new()
    {
        ["OtpActors__Mail__Provider"] = "Smtp",
        ["OtpActors__Mail__Smtp__Host"] = "127.0.0.1",
        ["OtpActors__Mail__Smtp__Port"] = _mail.Port.ToString(CultureInfo.InvariantCulture),
        ["OtpActors__Mail__Smtp__AllowPlaintext"] = "true",
        ["OtpActors__Slack__Provider"] = "Webhook",
        ["OtpActors__Slack__WebhookUrl"] = _slack.Url,
        ["OtpActors__Slack__DigestAbove"] = "2",
        ["OtpActors__Slack__Interval"] = "00:00:00.050",
    };
}
