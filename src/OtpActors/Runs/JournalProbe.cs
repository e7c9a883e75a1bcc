using Akka.Actor;
using Akka.Persistence;
using OtpActors.Infrastructure.Journal;

namespace OtpActors.Runs;

/// <summary>
/// Writes an event on the very way that the runs' events take, and deletes it. One row of the journal is left, however often
/// it writes. Ends with a write that fails.
/// </summary>
internal sealed class JournalProbe : ReceivePersistentActor
{
    private readonly IActorRef _watch = Context.Parent;

    public JournalProbe()
    {
        Command<Write>(_ => Persist("probe", _ =>
        {
            _watch.Tell(Written.Instance);
            DeleteMessages(LastSequenceNr);
        }));
        Command<DeleteMessagesSuccess>(_ => { });
        Command<DeleteMessagesFailure>(_ => { }); // the next one deletes it as well
    }

    public override string PersistenceId => "journal-probe";

    /// <summary>What earlier ones wrote does not matter; the highest number is read all the same.</summary>
    public override Recovery Recovery => Recovery.None;

    protected override void OnPersistFailure(Exception cause, object @event, long sequenceNr) => Tell(cause);

    protected override void OnPersistRejected(Exception cause, object @event, long sequenceNr)
    {
        Tell(cause);
        Context.Stop(Self);
    }

    protected override void OnRecoveryFailure(Exception reason, object? message = null) => Tell(reason);

    private void Tell(Exception cause) => _watch.Tell(new Failed(JournalFailure.Explain(cause), JournalFailure.IsDamage(cause)));

    public sealed record Write
    {
        public static readonly Write Instance = new();
    }

    public sealed record Written
    {
        public static readonly Written Instance = new();
    }

    /// <summary>The last word: its end follows.</summary>
    public sealed record Failed(string Error, bool Damaged);
}
