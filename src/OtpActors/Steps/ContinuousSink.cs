using Akka.Actor;
using Akka.Event;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Topics;

namespace OtpActors.Steps;

/// <param name="Topic">What is consumed; made if it is absent.</param>
/// <param name="Counts">Where it is told what became of the records.</param>
public sealed record ContinuousSinkSetup(TopicSpec Topic, ContinuousSinkCounts Counts);

/// <summary>What continuous sinks have dealt with since the process began, and what they wait for, by store.</summary>
/// <remarks>Can be used from any thread.</remarks>
public sealed class ContinuousSinkCounts
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, SinkCounts> _counts = [];
    private readonly Dictionary<string, StepHold> _holds = [];

    /// <summary>Told of each addition, on the thread that makes it.</summary>
    public event Action<string, SinkCounts>? Added;

    public SinkCounts this[string store]
    {
        get
        {
            lock (_lock)
            {
                return _counts.GetValueOrDefault(store);
            }
        }
    }

    /// <summary>The sinks that wait for a part which is out, by store.</summary>
    public IReadOnlyDictionary<string, StepHold> Holds
    {
        get
        {
            lock (_lock)
            {
                return new Dictionary<string, StepHold>(_holds);
            }
        }
    }

    internal void Hold(string store, string part, string reason, DateTimeOffset now)
    {
        lock (_lock)
        {
            var since = _holds.GetValueOrDefault(store) is { } known && known.WaitsFor == part ? known.Since : now;
            _holds[store] = new StepHold(part, reason, since);
        }
    }

    internal void Release(string store)
    {
        lock (_lock)
        {
            _holds.Remove(store);
        }
    }

    internal void Add(string store, SinkCounts counts)
    {
        lock (_lock)
        {
            _counts[store] = _counts.GetValueOrDefault(store) + counts;
        }

        Added?.Invoke(store, counts);
    }
}

/// <summary>
/// Keeps a topic's records moving into one store while no run does: it plays the run's part towards a
/// <see cref="SinkWorker"/> of its own. It stands back for as long as a run's sink is at work, or is to be at work again
/// (paused, or between two attempts): the run's records are the run's to count.
/// <code>
/// Off ── nobody else has the topic ──→ Working ── a run begins ──→ Stopping ──→ Off
///                                        ⇅ topic or store fails
///                                      Waiting                     the waits grow
/// </code>
/// </summary>
internal sealed class ContinuousSink : ReceiveActor, IWithTimers
{
    public const string RunId = "continuous";

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly SinkSetup _setup;
    private readonly ContinuousSinkSetup _continuous;
    private readonly StepId _step;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly CancellationTokenSource _abort = new();

    /// <summary>Runs whose sink on this topic is begun and not over.</summary>
    private readonly HashSet<string> _runs = [];
    private readonly List<(IActorRef Requester, object Answer)> _waiting = [];
    private IActorRef? _worker;
    private OffsetMap _counted = OffsetMaps.Empty;
    private TimeSpan _pause = FirstPause;
    private string? _error;
    private int _runWorkers;
    private int _attempts;
    private bool _opened;
    private bool _closed;
    private bool _ensured;
    private bool _ensuring;
    private bool _stopping;

