using Akka.Actor;
using Akka.Hosting;
using OtpActors.Hosting;
using OtpActors.Notifications;
using OtpActors.Records;
using OtpActors.Stores;
using OtpActors.Workflow;

namespace OtpActors.Steps;

/// <summary>
/// Mails, or posts to Slack, what a store holds for a run's addresses, batch by batch in the run's order, until the run's
/// limit is reached. Goes on from the last recorded record; what was sent after it is sent under the same id again, and the
/// senders see to it that nobody gets it twice.
/// </summary>
public sealed class Notifier(
    IEnumerable<IOtpStore> stores, IMailSender mail, ISlackSender slack, DataDirectory data, TimeProvider time)
    : StepActor<Notifier.Begin>
{
    /// <summary>Addresses looked up together.</summary>
    private const int BatchSize = 100;

    /// <summary>Messages on their way at a time; the next ones go when all of these are dealt with.</summary>
    private const int VolleySize = 8;

    /// <summary>
    /// Answered by <see cref="RunCommands.RecordNotified"/> on the way and <see cref="RunCommands.CompleteNotifying"/>.
    /// </summary>
    /// <param name="From">What is done already.</param>
    public sealed record Begin(string RunId, StepId Step, int Attempt, RunSpec Spec, NotifyProgress From) : IBeginStep;

    protected override async Task<IStepCommand?> RunAsync(Begin begin, IActorRef run, CancellationToken stop)
    {
        var progress = begin.From;
        long Left() => Math.Max(0, (begin.Spec.NotifyLimit ?? long.MaxValue) - progress.Sent - progress.Failed);
        void Tell() => run.Tell(new RunCommands.RecordNotified(begin.RunId, begin.Step, begin.Attempt, progress));
        try
        {
            var store = stores.Single(s => s.Name == begin.Step.Store);
            var pulse = new Pulse(time, TimeSpan.FromMilliseconds(200));
            var records = RecordSources.Open(begin.Spec.Records, data.InputsDirectory).Read(begin.From.Next);
            foreach (var batch in records.Where(r => !r.Repeated).Chunk(BatchSize))
            {
                var present = await store.FindAsync([.. batch.Select(r => r.Record.Email)], stop);
                foreach (var volley in batch.Where(r => present.ContainsKey(r.Record.Email)).Chunk(VolleySize))
                {
                    if (Left() == 0)
                    {
                        return new RunCommands.CompleteNotifying(begin.RunId, begin.Step, begin.Attempt, progress);
                    }

                    stop.ThrowIfCancellationRequested();
                    var due = volley[..(int)Math.Min(Left(), volley.Length)];
                    var accepted = await Task.WhenAll(due.Select(r => SendAsync(begin, present[r.Record.Email])));
                    var sent = accepted.Count(a => a);
                    progress = new NotifyProgress(due[^1].Sequence + 1, progress.Sent + sent, progress.Failed + due.Length - sent);
                    if (pulse.IsDue())
                    {
                        Tell();
                    }
                }

                if (Left() > 0)
                {
                    progress = progress with { Next = batch[^1].Sequence + 1 };
                }
            }

            return new RunCommands.CompleteNotifying(begin.RunId, begin.Step, begin.Attempt, progress);
        }
        catch
        {
            Tell(); // whatever ends the attempt: what went out need not go out again
            throw;
        }
    }

    /// <summary>Not cancelled half-way: a message in hand is finished, so that it is known whether it went out.</summary>
    private async Task<bool> SendAsync(Begin begin, StoredOtp stored)
    {
        var result = begin.Step.Kind == StepKind.Mail
            ? await mail.SendAsync(
                new OtpMail(begin.RunId, begin.Step.Store!, stored.Email, stored.Otp), CancellationToken.None)
            : await slack.SendAsync(
                new SlackMessage(begin.RunId, begin.Step.Store!, stored.Email, stored.Otp), CancellationToken.None);
        return result.Accepted;
    }
}

public static class NotifierHosting
{
    public static AkkaConfigurationBuilder AddNotifier(this AkkaConfigurationBuilder builder) =>
        builder.WithActors((system, registry, resolver) =>
            registry.Register<Notifier>(system.ActorOf(resolver.Props<Notifier>(), "notifier")));
}
