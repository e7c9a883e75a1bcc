using Akka.Actor;
using Akka.Event;
using Akka.Streams;
using Akka.Streams.Dsl;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Topics;
using OtpActors.Runs;
using StreamSink = Akka.Streams.Dsl.Sink;

namespace OtpActors.Steps;

/// <summary>
/// One attempt of a sink for one run, or between runs for a <see cref="ContinuousSink"/>.
/// <code>
/// Preparing → Joining → Consuming ──────────────→ Stopping → (gone)
///   schema      assigned   write → tell the run →    finish what is
///                  ↑       commit → drained?         fetched, commit
///                  └─ Leaving ─┘ the log was away, or took a partition back
/// </code>
/// The stream writes batches and reports each by message. Reports are gathered; the run journals them; only then are
/// their offsets committed. So the run's counts are never behind the group's offsets, and a crash at any point repeats
/// writes (which add nothing) and never counts. A consumer that the log's outage ended is followed by another one, which
/// begins at the last commit and counts from where the run has counted.
/// </summary>
internal sealed partial class SinkWorker : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan ReportInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan DrainCheckInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(2);

    private readonly SinkSetup _setup;
    private readonly SinkTask _task;
    private readonly IActorRef _run;
    private readonly CancellationTokenSource _abort = new();
    private readonly ILoggingAdapter _log;
    private readonly Outages _outages;
    private readonly ActorMaterializer _materializer = Context.System.Materializer();

    /// <summary>Numbers the consumers: what one that was left still says counts for nothing.</summary>
    private int _generation;
    private Joined? _joined;
    private PendingBatch _gathered = PendingBatch.Nothing;
    private PendingBatch? _reported;
    private OffsetMap _counted;
    private OffsetMap? _goal;
    private bool _isAnswered = true;
    private bool _leaving;
    private bool _stopping;
    private bool _reportDue = true;
    private bool _drained;
    private bool _asking;
    private bool _windowOver;

    /// <summary>Batches of this consumer that are fetched and not yet written.</summary>
    private int _writing;
    private bool _holding;
    private bool _streamEnded;

    public SinkWorker(SinkSetup setup, SinkTask task, IActorRef run)
    {
        (_setup, _task, _run, _counted) = (setup, task, run, task.Counted);
        _log = Context.GetLogger().WithContext("RunId", task.RunId);
        var self = Self;
        _outages = new Outages(task.Outages, run, setup.Time, _log, away => self.Tell(new Hold(away)));
        Receive<SchemaReady>(_ => Join());
        Receive<Joined>(Consume);
        Receive<Fetched>(fetched =>
        {
            if (fetched.Generation == _generation)
            {
                _writing++;
                _windowOver = false;
            }
        });
        Receive<Written>(written => Gather(written));
        Receive<RunReplies.Accepted>(_ => Answered());
        Receive<RunReplies.Refused>(Refused);
        Receive<Committed>(committed => AfterCommit(committed.Generation));
        Receive<Sink.Drain>(drain =>
        {
            _goal = drain.HighWatermarks;
            Timers.StartPeriodicTimer(nameof(CheckDrained), CheckDrained.Instance, DrainCheckInterval);
            AskCommitted();
        });
        Receive<CheckDrained>(_ => AskCommitted());
        Receive<Sink.EndDrain>(_ =>
        {
            _windowOver = IsIdle;
            AskCommitted();
        });
        Receive<GroupCommitted>(Compare);
        Receive<ReportDue>(_ =>
        {
            _reportDue = true;
            Report();
        });
        Receive<Hold>(hold =>
        {
            _holding = hold.Held;
            _windowOver &= !hold.Held;
            if (_stopping)
            {
                Stop();
            }
        });
        Receive<HeartbeatTick>(_ => Heartbeat());
        Receive<StreamEnded>(ended =>
        {
            _streamEnded |= ended.Generation == _generation;
            StopIfDone();
        });
        Receive<ConsumingFailed>(FailOrJoinAgain);
        Receive<Left>(_ =>
        {
            _leaving = false;
            JoinIfLeft();
        });
        Receive<Status.Failure>(failure => Fail(StepFailure.Cause(failure.Cause)));
        Receive<StopStep>(_ => Stop());
        Receive<Terminated>(_ => Context.Stop(Self));
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        Context.Watch(_run);
        Timers.StartPeriodicTimer(nameof(HeartbeatTick), HeartbeatTick.Instance, _task.Outages.HeartbeatWithin(HeartbeatInterval));
        _outages.WaitOutAsync(_setup.Store.Name, () => _setup.Store.EnsureSchemaAsync(_abort.Token), _abort.Token)
            .PipeTo(Self, success: () => SchemaReady.Instance);
    }

    protected override void PostStop()
    {
        _abort.Cancel();
        _joined?.Control.Drain();
    }

    /// <summary>Whether nothing but new records can change what is committed.</summary>
    private bool IsIdle => _joined is not null && !_holding && _writing == 0 && _gathered.IsEmpty && _reported is null;

    private void Join()
    {
        var (self, generation, counted) = (Self, ++_generation, _counted);
        _writing = 0;
        _outages.WaitOutAsync(PartNames.Topic, () => JoinAsync(generation, counted, self), _abort.Token).PipeTo(self);
    }

    /// <summary>Begins to consume; on whichever thread. What is written before the answer is reported after it.</summary>
    private async Task<Joined> JoinAsync(int generation, OffsetMap counted, IActorRef self)
    {
        var abort = CancellationTokenSource.CreateLinkedTokenSource(_abort.Token);
        var writer = new SinkWriter(_setup, _task with { Counted = counted }, _materializer, _log, _outages, abort.Token);
        var (control, ended) = _setup.Topic.Consume(_task.Topic, _setup.Group)
            .SelectAsync(1, batch =>
            {
                self.Tell(new Fetched(generation));
                return writer.WriteAsync(batch);
            })
            .ToMaterialized(
                StreamSink.ForEach<BatchWritten>(written => self.Tell(new Written(generation, written))), Keep.Both)
            .Run(_materializer);
        try
        {
            var start = await control.Assigned.WaitAsync(abort.Token).ConfigureAwait(false);
            return new Joined(generation, start, control, ended, abort);
        }
        catch
        {
            control.Drain();
            await abort.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    private void Consume(Joined joined)
    {
        var generation = joined.Generation;
        _joined = joined;
        joined.Ended.PipeTo(
            Self, success: () => new StreamEnded(generation), failure: cause => new ConsumingFailed(generation, cause));
        _run.Tell(new RunCommands.ConfirmSinkReady(_task.RunId, _task.Step, _task.Attempt, joined.Start));
        if (_stopping)
        {
            Stop();
        }

        Report();
    }

    private void Gather(Written written)
    {
        if (written.Generation == _generation)
        {
            _writing--;
            _gathered = _gathered.Add(written.Batch);
            Report();
        }
    }

    /// <summary>One report is under way at a time, none before the sink is ready, none more often than the interval.</summary>
    private void Report()
    {
        if (_joined is null || !_reportDue || _reported is not null || _gathered.IsEmpty)
        {
            return;
        }

        _run.Tell(new RunCommands.RecordSinkProgress(_task.RunId, _task.Step, _task.Attempt, _gathered.Progress));
        (_reported, _gathered, _reportDue, _isAnswered) = (_gathered, PendingBatch.Nothing, false, false);
        Timers.StartSingleTimer(nameof(ReportDue), ReportDue.Instance, ReportInterval);
    }

    /// <summary>The run has counted what was reported: it may be committed, by the consumer that has it.</summary>
    private void Answered()
    {
        _isAnswered = true;
        if (_reported is not { } reported)
        {
            return;
        }

        _counted = _counted.Max(reported.Progress.Next);
        if (_joined is { } joined)
        {
            var (generation, stop) = (joined.Generation, joined.Abort.Token);
            _outages.WaitOutAsync(
                    PartNames.Topic, () => Task.WhenAll(reported.Newest.Values.Select(batch => batch.CommitAsync(stop))), stop)
                .PipeTo(
                    Self, success: () => new Committed(generation), failure: cause => new ConsumingFailed(generation, cause));
        }
        else
        {
            _reported = null; // its consumer is gone: what is not committed comes again
            JoinIfLeft();
        }
    }

    private void AfterCommit(int generation)
    {
        if (generation == _generation)
        {
            _reported = null;
            Report();
            AskCommitted();
            StopIfDone();
        }
    }

    /// <summary>The run has moved on without this attempt: what it wrote stays, what it did not commit comes again.</summary>
    private void Refused(RunReplies.Refused refused)
    {
        _log.Info("{Step}, attempt {Attempt}, ends: {Reason}", _task.Step.Name, _task.Attempt, refused.Reason);
        Context.Stop(Self);
    }

    /// <summary>An outage of the log ends a consumer and no attempt.</summary>
    private void FailOrJoinAgain(ConsumingFailed failed)
    {
        if (failed.Generation != _generation)
        {
            return;
        }

        var cause = StepFailure.Cause(failed.Cause);
        if (cause is not TopicException topic || !(topic.CanPass || topic.IsLost || topic.IsMissing))
        {
            Fail(cause);
        }
        else if (_stopping)
        {
            Context.Stop(Self); // nothing that can be finished now
        }
        else
        {
            _outages.Missing(PartNames.Topic, topic.Message);
            Leave();
        }
    }

    /// <summary>What is written and not reported is forgotten here, read again, and counted then.</summary>
    private void Leave()
    {
        var left = _joined!;
        (_joined, _gathered, _leaving) = (null, PendingBatch.Nothing, true);
        _generation++;
        if (_isAnswered)
        {
            _reported = null;
        }

        left.Control.Drain();
        left.Abort.Cancel();
        left.Control.Stopped.PipeTo(Self, success: () => Left.Instance, failure: _ => Left.Instance);
    }

    private void JoinIfLeft()
    {
        if (_joined is null && !_leaving && _isAnswered && !_stopping)
        {
            Join();
        }
    }

    /// <summary>One question is under way at a time: brokers that are away would let them pile up.</summary>
    private void AskCommitted()
    {
        if (_goal is not null && !_drained && !_asking)
        {
            _asking = true;
            _outages.WaitOutAsync(
                    PartNames.Topic, () => _setup.Topic.CommittedAsync(_task.Topic, _setup.Group, _abort.Token), _abort.Token)
                .PipeTo(Self, success: offsets => new GroupCommitted(offsets));
        }
    }

    /// <summary>The group's offsets count, not this member's: others of the group may hold some partitions.</summary>
    private void Compare(GroupCommitted committed)
    {
        _asking = false;
        if (!_drained && _goal is not null && committed.Offsets.Covers(_goal))
        {
            _drained = true;
            Timers.Cancel(nameof(CheckDrained));
            _run.Tell(new RunCommands.ConfirmSinkDrained(_task.RunId, _task.Step, _task.Attempt));
        }
        else if (_windowOver && IsIdle) // and the log has answered
        {
            _windowOver = false;
            _run.Tell(new RunCommands.ElapseWindow(_task.RunId, _task.Step, _task.Attempt));
        }
    }

    private void Heartbeat()
    {
        if (_joined is not null && !_holding && !_streamEnded)
        {
            _run.Tell(new RunCommands.Heartbeat(_task.RunId, _task.Step, _task.Attempt));
        }
    }

    private void Stop()
    {
        _stopping = true;
        if (_joined is null || _holding)
        {
            Context.Stop(Self); // nothing in progress, or nothing that can be finished now
            return;
        }

        _joined.Control.Drain();
    }

    private void StopIfDone()
    {
        if (_streamEnded && _reported is null && _gathered.IsEmpty)
        {
            Context.Stop(Self);
        }
    }

    private void Fail(Exception cause)
    {
        _log.WithContext(RunSentences.Journaled, true).Warning(
            cause, "{Step}, attempt {Attempt}, failed: {Error}", _task.Step.Name, _task.Attempt, cause.Message);
        _run.Tell(new RunCommands.FailAttempt(_task.RunId, _task.Step, _task.Attempt, cause.Message));
        Context.Stop(Self);
    }
}
