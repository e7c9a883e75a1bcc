using Akka.Actor;
using Akka.Event;
using Akka.Streams;
using Akka.Streams.Dsl;
using OtpActors.Topics;
using OtpActors.Workflow;
using StreamSink = Akka.Streams.Dsl.Sink;

namespace OtpActors.Steps;

/// <summary>
/// One attempt of a sink for one run, or between runs for a <see cref="StandingSink"/>.
/// <code>
/// Preparing → Consuming ──────────────→ Stopping → (gone)
///   schema,     write → tell the run →    finish what is
///   assigned    commit → drained?         fetched, commit
/// </code>
/// The stream writes batches and reports each by message. Reports are gathered; the run journals them; only then are
/// their offsets committed. So the run's counts are never behind the group's offsets, and a crash at any point repeats
/// writes (which add nothing) and never counts.
/// </summary>
internal sealed class SinkWorker : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan ReportInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan DrainCheckInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(2);

    private readonly SinkSetup _setup;
    private readonly SinkTask _task;
    private readonly IActorRef _run;
    private readonly CancellationTokenSource _abort = new();
    private readonly ILoggingAdapter _log;
    private readonly ActorMaterializer _materializer = Context.System.Materializer();

    private IConsumerControl? _control;
    private Gathered _gathered = Gathered.Nothing;
    private IReadOnlyCollection<PartitionBatch>? _reported;
    private OffsetMap? _goal;
    private bool _ready;
    private bool _stopping;
    private bool _reportDue = true;
    private bool _drained;
    private bool _asking;
    private bool _holding;
    private bool _streamEnded;

    public SinkWorker(SinkSetup setup, SinkTask task, IActorRef run)
    {
        (_setup, _task, _run) = (setup, task, run);
        _log = Context.GetLogger().WithContext("RunId", task.RunId);
        Receive<SchemaReady>(_ => Consume());
        Receive<Assigned>(a =>
        {
            _ready = true;
            _run.Tell(new RunCommands.ConfirmSinkReady(task.RunId, task.Step, task.Attempt, a.Start));
            Report();
        });
        Receive<BatchWritten>(Gather);
        Receive<RunReplies.Accepted>(_ => Commit());
        Receive<RunReplies.Refused>(Refused);
        Receive<Committed>(_ => AfterCommit());
        Receive<Sink.Drain>(drain =>
        {
            _goal = drain.HighWatermarks;
            Timers.StartPeriodicTimer(nameof(CheckDrained), CheckDrained.Instance, DrainCheckInterval);
            AskCommitted();
        });
        Receive<CheckDrained>(_ => AskCommitted());
        Receive<GroupCommitted>(Compare);
        Receive<ReportDue>(_ =>
        {
            _reportDue = true;
            Report();
        });
        Receive<Hold>(hold =>
        {
            _holding = hold.Held;
            if (_stopping)
            {
                Stop();
            }
        });
        Receive<Beat>(_ => Heartbeat());
        Receive<StreamEnded>(_ =>
        {
            _streamEnded = true;
            StopIfDone();
        });
        Receive<Status.Failure>(failure => Fail(StepFailure.Cause(failure.Cause)));
        Receive<StopStep>(_ => Stop());
        Receive<Terminated>(_ => Context.Stop(Self));
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        Context.Watch(_run);
        Timers.StartPeriodicTimer(nameof(Beat), Beat.Instance, HeartbeatInterval);
        _setup.Store.EnsureSchemaAsync(_abort.Token).PipeTo(Self, success: () => SchemaReady.Instance);
    }

    protected override void PostStop()
    {
        _abort.Cancel();
        _control?.Drain();
    }

    private void Consume()
    {
        var self = Self;
        var writer = new SinkWriter(_setup, _task, _materializer, _log, held => self.Tell(new Hold(held)), _abort.Token);
        var (control, ended) = _setup.Topic.Consume(_task.Topic, _setup.Group)
            .SelectAsync(1, writer.WriteAsync)
            .ToMaterialized(StreamSink.ForEach<BatchWritten>(written => self.Tell(written)), Keep.Both)
            .Run(_materializer);
        _control = control;
        control.Assigned.PipeTo(self, success: start => new Assigned(start));
        ended.PipeTo(self, success: _ => StreamEnded.Instance);
    }

    private void Gather(BatchWritten written)
    {
        _gathered = _gathered.Add(written);
        Report();
    }

    /// <summary>One report is under way at a time, none before the sink is ready, none more often than the interval.</summary>
    private void Report()
    {
        if (!_ready || !_reportDue || _reported is not null || _gathered.IsEmpty)
        {
            return;
        }

        _run.Tell(new RunCommands.RecordSinkProgress(_task.RunId, _task.Step, _task.Attempt, _gathered.Progress));
        (_reported, _gathered, _reportDue) = (_gathered.Newest.Values, Gathered.Nothing, false);
        Timers.StartSingleTimer(nameof(ReportDue), ReportDue.Instance, ReportInterval);
    }

    private void Commit()
    {
        if (_reported is { } batches)
        {
            Task.WhenAll(batches.Select(batch => batch.CommitAsync(_abort.Token)))
                .PipeTo(Self, success: () => Committed.Instance);
        }
    }

    private void AfterCommit()
    {
        _reported = null;
        Report();
        AskCommitted();
        StopIfDone();
    }

    /// <summary>The run has moved on without this attempt: what it wrote stays, what it did not commit comes again.</summary>
    private void Refused(RunReplies.Refused refused)
    {
        _log.Info("{Step}, attempt {Attempt}, ends: {Reason}", _task.Step.Name, _task.Attempt, refused.Reason);
        Context.Stop(Self);
    }

    /// <summary>One question is under way at a time: brokers that are away would let them pile up.</summary>
    private void AskCommitted()
    {
        if (_goal is not null && !_drained && !_asking)
        {
            _asking = true;
            _setup.Topic.CommittedAsync(_task.Topic, _setup.Group, _abort.Token)
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
    }

    private void Heartbeat()
    {
        if (_ready && !_holding && !_streamEnded)
        {
            _run.Tell(new RunCommands.Heartbeat(_task.RunId, _task.Step, _task.Attempt));
        }
    }

    private void Stop()
    {
        _stopping = true;
        if (_control is null || _holding)
        {
            Context.Stop(Self); // nothing in hand, or nothing that can be finished now
            return;
        }

        _control.Drain();
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
        _log.Warning(cause, "{Step}, attempt {Attempt}, failed: {Error}", _task.Step.Name, _task.Attempt, cause.Message);
        _run.Tell(new RunCommands.FailAttempt(_task.RunId, _task.Step, _task.Attempt, cause.Message));
        Context.Stop(Self);
    }

    /// <summary>Batches written since the last report.</summary>
    private sealed record Gathered(SinkProgress Progress, Dictionary<int, PartitionBatch> Newest)
    {
        public static Gathered Nothing => new(new SinkProgress(OffsetMaps.Empty, OffsetMaps.Empty, default), []);

        public bool IsEmpty => Newest.Count == 0;

        public Gathered Add(BatchWritten written)
        {
            var partition = written.Batch.Partition;
            Newest[partition] = written.Batch;
            return this with
            {
                Progress = new SinkProgress(
                    Progress.From.ContainsKey(partition) ? Progress.From : Progress.From.Add(partition, written.From),
                    Progress.Next.SetItem(partition, written.Next),
                    Progress.Counts + written.Counts),
            };
        }
    }

    private sealed class SchemaReady
    {
        public static readonly SchemaReady Instance = new();
    }

    private sealed class Committed
    {
        public static readonly Committed Instance = new();
    }

    private sealed class CheckDrained
    {
        public static readonly CheckDrained Instance = new();
    }

    private sealed class ReportDue
    {
        public static readonly ReportDue Instance = new();
    }

    private sealed class Beat
    {
        public static readonly Beat Instance = new();
    }

    private sealed class StreamEnded
    {
        public static readonly StreamEnded Instance = new();
    }

    private sealed record Assigned(OffsetMap Start);

    private sealed record GroupCommitted(OffsetMap Offsets);

    private sealed record Hold(bool Held);
}
