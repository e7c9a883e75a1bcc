using Microsoft.Data.Sqlite;
using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Channels.Ledger;
using OtpActors.Infrastructure.Storage.Sqlite;
using OtpActors.Tests.Fakes;
using OtpActors.Tests.Infrastructure.Channels.Mail;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Channels.Ledger;

public sealed class NotificationLedgerSpecs : IDisposable
{
    private static readonly OtpMail Mail = SmtpKit.MailTo("jane@example.com");

    private readonly TempDirectory _directory = new();
    private readonly SemaphoreSlim _gate = new(10);
    private int _sends;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _directory.Dispose();
        _gate.Dispose();
    }

    [Theory]
    [InlineData(SendOutcome.Accepted, NotificationState.Accepted)]
    [InlineData(SendOutcome.Refused, NotificationState.Failed)]
    public async Task What_is_settled_is_answered_from_the_ledger_ever_after(SendOutcome outcome, NotificationState state)
    {
        (await SendAsync(outcome)).ShouldBe(new SendResult(outcome, "reply 1"));
        (await SendAsync(SendOutcome.Uncertain)).ShouldBe(new SendResult(outcome, "reply 1"), "in another process too");
        _sends.ShouldBe(1);
        (await EntryAsync()).State.ShouldBe(state);
    }

    [Fact]
    public async Task What_was_deferred_is_tried_again_as_often_as_asked()
    {
        for (var i = 0; i < 5; i++)
        {
            await SendAsync(SendOutcome.Deferred);
        }

        (await SendAsync(SendOutcome.Accepted)).Accepted.ShouldBeTrue();
        var entry = await EntryAsync();
        (entry.Tries, entry.MayHaveArrived).ShouldBe((6, 1));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(ArrivalLimit.None, 4)]
    public async Task What_is_uncertain_is_sent_again_as_often_as_the_policy_lets_it(int limit, int sends)
    {
        for (var i = 0; i < 4; i++)
        {
            (await SendAsync(SendOutcome.Uncertain, limit)).Outcome.ShouldBe(SendOutcome.Uncertain);
        }

        _sends.ShouldBe(sends);
        (await EntryAsync()).MayHaveArrived.ShouldBe(sends);
    }

    [Fact]
    public async Task An_intent_without_an_end_counts_as_a_message_that_may_have_arrived()
    {
        await BreakOffAsync();
        (await EntryAsync()).State.ShouldBe(NotificationState.Intent);
        (await SendAsync(SendOutcome.Accepted, limit: 1)).Outcome.ShouldBe(SendOutcome.Uncertain);
        _sends.ShouldBe(0);
        (await EntryAsync()).Reply.ShouldContain("the process ended");
        (await SendAsync(SendOutcome.Accepted, limit: 2)).Outcome.ShouldBe(SendOutcome.Accepted);
        (await EntryAsync()).MayHaveArrived.ShouldBe(2);
    }

    [Fact]
    public async Task A_deferral_after_an_uncertain_end_leaves_the_doubt()
    {
        await SendAsync(SendOutcome.Uncertain);
        await SendAsync(SendOutcome.Deferred);
        var entry = await EntryAsync();
        (entry.State, entry.MayHaveArrived).ShouldBe((NotificationState.Uncertain, 1));
    }

    [Fact]
    public async Task A_channel_that_fails_leaves_nothing_in_doubt()
    {
        await using var ledger = Open();
        var sender = new ScriptedSender { Decide = _ => throw new NotificationException("no sign-in") };
        await Should.ThrowAsync<NotificationException>(() => new LedgerMailSender(sender, ledger, 1, 1).SendAsync(Mail, Stop));
        var entry = (await ledger.ListAsync(null, 10, Stop)).Single();
        (entry.State, entry.MayHaveArrived, entry.Reply).ShouldBe((NotificationState.Deferred, 0, "no sign-in"));
    }

    [Fact]
    public async Task What_was_accepted_while_the_ledger_could_not_be_written_is_entered_later_and_not_sent_again()
    {
        await using var ledger = Open();
        await ledger.ListAsync(null, 1, Stop); // the file is there
        await using var other = new SqliteConnection($"Data Source={_directory.File("notifications.db")};Pooling=False");
        await other.OpenAsync(Stop);
        var sender = new ScriptedSender
        {
            Decide = async _ =>
            {
                await ExecuteAsync("BEGIN IMMEDIATE");
                return true;
            },
        };
        var sending = new LedgerMailSender(sender, ledger, arrivalLimit: 2, atATime: 1);
        (await Should.ThrowAsync<SqliteFailureException>(() => sending.SendAsync(Mail, Stop))).CanPass.ShouldBeTrue();

        await ExecuteAsync("ROLLBACK");
        (await sending.SendAsync(Mail, Stop)).Accepted.ShouldBeTrue();
        sender.Sent.ShouldHaveSingleItem();
        var entry = (await ledger.ListAsync(null, 10, Stop)).Single();
        (entry.State, entry.Tries, entry.MayHaveArrived).ShouldBe((NotificationState.Accepted, 1, 1));

        async Task ExecuteAsync(string sql)
        {
            await using var command = other.CreateCommand();
            command.CommandText = sql;
            await command.ExecuteNonQueryAsync(Stop);
        }
    }

    [Fact]
    public async Task Entries_hold_no_address_and_no_password()
    {
        await SendAsync(SendOutcome.Accepted);
        var bytes = string.Concat(Directory.GetFiles(_directory.Path).Select(file => File.ReadAllText(file, System.Text.Encoding.Latin1)));
        bytes.ShouldContain("j***@example.com");
        bytes.ShouldNotContain("jane@");
        bytes.ShouldNotContain("0012345");
    }

    [Fact]
    public async Task What_waits_for_its_turn_is_no_intent()
    {
        await using var ledger = Open();
        var (reached, gate) = (new TaskCompletionSource(), new TaskCompletionSource<bool>());
        var inner = new ScriptedSender
        {
            Decide = n =>
            {
                if (n == 1)
                {
                    reached.SetResult();
                }

                return gate.Task;
            },
        };
        var sender = new LedgerMailSender(inner, ledger, 2, atATime: 2);
        var sends = Enumerable.Range(0, 30).Select(i => sender.SendAsync(SmtpKit.MailTo($"user{i}@example.com"), Stop)).ToList();
        await reached.Task;
        (await ledger.CountAsync(null, Stop)).Values.Sum().ShouldBe(2);
        gate.SetResult(true);
        (await Task.WhenAll(sends)).ShouldAllBe(result => result.Accepted);
    }

    [Fact]
    public async Task Many_at_a_time_are_each_entered()
    {
        await using var ledger = Open();
        var sender = new LedgerMailSender(new ScriptedSender(), ledger, 2, 50);
        await Task.WhenAll(Enumerable.Range(0, 2_500).Select(i => sender.SendAsync(SmtpKit.MailTo($"user{i}@example.com"), Stop)));
        (await ledger.CountAsync("run1", Stop)).ShouldBe(new Dictionary<(string, NotificationState), long>
        {
            [(ChannelNames.Mail, NotificationState.Accepted)] = 2_500,
        });
        (await ledger.ListAsync("run2", 10, Stop)).ShouldBeEmpty();
    }

    private NotificationLedger Open() => new(_directory.File("notifications.db"), TimeProvider.System);

    private async Task<SendResult> SendAsync(SendOutcome outcome, int limit = 2)
    {
        await using var ledger = Open();
        return await ledger.SendAsync(
            Notification.From(Mail), limit, _gate, () => Task.FromResult(new SendResult(outcome, $"reply {++_sends}")), Stop);
    }

    private async Task BreakOffAsync()
    {
        var (ledger, begun) = (Open(), new TaskCompletionSource());
        _ = ledger.SendAsync(
            Notification.From(Mail), 1, _gate,
            () =>
            {
                begun.SetResult();
                return new TaskCompletionSource<SendResult>().Task;
            },
            Stop);
        await begun.Task;
        await ledger.DisposeAsync();
    }

    private async Task<LedgerEntry> EntryAsync()
    {
        await using var ledger = Open();
        return (await ledger.ListAsync("run1", 10, Stop)).Single();
    }
}
