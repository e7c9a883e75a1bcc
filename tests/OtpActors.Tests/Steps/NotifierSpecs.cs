using Akka.Actor;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Storage.Sqlite;
using OtpActors.Infrastructure.Stores;
using OtpActors.Steps;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Steps;

public class NotifierSpecs : StepKit
{
    private static readonly NotifyProgress Nothing = new(0, 0, 0);

    private readonly ScriptedStore _store = new();
    private readonly ScriptedSender _sender = new();
    private readonly IActorRef _notifier;

    public NotifierSpecs()
    {
        var (stores, sender, data) = (new IOtpStore[] { _store }, _sender, Data);
        _notifier = Sys.ActorOf(Props.Create(() => new Notifier(stores, sender, sender, data, TimeProvider.System)));
    }

    [Theory]
    [InlineData(StepKind.Mail, "mail")]
    [InlineData(StepKind.Slack, "slack")]
    public async Task Everybody_the_store_has_is_notified_once(StepKind kind, string channel)
    {
        var records = await StoreAsync(250, except: 7);
        (await NotifyAsync(new StepId(kind, StoreNames.Cassandra), 250, null)).ShouldBe(new NotifyProgress(250, 249, 0));
        _sender.Sent.ShouldBe(records.Where((_, i) => i != 7).Select(r => $"{channel} {r.Email.Value}"), ignoreOrder: true);
    }

    [Fact]
    public async Task No_more_than_the_limit_are_notified_the_refused_included()
    {
        await StoreAsync(10);
        _sender.Decide = n => Task.FromResult(n != 1);
        (await NotifyAsync(Say.CassandraMail, 10, limit: 4)).ShouldBe(new NotifyProgress(4, 3, 1));
        _sender.Sent.Count.ShouldBe(4);
    }

    [Theory]
    [InlineData(SendOutcome.Uncertain, 2)]
    [InlineData(SendOutcome.Refused, 0)]
    [InlineData(SendOutcome.Deferred, 0)]
    public async Task What_may_have_arrived_is_counted_among_the_failed(SendOutcome outcome, long uncertain)
    {
        await StoreAsync(5);
        (_sender.Decide, _sender.Otherwise) = (n => Task.FromResult(n is not (1 or 3)), outcome);
        (await NotifyAsync(Say.CassandraMail, 5, limit: null)).ShouldBe(new NotifyProgress(5, 3, 2, uncertain));
    }

    [Fact]
    public async Task Notifying_goes_on_from_what_is_done()
    {
        var records = await StoreAsync(10);
        (await NotifyAsync(Say.CassandraMail, 10, limit: 8, new NotifyProgress(6, 5, 1))).ShouldBe(new NotifyProgress(8, 7, 1));
        _sender.Sent.ShouldBe(records[6..8].Select(r => $"mail {r.Email.Value}"), ignoreOrder: true);
    }

    [Fact]
    public async Task A_channel_that_fails_fails_the_attempt_and_what_went_out_is_told_first()
    {
        await StoreAsync(20);
        _sender.Decide = n => n < 8 ? Task.FromResult(true) : throw new NotificationException("the server is gone");
        Begin(Say.CassandraMail, 20, null, Nothing);
        (await Run.UntilAsync<RunCommands.RecordNotified>(r => r.Progress.Next == 8)).Progress.ShouldBe(new NotifyProgress(8, 8, 0));
        (await Run.UntilAsync<RunCommands.FailAttempt>()).Error.ShouldBe("the server is gone");
    }

    [Theory]
    [InlineData(StepKind.Mail, PartNames.Mail)]
    [InlineData(StepKind.Slack, PartNames.Slack)]
    public async Task A_channel_that_is_out_holds_the_step_at_once_and_nobody_goes_without(StepKind kind, string part)
    {
        var records = await StoreAsync(50);
        var back = new TaskCompletionSource();
        _sender.Decide = n => n < 8 || back.Task.IsCompleted
            ? Task.FromResult(true) : throw new NotificationException("the server is gone", canPass: true);
        var step = new StepId(kind, StoreNames.Cassandra);
        Begin(step, 50, null, Nothing);
        (await Run.UntilAsync<RunCommands.HoldStep>()).ShouldBe(new RunCommands.HoldStep(RunId, step, 1, part, "the server is gone"));
        back.SetResult();
        await Run.UntilAsync<RunCommands.ReleaseStep>();
        (await Run.UntilAsync<RunCommands.CompleteNotifying>()).Progress.ShouldBe(new NotifyProgress(50, 50, 0));
        _sender.Sent.Select(sent => sent.Split(' ')[1]).ShouldBe(records.Select(r => r.Email.Value), ignoreOrder: true);
    }

