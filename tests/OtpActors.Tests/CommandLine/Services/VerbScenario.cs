using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using OtpActors.CommandLine;
using OtpActors.Domain.Notifications;
using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Channels.Ledger;
using OtpActors.Infrastructure.Topics;
using OtpActors.Tests.Api;
using OtpActors.Tests.Processes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.CommandLine.Services;

/// <summary>What a command line did.</summary>
/// <param name="Line">The command line, from the verb on, as a reader would type it.</param>
/// <param name="Output">Its beginning, steady: ids, times, lengths of time and ports are the same ones each time.</param>
/// <param name="Operations">The operations of the API that it called.</param>
internal sealed record VerbExample(string Line, string Output, IReadOnlyList<string> Operations)
{
    /// <summary>The command, without its arguments.</summary>
    public string Verb { get; } = Mistakes.NameOf(Cli.Create().Parse(Line.Split(' ')).CommandResult.Command);
}

/// <summary>
/// A service, and the program's verbs in the order in which somebody may use them. What each one printed is in
/// <c>docs/cli.md</c>, and every operation of the API has to be called by one of them.
/// </summary>
public sealed partial class VerbScenario : IAsyncLifetime
{
    private const string RunId = "20310517-083000-a1b2c3";
    private const string Url = "http://127.0.0.1:8080";

    /// <summary>How much of an output is kept: its beginning shows what it is like.</summary>
    private const int MostLines = 24;

    private readonly CalledOperations _called = new();
    private readonly Workplace _at = new();
    private readonly Dictionary<string, string> _real = [];
    private readonly List<VerbExample> _examples = [];
    private ApiService? _service;

    internal IReadOnlyList<VerbExample> Examples => _examples;

    internal ApiService Service => _service.ShouldNotBeNull();

    public async ValueTask InitializeAsync()
    {
        _service = await ApiService.StartAsync(replace: _called.Into);
        _real[Url] = Service.Url;
        _at.Write("otp.txt", "0042");
        _at.Write("people.csv", "email,otp", "ann@example.com,1111111", "joe@example.com,2222222");
        _at.Write("run.json", """{"topic":"orders","count":2,"notify":"none"}""");

        await DoAsync("publish jane@example.com --otp-file otp.txt");
        await DoAsync("publish --records people.csv --idempotency-key monday");
        await DoAsync("publish --records people.csv --idempotency-key monday --json");
        await RunsAsync();
        await NotificationsAsync();
        await TopicsAsync();
        await SchedulesAsync();
        await DoAsync("command run.json --idempotency-key monday");
        await DoAsync("config check");
        await DoAsync($"config show --server {Url}", shown: 8);
        await DoAsync($"health --server {Url} --ready");
    }

    public async ValueTask DisposeAsync()
    {
        if (_service is not null)
        {
            await _service.DisposeAsync();
        }

        _at.Dispose();
    }

    private async Task RunsAsync()
    {
        _real[RunId] = await Service.StartRunAsync("""{"interval":"1ms","duration":"4ms","notify":1}""");
        await Service.UntilAsync(_real[RunId], "completed");
        await DoAsync("runs");
        await DoAsync($"runs {RunId}");
        await DoAsync($"runs {RunId} --log", shown: 4); // what follows comes in the order of the steps' ends
        await DoAsync("start --topic invoices --count 200 --notify none", shown: 1); // what follows comes in the order of the steps' ends
        _real[RunId] = await Service.StartRunAsync("""{"topic":"receipts","count":200,"notify":"none"}""");
        await Service.UntilAsync(_real[RunId], "completed");
        await DoAsync($"again {RunId}", shown: 1);
        await DoAsync("find jane@example.com");
        await DoAsync("find jane@example.com --reveal --json");

        _real[RunId] = await Service.StartRunAsync("""{"topic":"news","interval":"1m","duration":"1h","notify":"none"}""");
        await Service.UntilAsync(_real[RunId], "producing");
        await DoAsync($"pause {RunId}");
        await DoAsync($"resume {RunId}");
        await DoAsync($"cancel {RunId}");
        await Service.UntilAsync(_real[RunId], "cancelled");
        await DoAsync($"retry {RunId} produce");
        (await Service.PostAsync($"/api/runs/{_real[RunId]}/cancel")).ShouldBe(200);
    }