    public ContinuousSink(SinkSetup setup)
    {
        (_setup, _continuous, _step) = (setup, setup.Continuous!, StepId.Sink(setup.Store.Name));
        Receive<RunNotices.Resumed>(_ =>
        {
            _opened = true;
            Advance();
        });
        Receive<RunNotices.Updated>(updated => Follow(updated.State));
        Receive<HandOver>(handOver =>
        {
            _runWorkers++;
            _waiting.Add((Sender, new HandedOver(handOver.RunId)));
            Advance();
        });
        Receive<Released>(_ =>
        {
            _runWorkers--;
            Advance();
        });
        Receive<Sink.CloseContinuous>(_ =>
        {
            _closed = true;
            _waiting.Add((Sender, Sink.ContinuousClosed.Instance));
            Advance();
        });
        Receive<TopicReady>(_ =>
        {
            (_ensuring, _ensured) = (false, true);
            Release();
            Advance();
        });
        Receive<Status.Failure>(failure =>
        {
            _ensuring = false;
            var cause = StepFailure.Cause(failure.Cause);
            if (cause is TopicException { CanPass: true })
            {
                Hold(PartNames.Topic, cause.Message);
            }

            WaitAfter(cause.Message);
        });
        Receive<Retry>(_ => Advance());
        Receive<Terminated>(_ => End());
        Receive<RunCommands.ConfirmSinkReady>(_ =>
        {
            (_pause, _error) = (FirstPause, null);
            _log.Info("{Store} takes the records of {Topic} between runs", _setup.Store.Name, _continuous.Topic.Name);
        });
        Receive<RunCommands.RecordSinkProgress>(Count);
        Receive<RunCommands.FailAttempt>(failure => _error = failure.Error);
        Receive<RunCommands.HoldStep>(hold =>
        {
            if (hold.Attempt == _attempts && _worker is not null)
            {
                Hold(hold.WaitsFor, hold.Reason);
            }
        });
        Receive<RunCommands.ReleaseStep>(_ => Release());
        Receive<RunCommands.Heartbeat>(_ => { });
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private bool IsFree => _opened && !_closed && _runWorkers == 0 && _runs.Count == 0;

    protected override void PostStop() => _abort.Cancel();

    private void Hold(string part, string reason) =>
        _continuous.Counts.Hold(_setup.Store.Name, part, reason, _setup.Time.GetUtcNow());

    private void Release() => _continuous.Counts.Release(_setup.Store.Name);

    private void Follow(RunState state)
    {
        if (state.Spec?.Topic != _continuous.Topic.Name)
        {
            return;
        }

        var holds = !state.IsTerminal && state.Steps[_step].Status is StepStatus.Running or StepStatus.Retrying;
        if (holds ? _runs.Add(state.RunId) : _runs.Remove(state.RunId))
        {
            Advance();
        }
    }

    /// <summary>Goes where it should be from here: to work, or out of the way.</summary>
    private void Advance()
    {
        if (IsFree)
        {
            if (_worker is null && !_ensuring && !Timers.IsTimerActive(nameof(Retry)))
            {
                Start();
            }

            return;
        }

        Timers.Cancel(nameof(Retry));
        if (_worker is null)
        {
            _waiting.ForEach(waiting => waiting.Requester.Tell(waiting.Answer));
            _waiting.Clear();
        }
        else if (!_stopping)
        {
            _stopping = true;
            _worker.Tell(new StopStep(RunId, _step));
        }
    }

    private void Start()
    {
        if (!_ensured)
        {
            _ensuring = true;
            _setup.Topic.EnsureAsync(_continuous.Topic, _abort.Token).PipeTo(Self, success: _ => TopicReady.Instance);
            return;
        }

        var (self, attempt) = (Self, ++_attempts);
        var task = new SinkTask(RunId, _step, attempt, _continuous.Topic.Name, _continuous.Topic.ReplicationFactor, _counted,
            new OutageSetup(RunId, _step, attempt, null, OutageSetup.LongestPatience));
        _worker = Context.Watch(Context.ActorOf(Props.Create(() => new SinkWorker(_setup, task, self)), $"{attempt}"));
    }

    /// <summary>What is counted here is counted once, also where a worker fails before it has committed it.</summary>
    private void Count(RunCommands.RecordSinkProgress progress)
    {
        _continuous.Counts.Add(_setup.Store.Name, progress.Progress.Counts);
        _counted = _counted.Max(progress.Progress.Next);
        Sender.Tell(new RunReplies.Accepted(RunId, RunState.New(RunId)));
    }

    private void End()
    {
        var told = _stopping;
        (_worker, _stopping) = (null, false);
        Release();
        if (told)
        {
            Advance();
        }
        else
        {
            WaitAfter(_error ?? "the stream ended");
        }
    }

    private void WaitAfter(string error)
    {
        _ensured = false;
        if (IsFree)
        {
            _log.Warning(
                "{Store} takes no records of {Topic} between runs; the next try comes in {Seconds} s: {Error}",
                _setup.Store.Name, _continuous.Topic.Name, _pause.TotalSeconds, error);
            Timers.StartSingleTimer(nameof(Retry), Retry.Instance, _pause);
            _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
        }

        Advance();
    }

    /// <summary>A run wants the topic; answered by <see cref="HandedOver"/> once nothing is at work here, and followed by <see cref="Released"/>.</summary>
    public sealed record HandOver(string RunId);

    public sealed record HandedOver(string RunId);

    /// <summary>The worker that a <see cref="HandOver"/> was for has ended.</summary>
    public sealed record Released
    {
        public static readonly Released Instance = new();
    }

    private sealed class TopicReady
    {
        public static readonly TopicReady Instance = new();
    }

    private sealed class Retry
    {
        public static readonly Retry Instance = new();
    }
}