    [Fact]
    public async Task A_ledger_that_cannot_be_written_holds_the_step()
    {
        await StoreAsync(5);
        var calls = 0;
        _sender.Decide = _ => Interlocked.Increment(ref calls) < 8
            ? throw new SqliteFailureException("the disk is full", canPass: true) : Task.FromResult(true);
        Begin(Say.CassandraMail, 5, null, Nothing);
        (await Run.UntilAsync<RunCommands.HoldStep>()).WaitsFor.ShouldBe(PartNames.Ledger);
        await Run.UntilAsync<RunCommands.ReleaseStep>();
        (await Run.UntilAsync<RunCommands.CompleteNotifying>()).Progress.Sent.ShouldBe(5);
    }

    [Fact]
    public async Task A_store_that_is_out_holds_the_step()
    {
        await StoreAsync(5);
        var calls = 0;
        _store.BeforeFind = () => _ = ++calls < 3 ? throw new StoreUnavailableException("connection refused") : 0;
        Begin(Say.CassandraMail, 5, null, Nothing);
        (await Run.UntilAsync<RunCommands.HoldStep>()).WaitsFor.ShouldBe(StoreNames.Cassandra);
        (await Run.UntilAsync<RunCommands.CompleteNotifying>()).Progress.Sent.ShouldBe(5);
    }

    [Fact]
    public async Task A_stop_finishes_the_messages_in_hand_and_says_how_far_it_came()
    {
        await StoreAsync(1_200);
        var (sending, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        _sender.Decide = async n =>
        {
            if (n == 2)
            {
                sending.TrySetResult();
                await gate.Task;
            }

            return true;
        };
        Begin(Say.CassandraMail, 1_200, null, Nothing);
        await sending.Task.WaitAsync(Cancel);
        _notifier.Tell(new StopStep(RunId, Say.CassandraMail), Run);
        await StopAsync(_notifier, Say.MongoSink); // the stop has been taken up
        gate.SetResult();

        var told = await Run.UntilAsync<RunCommands.RecordNotified>();
        await Run.UntilAsync<StepStopped>();
        _sender.Sent.Count.ShouldBeLessThan(1_200);
        (told.Progress.Next, told.Progress.Sent).ShouldBe((_sender.Sent.Count, _sender.Sent.Count));
    }

    [Fact]
    public async Task A_stop_gives_up_what_has_not_begun_and_counts_up_to_it()
    {
        await StoreAsync(10);
        var waiting = new TaskCompletionSource();
        _sender.Decide = n => n == 3 ? Waiting() : Task.FromResult(true);
        Begin(Say.CassandraMail, 10, null, Nothing);
        await waiting.Task.WaitAsync(Cancel);
        _notifier.Tell(new StopStep(RunId, Say.CassandraMail), Run);

        (await Run.UntilAsync<RunCommands.RecordNotified>()).Progress.ShouldBe(new NotifyProgress(3, 3, 0));
        await Run.UntilAsync<StepStopped>();

        async Task<bool> Waiting()
        {
            waiting.TrySetResult();
            await Task.Delay(Timeout.Infinite, _sender.Stop);
            return true;
        }
    }

    private async Task<NotifyProgress> NotifyAsync(StepId step, long count, long? limit, NotifyProgress? from = null)
    {
        Begin(step, count, limit, from ?? Nothing);
        return (await Run.UntilAsync<RunCommands.CompleteNotifying>()).Progress;
    }

    private void Begin(StepId step, long count, long? limit, NotifyProgress from) =>
        _notifier.Tell(new Notifier.Begin(RunId, step, 1, SpecOf(Generated(count)) with { NotifyLimit = limit }, from), Run);

    private async Task<List<OtpRecord>> StoreAsync(int count, int except = -1)
    {
        var records = Records(Generated(count));
        await _store.WriteAsync(
            [.. records.Where((_, i) => i != except).Select((r, i) => new StoreRecord(r.Email, r.Otp, new RecordOrigin("otps", 0, i), RunDriver.Start))],
            Cancel);
        return records;
    }
}
