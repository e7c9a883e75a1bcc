using System.Runtime.CompilerServices;
using Akka.Actor;
using Akka.Hosting;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Inputs;
using OtpActors.Infrastructure.Storage;
using OtpActors.Infrastructure.Stores;

namespace OtpActors.Steps;

/// <summary>
/// Mails, or posts to Slack, what a store holds for a run's addresses until the run's limit is reached. Goes on from the last
/// recorded record; what was sent after it is given to the senders again, under the same id, and the ledger around them sees
/// to it that nobody gets it twice.
/// </summary>
public sealed class Notifier(
    IEnumerable<IOtpStore> stores, IMailSender mail, ISlackSender slack, DataDirectory data, TimeProvider time)
    : StepActor<Notifier.Begin>(time)
{
    /// <summary>Addresses looked up together.</summary>
    private const int BatchSize = 100;

    /// <summary>
    /// Messages given to a sender and not answered. Each waits there for its turn or for a server that deferred it, so this
    /// is far more than are on their way.
    /// </summary>
    private const int MaxInHand = 1_000;

    /// <summary>
    /// The longest time between two heartbeats while the oldest message has no answer; shorter where the step's timeout is
    /// short. Every sender ends in bounded time.
    /// </summary>
    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Answered by <see cref="RunCommands.RecordNotified"/> on the way and <see cref="RunCommands.CompleteNotifying"/>.
    /// </summary>
    /// <param name="From">What is done already.</param>
    public sealed record Begin(string RunId, StepId Step, int Attempt, RunSpec Spec, NotifyProgress From, StepHold? Hold = null)
        : IBeginStep;

    protected override async Task<IStepCommand?> RunAsync(
        Begin begin, IActorRef run, Outages outages, CancellationToken cancellationToken)
    {
        var progress = begin.From;
        void Tell() => run.Tell(new RunCommands.RecordNotified(begin.RunId, begin.Step, begin.Attempt, progress));
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var inHand = new Queue<(long Sequence, Task<SendResult> Answer)>();
        try
        {
            var throttle = new Throttle(Time, TimeSpan.FromMilliseconds(200));
            await foreach (var (sequence, stored) in DueAsync(begin, outages, cancellationToken))
            {
                if (progress.Sent + progress.Failed + inHand.Count >= (begin.Spec.NotifyLimit ?? long.MaxValue))
                {
                    break;
                }

                cancellationToken.ThrowIfCancellationRequested();
                inHand.Enqueue((sequence, SendAsync(begin, stored, outages, ending.Token)));
                while (inHand.Count >= MaxInHand || (inHand.TryPeek(out var oldest) && oldest.Answer.IsCompleted))
                {
                    await SettleAsync();
                }
            }

            while (inHand.Count > 0)
            {
                await SettleAsync();
            }

            return new RunCommands.CompleteNotifying(begin.RunId, begin.Step, begin.Attempt, progress);

            async Task SettleAsync()
            {
                var (sequence, answer) = inHand.Peek();
                await BeatUntilAsync(answer, begin, run);
                progress = Count(progress, sequence, await answer);
                inHand.Dequeue();
                if (throttle.IsDue())
                {
                    Tell();
                }
            }
        }
        catch
        {
            // Whatever ends the attempt: what is in progress ends first, and what went out in order need not be looked at again.
            await ending.CancelAsync();
            await Task.WhenAll(inHand.Select(message => message.Answer)).ContinueWith(_ => { }, TaskScheduler.Default);
            foreach (var (sequence, answer) in inHand.TakeWhile(message => message.Answer.IsCompletedSuccessfully))
            {
                progress = Count(progress, sequence, await answer);
            }

            Tell();
            throw;
        }
    }

    /// <summary>What the store holds of the run's addresses that are not dealt with, in the run's order.</summary>
    private async IAsyncEnumerable<(long Sequence, StoredOtp Stored)> DueAsync(
        Begin begin, Outages outages, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var store = stores.Single(s => s.Name == begin.Step.Store);
        var records = RecordSources.Open(begin.Spec.Records, data.InputsDirectory).Read(begin.From.Next);
        foreach (var batch in records.Where(r => !r.Repeated).Chunk(BatchSize))
        {
            var present = await outages.WaitOutAsync(
                store.Name, () => store.FindAsync([.. batch.Select(r => r.Record.Email)], cancellationToken), cancellationToken);
            foreach (var record in batch)
            {
                if (present.TryGetValue(record.Record.Email, out var stored))
                {
                    yield return (record.Sequence, stored);
                }
            }
        }
    }

    /// <summary>A sender may be long about it: every one of them ends in bounded time.</summary>
    private Task<SendResult> SendAsync(Begin begin, StoredOtp stored, Outages outages, CancellationToken cancellationToken) =>
        begin.Step.Kind == StepKind.Mail
            ? outages.WaitOutAsync(
                PartNames.Mail,
                () => mail.SendAsync(new OtpMail(begin.RunId, begin.Step.Store!, stored.Email, stored.Otp), cancellationToken),
                cancellationToken, isPatient: true)
            : outages.WaitOutAsync(
                PartNames.Slack,
                () => slack.SendAsync(new SlackMessage(begin.RunId, begin.Step.Store!, stored.Email, stored.Otp), cancellationToken),
                cancellationToken, isPatient: true);

    private static NotifyProgress Count(NotifyProgress progress, long sequence, SendResult result) => result.Accepted
        ? progress with { Next = sequence + 1, Sent = progress.Sent + 1 }
        : progress with
        {
            Next = sequence + 1,
            Failed = progress.Failed + 1,
            Uncertain = progress.Uncertain + (result.Outcome == SendOutcome.Uncertain ? 1 : 0),
        };

    private async Task BeatUntilAsync(Task answer, Begin begin, IActorRef run)
    {
        var interval = OutageSetup.From(begin).HeartbeatWithin(HeartbeatInterval);
        while (!answer.IsCompleted)
        {
            using var noLonger = new CancellationTokenSource();
            if (await Task.WhenAny(answer, Task.Delay(interval, Time, noLonger.Token)) != answer)
            {
                run.Tell(new RunCommands.Heartbeat(begin.RunId, begin.Step, begin.Attempt));
            }

            await noLonger.CancelAsync();
        }
    }
}

public static class NotifierHosting
{
    public static AkkaConfigurationBuilder AddNotifier(this AkkaConfigurationBuilder builder) =>
        builder.WithActors((system, registry, resolver) =>
            registry.Register<Notifier>(system.ActorOf(resolver.Props<Notifier>(), "notifier")));
}
