using Microsoft.Extensions.Time.Testing;
using OtpActors.Domain.Notifications;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Channels.Ledger;
using OtpActors.Infrastructure.Journal;
using OtpActors.Infrastructure.Storage;
using OtpActors.Infrastructure.Stores;
using OtpActors.Tests.Processes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.CommandLine.Golden;

/// <summary>What the commands that list show in a real terminal, and write to a pipe.</summary>
[Collection(OneAtATime.Name)]
public sealed class ListScreenSpecs : IAsyncLifetime
{
    private const string Email = "somebody.with.a.name@mail.example.com";

    private readonly TempDirectory _at = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    public static TheoryData<string, int, int> Screens => new MatrixTheoryData<string, (int Width, int Height)>(
            ["runs", "find", "notifications"], [(80, 24), (120, 40), (40, 20)])
        .Select(row => (row.Data.Item1, row.Data.Item2.Width, row.Data.Item2.Height)) is var rows ? [.. rows] : [];

    public async ValueTask InitializeAsync()
    {
        using var data = DataDirectory.Open(_at.File("data"));
        await WriteRunsAsync(data);
        await WriteRecordsAsync(data);
        await WriteNotificationsAsync(data);
    }

    public ValueTask DisposeAsync()
    {
        _at.Dispose();
        return ValueTask.CompletedTask;
    }

    [Theory]
    [MemberData(nameof(Screens))]
    public async Task A_list_fits_the_terminal_and_no_id_and_no_address_is_broken(string verb, int width, int height)
    {
        await using var terminal = await TmuxTerminal.StartAsync(_at.Path, width, height, [.. Arguments(verb), "--data", "data"]);
        await terminal.EndAsync();

        var lines = await terminal.LinesAsync();
        var id = verb switch
        {
            "runs" => "http-5f70bf18a086007016e948b0",
            "find" => Email,
            _ => "s***@mail.example.com",
        };
        lines.Skip(1).ShouldContain(line => line.Contains(id), "whole, in one line");
        GoldenScreen.ShouldBe(lines, $"{verb}-{width}x{height}");
    }

    [Theory]
    [InlineData("runs")]
    [InlineData("find")]
    [InlineData("notifications")]
    public async Task A_list_in_a_pipe_is_columns_and_nothing_else(string verb)
    {
        await using var process = OtpActorsProcess.Start(_at.Path, [.. Arguments(verb), "--data", "data"]);
        var lines = (await process.EndAsync()).Output.TrimEnd('\n').Split('\n');

        lines.Select(line => line.Split('\t').Length).Distinct().ShouldHaveSingleItem();
        GoldenScreen.ShouldBe(lines, $"{verb}-piped");
    }

    private static string[] Arguments(string verb) => verb == "find" ? [verb, Email] : [verb];

    private static async Task WriteRunsAsync(DataDirectory data)
    {
        await using var runs = new SqliteRunCatalog(data.RunsFile);
        var failed = new DrivenRun(20_000, id: "20260102-030405-0a1b2c").ToProducing();
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            failed.Do(new RunCommands.FailAttempt(failed.State.RunId, StepId.Produce, attempt, "the topic has no room left: free some, then resume"))
                .Wait(TimeSpan.FromMinutes(1));
            if (attempt < 3)
            {
                failed.Do(new RunCommands.Retry(failed.State.RunId, StepId.Produce, attempt));
            }
        }

        foreach (var run in new[]
        {
            new DrivenRun(1_234_567, id: "20260102-030406-0a1b2d").ToTheEnd(),
            new DrivenRun(5, id: "nightly-20260102-030000").ToTheEnd(missing: 2, notified: 3),
            failed,
            new DrivenRun(1_000, id: "http-5f70bf18a086007016e948b0").ToProducing(),
        })
        {
            await runs.SaveAsync(RunSummary.From(run.State));
        }
    }

    private async Task WriteRecordsAsync(DataDirectory data)
    {
        var offset = 0;
        foreach (var store in EmbeddedStores.Open(new StoresOptions(), data, _time))
        {
            await using (store)
            {
                await store.EnsureSchemaAsync(CancellationToken.None);
                if (offset++ == 0) // and the other one lacks it
                {
                    await store.WriteAsync(
                        [new StoreRecord(EmailAddress.Parse(Email), OneTimePassword.Parse("1234567"), new RecordOrigin("email_topic", 0, 41), _time.GetUtcNow())],
                        CancellationToken.None);
                }
            }
        }
    }

    private async Task WriteNotificationsAsync(DataDirectory data)
    {
        await using var ledger = new NotificationLedger(data.NotificationsFile, _time);
        var replies = new[]
        {
            new SendResult(SendOutcome.Accepted, "250 2.0.0 Ok: queued as 4F1A2B3C4D"),
            new SendResult(SendOutcome.Refused, "550 5.1.1 mailbox unavailable: no such user here, see the directory for the right one"),
            new SendResult(SendOutcome.Uncertain, "the connection was lost after the message"),
        };
        foreach (var (channel, n) in new[] { ChannelNames.Mail, ChannelNames.Mail, ChannelNames.Slack }.Select((channel, n) => (channel, n)))
        {
            var to = EmailAddress.Parse(n == 1 ? Email : $"user{n}@example.com");
            var notification = new Notification(NotificationId.For("20260102-030406-0a1b2d", "mongo", channel, to), "20260102-030406-0a1b2d", "mongo", channel, to);
            await ledger.BeginAsync(notification, 1);
            await ledger.EndAsync(notification.Id, replies[n]);
            _time.Advance(TimeSpan.FromSeconds(1));
        }
    }
}
