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

    public enum Way
    {
        Write,

        /// <summary>Writes wait for the next script; <see cref="Script.Watcher"/> is told of each by <see cref="Held"/>.</summary>
        Hold,
        Fail,
        Reject,
    }

    /// <summary>How writes go from now on; echoed.</summary>
    public sealed record Script(Way Way, IActorRef? Watcher = null);

    public sealed record Held
    {
        public static readonly Held Instance = new();
    }

    protected override bool ReceivePluginInternal(object message)
    {
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
        }

        return script.Way switch
        {
            Way.Fail => throw new IOException("the disk is full"),
            Way.Reject => [.. messages.Select(_ => new InvalidOperationException("no such form"))],
            _ => await base.WriteMessagesAsync(messages, cancellationToken),
        };
    }

    private (Script Script, Task Gate) Now()
    {
        lock (_lock)
        {
            return (_script, _gate.Task);
        }
    }
}
