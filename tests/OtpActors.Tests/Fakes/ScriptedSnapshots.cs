using System.Collections.Immutable;
using Akka.Actor;
using Akka.Persistence;
using Akka.Persistence.Snapshot;
using OtpActors.Infrastructure.Journal;

namespace OtpActors.Tests.Fakes;

/// <summary>Snapshots in memory, in the journal's form; saving, deleting or loading fails when it is told to.</summary>
internal sealed class ScriptedSnapshots : SnapshotStore
{
    public const string Config = """
        akka.persistence.snapshot-store.plugin = "scripted-snapshots"
        scripted-snapshots {
          class = "OtpActors.Tests.Fakes.ScriptedSnapshots, OtpActors.Tests"
          plugin-dispatcher = "akka.actor.default-dispatcher"
        }
        """;

    private static readonly RunSnapshotSerializer Serializer = new(null!);

    private ImmutableSortedDictionary<(string Id, long SequenceNr), byte[]> _kept = ImmutableSortedDictionary<(string, long), byte[]>.Empty;
    private TaskCompletionSource _held = new();
    private volatile Script _script = new(Way.Keep);

    public enum Way
    {
        Keep,
        FailSaves,

        /// <summary>Saves end once the script is another.</summary>
        HoldSaves,
        FailDeletions,
        FailLoads,
    }

    /// <summary>How it goes from now on; echoed. The watcher is told of each <see cref="Saved"/> and <see cref="Deleted"/>.</summary>
    public sealed record Script(Way Way, IActorRef? Watcher = null);

    public sealed record Saved(long SequenceNr);

    public sealed record Deleted(long ToSequenceNr);

    /// <summary>Which snapshots there are; answered by the list of their numbers.</summary>
    public sealed record Look(string PersistenceId);

    protected override bool ReceivePluginInternal(object message)
    {
        switch (message)
        {
            case Script script:
                _script = script;
                _held.TrySetResult();
                _held = new TaskCompletionSource();
                Sender.Tell(script);
                return true;
            case Look look:
                Sender.Tell(_kept.Keys.Where(key => key.Id == look.PersistenceId).Select(key => key.SequenceNr).ToList());
                return true;
            default:
                return false;
        }
    }

    protected override Task<SelectedSnapshot> LoadAsync(
        string persistenceId, SnapshotSelectionCriteria criteria, CancellationToken cancellationToken)
    {
        Unless(Way.FailLoads);
        var newest = _kept.LastOrDefault(kept => kept.Key.Id == persistenceId && kept.Key.SequenceNr <= criteria.MaxSequenceNr);
        return Task.FromResult(newest.Value is null
            ? null!
            : new SelectedSnapshot(
                new SnapshotMetadata(persistenceId, newest.Key.SequenceNr, DateTime.UnixEpoch), Serializer.FromBinary(newest.Value, "run:1")));
    }

    protected override async Task SaveAsync(SnapshotMetadata metadata, object snapshot, CancellationToken cancellationToken)
    {
        Unless(Way.FailSaves);
        if (_script.Way == Way.HoldSaves)
        {
            await _held.Task;
        }

        Serializer.Manifest(snapshot);
        _kept = _kept.SetItem((metadata.PersistenceId, metadata.SequenceNr), Serializer.ToBinary(snapshot));
        _script.Watcher?.Tell(new Saved(metadata.SequenceNr));
    }

    protected override Task DeleteAsync(SnapshotMetadata metadata, CancellationToken cancellationToken) =>
        throw new NotSupportedException("Runs delete snapshots by criteria.");

    protected override Task DeleteAsync(string persistenceId, SnapshotSelectionCriteria criteria, CancellationToken cancellationToken)
    {
        Unless(Way.FailDeletions);
        _kept = _kept.RemoveRange(_kept.Keys.Where(key => key.Id == persistenceId && key.SequenceNr <= criteria.MaxSequenceNr));
        _script.Watcher?.Tell(new Deleted(criteria.MaxSequenceNr));
        return Task.CompletedTask;
    }

    private void Unless(Way way)
    {
        if (_script.Way == way)
        {
            throw new IOException("the disk is full");
        }
    }
}
