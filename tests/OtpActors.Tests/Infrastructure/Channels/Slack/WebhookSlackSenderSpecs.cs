using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OtpActors.Domain.Records;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Channels.Ledger;
using OtpActors.Infrastructure.Configuration;
using OtpActors.Infrastructure.Storage;
using OtpActors.Tests.Fakes;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Channels.Slack;

/// <summary>The channel as the product wires it, against a webhook on this machine.</summary>
public sealed class WebhookSlackSenderSpecs : IAsyncLifetime
{
    private readonly TempDirectory _directory = new();
    private readonly ConcurrentQueue<string> _log = new();
    private DataDirectory _data = null!;
    private FakeSlack _slack = null!;
    private ServiceProvider? _services;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _data = DataDirectory.Open(_directory.File("data"));
        _slack = await FakeSlack.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_services is not null)
        {
            await _services.DisposeAsync();
        }

        await _slack.DisposeAsync();
        _data.Dispose();
        _directory.Dispose();
        string.Concat(_log).ShouldNotContain(FakeSlack.SecretPath);
    }

    [Fact]
    public async Task A_message_is_posted_as_the_tutorial_does_and_calls_nobody()
    {
        var result = await Sender().SendAsync(Message("jane@example.com", "<!channel> & <@U1>"), Stop);
        result.ShouldBe(new SendResult(SendOutcome.Accepted, "200 ok"));
        var payload = _slack.Posts.ShouldHaveSingleItem().Payload;
        payload.EnumerateObject().Select(property => property.Name).ShouldBe(["channel", "username", "text", "blocks", "mrkdwn", "unfurl_links", "unfurl_media"]);
        payload.GetProperty("channel").GetString().ShouldBe("#data-engineering");
        payload.GetProperty("text").GetString().ShouldBe(
            ":red_circle: New e-mail and OTP arrival\n:email: -> jane@example.com\n:ninja: -> &lt;!channel&gt; &amp; &lt;@U1&gt;");
        (await EntryAsync()).State.ShouldBe(NotificationState.Accepted);
    }

    [Fact]
    public async Task The_start_warns_where_passwords_are_shown()
    {
        Sender();
        _log.ShouldContain(line => line.Contains("Slack:RevealOtp=false masks them"));
        await _services!.DisposeAsync();
        _log.Clear();
        await Sender(new SlackOptions { RevealOtp = false }).SendAsync(Message("jane@example.com", "0012345"), Stop);
        _log.ShouldNotContain(line => line.Contains("RevealOtp"));
        _slack.Texts.Single().ShouldEndWith("\n:ninja: -> ***");
    }

    [Fact]
    public async Task Above_the_threshold_many_become_one()
    {
        var sender = Sender(new SlackOptions { DigestAbove = 5 });
        var results = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => sender.SendAsync(Message($"u{i}@example.com", $"<{i}>"), Stop))).Eventually();
        results.ShouldAllBe(result => result.Accepted);
        _slack.Posts.Count.ShouldBeLessThanOrEqualTo(2); // the first may have gone before the others came
        for (var i = 0; i < 200; i++)
        {
            string.Concat(_slack.Texts).ShouldContain($":email: -> u{i}@example.com");
            string.Concat(_slack.Texts).ShouldContain($":ninja: -> &lt;{i}&gt;");
        }
    }

    [Fact]
    public async Task A_digest_that_would_be_too_long_is_several()
    {
        var sender = Sender(new SlackOptions { DigestAbove = 1 });
        var (name, otp) = (new string('n', 55), new string('&', 120));
        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => sender.SendAsync(Message($"{name}{i}@example.com", otp), Stop))).Eventually();
        _slack.Posts.Count.ShouldBeGreaterThan(2);
        _slack.Texts.ShouldAllBe(text => text.Length < 40_000);
        Enumerable.Range(0, 100).ShouldAllBe(i => _slack.Texts.Count(text => text.Contains($"{name}{i}@example.com")) == 1);
    }

    [Fact]
    public async Task Posts_keep_their_distance()
    {
        var interval = TimeSpan.FromMilliseconds(150);
        var sender = Sender(new SlackOptions { Interval = interval });
        await Task.WhenAll(Enumerable.Range(0, 4).Select(i => sender.SendAsync(Message($"u{i}@example.com", "1"), Stop))).Eventually();
        var times = _slack.Posts.Select(post => post.At).ToList();
        times.Count.ShouldBe(4);
        times.Zip(times.Skip(1)).ShouldAllBe(pair => Stopwatch.GetElapsedTime(pair.Item1, pair.Item2) > interval * 0.9);
    }

    [Fact]
    public async Task A_retry_after_is_kept()
    {
        _slack.Script = async (n, context) =>
        {
            if (n == 0)
            {
                (context.Response.StatusCode, context.Response.Headers.RetryAfter) = (429, "1");
            }

            await context.Response.WriteAsync(n == 0 ? "slow_down" : "ok");
        };
        (await Sender().SendAsync(Message("jane@example.com", "1"), Stop)).Accepted.ShouldBeTrue();
        var times = _slack.Posts.Select(post => post.At).ToList();
        Stopwatch.GetElapsedTime(times[0], times[1]).ShouldBeGreaterThan(TimeSpan.FromMilliseconds(950));
        (await EntryAsync()).Tries.ShouldBe(1);
    }

    [Theory]
    [InlineData(400, SendOutcome.Refused, NotificationState.Failed)]
    [InlineData(500, SendOutcome.Uncertain, NotificationState.Uncertain)]
    [InlineData(0, SendOutcome.Uncertain, NotificationState.Uncertain)]
    [InlineData(-1, SendOutcome.Uncertain, NotificationState.Uncertain)]
    public async Task What_is_settled_or_in_doubt_is_not_posted_again(int end, SendOutcome outcome, NotificationState state)
    {
        _slack.Script = async (_, context) =>
        {
            if (end == 0)
            {
                context.Abort();
            }
            else if (end < 0)
            {
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            else
            {
                context.Response.StatusCode = end;
                await context.Response.WriteAsync("no");
            }
        };
        var sender = Sender(new SlackOptions { Timeout = TimeSpan.FromMilliseconds(200) });
        (await sender.SendAsync(Message("jane@example.com", "1"), Stop)).Outcome.ShouldBe(outcome);
        (await sender.SendAsync(Message("jane@example.com", "1"), Stop)).Outcome.ShouldBe(outcome);
        _slack.Posts.Count.ShouldBe(1);
        (await EntryAsync()).State.ShouldBe(state);
    }

    [Fact]
    public async Task A_webhook_that_is_failureis_said_at_once_and_nothing_is_in_doubt()
    {
        _slack.Script = (_, context) =>
        {
            context.Response.StatusCode = 503;
            return context.Response.WriteAsync("try later");
        };
        (await Should.ThrowAsync<NotificationException>(() => Sender().SendAsync(Message("jane@example.com", "1"), Stop)))
            .CanPass.ShouldBeTrue();
        _slack.Posts.Count.ShouldBe(1);
        var entry = await EntryAsync();
        (entry.State, entry.Tries).ShouldBe((NotificationState.Deferred, 1));
    }

    [Fact]
    public async Task After_an_end_in_doubt_nothing_is_posted_until_the_webhook_answers_again()
    {
        var frozen = true;
        Task Freeze(HttpContext context) => frozen
            ? Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default)
            : context.Response.WriteAsync("ok");
        _slack.Script = (_, context) => Freeze(context);
        _slack.Probed = Freeze;
        var sender = Sender(new SlackOptions { Timeout = TimeSpan.FromMilliseconds(300), Interval = TimeSpan.FromMilliseconds(1) });
        (await sender.SendAsync(Message("jane@example.com", "1"), Stop)).Outcome.ShouldBe(SendOutcome.Uncertain);
        for (var n = 0; n < 3; n++)
        {
            var failure = await Should.ThrowAsync<NotificationException>(() => sender.SendAsync(Message("joe@example.com", "1"), Stop));
            (failure.CanPass, failure.Message).ShouldBe((true, "Slack is unavailable, nothing is posted for now: Slack did not answer in time"));
        }

        _slack.Posts.Count.ShouldBeLessThanOrEqualTo(1, "one is in doubt, and no more");
        frozen = false;
        (await sender.SendAsync(Message("joe@example.com", "1"), Stop)).Accepted.ShouldBeTrue();
        (await _services!.GetRequiredService<NotificationLedger>().CountAsync("run1", Stop)).ShouldBe(
            new Dictionary<(string, NotificationState), long>
            {
                [(ChannelNames.Slack, NotificationState.Uncertain)] = 1,
                [(ChannelNames.Slack, NotificationState.Accepted)] = 1,
            },
            ignoreOrder: true);
    }

    [Theory]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(410)]
    public async Task A_webhook_that_is_refused_fails_the_channel(int code)
    {
        _slack.Script = (_, context) =>
        {
            context.Response.StatusCode = code;
            return context.Response.WriteAsync("no_service");
        };
        var e = await Should.ThrowAsync<NotificationException>(() => Sender().SendAsync(Message("jane@example.com", "1"), Stop));
        (e.CanPass, e.Message).ShouldBe((false, $"Slack refuses the webhook: {code} no_service"));
        (await EntryAsync()).State.ShouldBe(NotificationState.Deferred);
    }

    [Fact]
    public async Task A_webhook_that_cannot_be_reached_fails_the_channel_and_is_not_named()
    {
        var sender = Sender(new SlackOptions { Interval = TimeSpan.FromMilliseconds(1) });
        await _slack.DisposeAsync();
        var e = await Should.ThrowAsync<NotificationException>(() => sender.SendAsync(Message("jane@example.com", "1"), Stop));
        e.CanPass.ShouldBeTrue();
        e.ToString().ShouldNotContain(FakeSlack.SecretPath);
        (await EntryAsync()).State.ShouldBe(NotificationState.Deferred);
    }

    [Fact]
    public async Task Cancelling_gives_up_what_waits_and_soon_what_is_not_answered()
    {
        var reached = new TaskCompletionSource();
        _slack.Script = (_, context) =>
        {
            reached.TrySetResult();
            return Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        };
        var sender = Sender();
        using var cancel = new CancellationTokenSource();
        var sends = Enumerable.Range(0, 10).Select(i => sender.SendAsync(Message($"u{i}@example.com", "1"), cancel.Token)).ToList();
        await reached.Task.Eventually();
        var clock = Stopwatch.StartNew();
        await cancel.CancelAsync();
        await Task.WhenAll(sends).ContinueWith(_ => { }, TaskScheduler.Default).Eventually();
        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(2));
        sends.Count(send => send.IsCanceled).ShouldBe(9);
        (await _services!.GetRequiredService<NotificationLedger>().CountAsync("run1", Stop))
            .ShouldBe(new Dictionary<(string, NotificationState), long> { [(ChannelNames.Slack, NotificationState.Uncertain)] = 1 });
    }

    private static SlackMessage Message(string address, string otp) =>
        new("run1", "mongo", EmailAddress.Parse(address), OneTimePassword.Parse(otp));

    private ISlackSender Sender(SlackOptions? options = null)
    {
        options ??= new SlackOptions();
        _services = new ServiceCollection()
            .AddLogging(log => log.SetMinimumLevel(LogLevel.Trace).AddProvider(new Recorder(_log)))
            .AddNotifications(
                new OtpActorsOptions { Slack = options with { Provider = SlackProvider.Webhook, WebhookUrl = new Secret(_slack.Url) } }, _data)
            .BuildServiceProvider();
        return _services.GetRequiredService<ISlackSender>();
    }

    private async Task<LedgerEntry> EntryAsync() =>
        (await _services!.GetRequiredService<NotificationLedger>().ListAsync("run1", 10, Stop)).Single();

    private sealed class Recorder(ConcurrentQueue<string> lines) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue($"{formatter(state, exception)} {exception}\n");

        public void Dispose()
        {
        }
    }
}
