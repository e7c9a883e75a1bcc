using System.Collections.Immutable;
using Akka.Actor;
using Akka.Persistence;
using Akka.Persistence.Journal;

namespace OtpActors.Tests.Fakes;

/// <summary>A journal in memory that holds its writes back, or fails or rejects them, when it is told to.</summary>
internal sealed class ScriptedJournal : MemoryJournal
{
    public const string Config = """
        akka.persistence.journal.plugin = "scripted-journal"
        scripted-journal {
          class = "OtpActors.Tests.Fakes.ScriptedJournal, OtpActors.Tests"
          plugin-dispatcher = "akka.actor.default-dispatcher"
        }
        """;

    private readonly Lock _lock = new();
    private Script _script = new(Way.Write);
    private TaskCompletionSource _gate = new();
    private int _failed;

    public enum Way
    {
        Write,

        /// <summary>Writes wait for the next script; <see cref="Script.Watcher"/> is told of each by <see cref="Held"/>.</summary>
        Hold,
        Fail,
        Reject,

        /// <summary>Nothing can be written or read.</summary>
        Out,

        /// <summary>Writes go well; deletions fail.</summary>
        KeepAll,
    }

    /// <summary>How writes go from now on; echoed.</summary>
    public sealed record Script(Way Way, IActorRef? Watcher = null);

    public sealed record Held
    {
        public static readonly Held Instance = new();
    }

    /// <summary>Told to <see cref="Script.Watcher"/>: events up to this one are deleted.</summary>
    public sealed record Deleted(long ToSequenceNr);

    /// <summary>Which events the journal holds; answered by the list of their numbers.</summary>
    public sealed record Look(string PersistenceId);

    /// <summary>How many writes have failed; answered by the number.</summary>
    public sealed record CountFailed
    {
        public static readonly CountFailed Instance = new();
    }

    protected override bool ReceivePluginInternal(object message)
    {
        if (message is CountFailed)
        {
            Sender.Tell(Volatile.Read(ref _failed));
            return true;
        }

        if (message is Look look)
        {
            Sender.Tell(Read(look.PersistenceId, 0, long.MaxValue, long.MaxValue).Select(e => e.SequenceNr).ToList());
            return true;
        }

        if (message is not Script script)
        {
            return base.ReceivePluginInternal(message);
        }

        lock (_lock)
        {
            _script = script;
            _gate.TrySetResult();
            _gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        Sender.Tell(script);
        return true;
    }

    protected override async Task<IImmutableList<Exception>> WriteMessagesAsync(
        IEnumerable<AtomicWrite> messages, CancellationToken cancellationToken)
    {
        var (script, gate) = Now();
        if (script.Way == Way.Hold)
        {
            script.Watcher.Tell(Held.Instance);
            await gate;
            (script, _) = Now();
        }

        if (script.Way is Way.Fail or Way.Out)
        {
            Interlocked.Increment(ref _failed);
            throw new IOException("the disk is full");
        }

        return script.Way switch
        {
            Way.Reject => [.. messages.Select(_ => new InvalidOperationException("no such form"))],
            _ => await base.WriteMessagesAsync(messages, cancellationToken),
        };
    }

    public override Task<long> ReadHighestSequenceNrAsync(string persistenceId, long fromSequenceNr, CancellationToken cancellationToken) =>
        Now().Script.Way == Way.Out
            ? Task.FromException<long>(new IOException("the disk is gone"))
            : base.ReadHighestSequenceNrAsync(persistenceId, fromSequenceNr, cancellationToken);

    protected override async Task DeleteMessagesToAsync(string persistenceId, long toSequenceNr, CancellationToken cancellationToken)
    {
        var (script, _) = Now();
        if (script.Way == Way.KeepAll)
        {
            throw new IOException("the disk is full");
        }

        await base.DeleteMessagesToAsync(persistenceId, toSequenceNr, cancellationToken);
        script.Watcher?.Tell(new Deleted(toSequenceNr));
    }

    private (Script Script, Task Gate) Now()
    {
        lock (_lock)
        {
            return (_script, _gate.Task);
        }
    }
}
