using Akka.Actor;
using Akka.Event;
using Akka.Persistence;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;

namespace OtpActors.Runs;

/// <summary>
/// What a run keeps in its journal: a snapshot now and then, the events since, and nothing at all once it is forgotten.
/// Each deletion follows an answer that what replaces it is there, so that a process may end between any two.
/// </summary>
public sealed partial class RunSupervisor
{
    /// <summary>
    /// Events from one snapshot to the next. A run that recovers reads a hundred events in milliseconds, and a snapshot
    /// is then a fraction of what the events themselves took. Only runs of many records come to their first.
    /// </summary>
    internal const int SnapshotEvery = 100;

    private long _snapshotAt;
    private bool _saving;
    private IActorRef? _forgetter;
    private bool _snapshotsDeleted;

    private void TruncateJournal()
    {
        Recover<SnapshotOffer>(offer =>
        {
            _state = RunState.From((RunSnapshot)offer.Snapshot);
            _snapshotAt = offer.Metadata.SequenceNr;
        });
        Command<SaveSnapshotSuccess>(saved =>
        {
            _saving = false;
            DeleteMessages(saved.Metadata.SequenceNr);
            DeleteSnapshots(new SnapshotSelectionCriteria(saved.Metadata.SequenceNr - 1));
            Stash.UnstashAll();
            StopIfQuiet();
        });
        Command<SaveSnapshotFailure>(failed =>
        {
            _saving = false;
            _log.Warning(failed.Cause, "Run {RunId} has no snapshot at event {Event}; its events stay", _runId, failed.Metadata.SequenceNr);
            Stash.UnstashAll();
            StopIfQuiet();
        });
        Command<ForgetRun>(Forget);
        Command<DeleteSnapshotsSuccess>(deleted =>
        {
            if (_forgetter is not null && deleted.Criteria.MaxSequenceNr == long.MaxValue)
            {
                _state = RunState.New(_runId);
                _snapshotsDeleted = true;
                DeleteMessages(LastSequenceNr);
            }
        });
        Command<DeleteMessagesSuccess>(deleted =>
        {
            if (_snapshotsDeleted && deleted.ToSequenceNr == LastSequenceNr)
            {
                EndForgetting(new RunDeleted(_runId));
            }
        });
        Command<DeleteSnapshotsFailure>(failed => KeepJournal(failed.Cause));
        Command<DeleteMessagesFailure>(failed => KeepJournal(failed.Cause));
    }

    private void SaveSnapshotIfDue()
    {
        if (!_saving && LastSequenceNr - _snapshotAt >= SnapshotEvery)
        {
            _saving = true;
            _snapshotAt = LastSequenceNr;
            SaveSnapshot(_state.ToSnapshot());
        }
    }

    /// <summary>
    /// Snapshots go before events: what a process that ends in between leaves are events that begin with no request, and
    /// those make no run.
    /// </summary>
    private void Forget(ForgetRun forget)
    {
        var over = _state.Spec is null || _state.EndedAt <= forget.EndedBy;
        if (over && (_saving || _stopping.Count > 0))
        {
            Stash.Stash(); // until the snapshot is there, which then goes with the others, and until its steps have stopped
        }
        else if (!over || _forgetter is not null)
        {
            Sender.Tell(new RunKept(_runId));
            StopIfQuiet();
        }
        else if (LastSequenceNr == 0)
        {
            Sender.Tell(new RunDeleted(_runId));
            StopIfQuiet();
        }
        else
        {
            _forgetter = Sender;
            DeleteSnapshots(new SnapshotSelectionCriteria(long.MaxValue));
        }
    }

    /// <summary>What could not be deleted takes room, and that is all: the next snapshot, or the next attempt, deletes it.</summary>
    private void KeepJournal(Exception cause)
    {
        _log.Warning(cause, "What is outdated in the journal of run {RunId} cannot be deleted", _runId);
        if (_forgetter is not null)
        {
            EndForgetting(new RunKept(_runId));
        }
    }

    private void EndForgetting(object answer)
    {
        _forgetter.Tell(answer);
        (_forgetter, _snapshotsDeleted) = (null, false);
        StopIfQuiet();
    }
}

/// <summary>
/// Delete the journal of a run that ended, at the time told or before. Answered by <see cref="RunDeleted"/>, also where
/// there is nothing, or by <see cref="RunKept"/>.
/// </summary>
public sealed record ForgetRun(string RunId, DateTimeOffset EndedBy) : IRunMessage;

/// <summary>The run is unknown from now on.</summary>
public sealed record RunDeleted(string RunId);

/// <summary>The run goes on, or its journal cannot be deleted now.</summary>
public sealed record RunKept(string RunId);