    /// <summary>Entries of our own: those of a run come in the order in which its steps end.</summary>
    private async Task NotificationsAsync()
    {
        const string run = "daily-20310517-083000";
        var ledger = Service.Services.GetRequiredService<NotificationLedger>();
        foreach (var (channel, result) in new[]
        {
            (ChannelNames.Slack, new SendResult(SendOutcome.Accepted, "in the Slack capture")),
            (ChannelNames.Mail, new SendResult(SendOutcome.Refused, "550 5.1.1 mailbox unavailable")),
        })
        {
            var to = EmailAddress.Parse("jane@example.com");
            var notification = new Notification(NotificationId.For(run, "mongo", channel, to), run, "mongo", channel, to);
            await ledger.BeginAsync(notification, ArrivalLimit.None);
            await ledger.EndAsync(notification.Id, result);
        }

        await DoAsync($"notifications {run}");
        await DoAsync("notifications --state failed,uncertain --json");
    }

    private async Task TopicsAsync()
    {
        var letter = new Dictionary<string, string>
        {
            [DeadLetters.TopicHeader] = "email_topic",
            [DeadLetters.PartitionHeader] = "0",
            [DeadLetters.OffsetHeader] = "2",
            [DeadLetters.SinkHeader] = "mongo-sink",
            [DeadLetters.ReasonHeader] = "the store refuses it",
        };
        await TopicSpecs.AppendAsync(Service, "email_topic.dlq", ("joe@example.com", "2222222", letter));
        await DoAsync("topics");
        await DoAsync("topics email_topic");
        await DoAsync("topics email_topic --records --limit 3");
        await DoAsync("dead-letters");
        await DoAsync("dead-letters list --topic email_topic");
        await DoAsync("dead-letters redrive --all");
    }

    private async Task SchedulesAsync()
    {
        await DoAsync("schedules set nightly --cron=@daily --topic news --count 500 --notify 10");
        await DoAsync("schedules set hourly --new --cron=@hourly --time-zone Europe/Berlin --overlap skip --paused");
        await DoAsync("schedules");
        await DoAsync("schedules list --json");
        await DoAsync("schedules show nightly");
        await DoAsync("schedules pause nightly");
        await DoAsync("schedules resume nightly");
        await DoAsync("schedules trigger nightly");
        await DoAsync("schedules delete nightly");
    }

    /// <summary>Runs the program as a reader would, on the service's data directory, and notes what it printed.</summary>
    private async Task DoAsync(string line, int shown = MostLines)
    {
        _called.Take();
        var typed = _real.Aggregate(line, (text, own) => text.Replace(own.Key, own.Value, StringComparison.Ordinal));
        var ended = (await _at.RunBareAsync(
            typed.Split(' '), environment: new Dictionary<string, string> { ["OtpActors__Data"] = Service.Options.Data })).ShouldExitWith(0);
        var called = _called.Take();
        var output = Steady(ended.Output.ReplaceLineEndings("\n").TrimEnd('\n')).Split('\n');
        _examples.Add(new VerbExample(line, string.Join('\n', output.Length > shown ? [.. output.Take(shown), "…"] : output), called));
    }

    /// <summary>What is another one each time becomes the same.</summary>
    private string Steady(string text)
    {
        text = _real.Aggregate(text, (each, own) => each.Replace(own.Value, own.Key, StringComparison.Ordinal));
        text = Ids().Replace(text, RunId);
        text = Times().Replace(text, match => match.Value.Contains('T', StringComparison.Ordinal) ? "2031-05-17T08:30:00Z" : "2031-05-17 08:30:00Z");
        text = Clocks().Replace(text, "08:30:00.000Z");
        return Lengths().Replace(text, "1.23 s").Replace(Service.Options.Data, "/var/lib/otpactors", StringComparison.Ordinal)
            .Replace("http://127.0.0.1:0", Url, StringComparison.Ordinal);
    }

    [GeneratedRegex("[0-9]{8}-[0-9]{6}-[0-9a-f]{6}|http-[0-9a-f]{24}")]
    private static partial Regex Ids();

    [GeneratedRegex(@"\b[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})")]
    private static partial Regex Times();

    [GeneratedRegex(@"\b[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")]
    private static partial Regex Clocks();

    [GeneratedRegex(@"\b([0-9]\.[0-9]{2}|[0-9]{2}\.[0-9]) s\b")]
    private static partial Regex Lengths();
}
