using Akka.Actor;
using Akka.Event;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Storage.Sqlite;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Topics;
using Polly;
using Polly.Retry;

namespace OtpActors.Steps;

/// <summary>
/// How one attempt of a step waits out a part that is away: it tries again, with growing waits, until the part answers, and
/// tells the run what it waits for. A part is away where a call says so by its exception, and where it says nothing for as
/// long as the attempt has patience. Of many calls to a part that is away one tries; the others wait for how that ends.
/// </summary>
/// <remarks>
/// Can be used from any thread. It does not give up: the run does, and stops the attempt. Any other failure is the caller's.
/// </remarks>
public sealed class Outages
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    /// <summary>How often a wait that lasts is logged, and a reason that has changed is told.</summary>
    private static readonly TimeSpan Reminder = TimeSpan.FromMinutes(1);

    /// <summary>
    /// For how long a topic may be unknown to brokers that answer: one that has just begun learns its topics from the others
    /// (librdkafka waits as long, topic.metadata.propagation.max.ms). A run's topic was there when the run began.
    /// </summary>
    private static readonly TimeSpan LongestUnknown = TimeSpan.FromSeconds(30);

    private readonly OutageSetup _attempt;
    private readonly IActorRef _run;
    private readonly TimeProvider _time;
    private readonly ILoggingAdapter _log;
    private readonly Action<bool> _changed;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Absence> _away = [];
    private readonly Dictionary<string, SemaphoreSlim> _turns = [];

    /// <summary>The part that the run has the attempt wait for.</summary>
    private string? _told;
    private volatile bool _watchful;

    /// <summary>Since when the log answers that it has no such topic.</summary>
    private long? _unknownSince;

    /// <param name="changed">Called when the first part goes and when the last one comes back; at once, on any thread.</param>
    public Outages(OutageSetup attempt, IActorRef run, TimeProvider time, ILoggingAdapter log, Action<bool>? changed = null)
    {
        (_attempt, _run, _time, _log, _changed) = (attempt, run, time, log, changed ?? (_ => { }));
        _told = attempt.Known?.WaitsFor;
        _watchful = _told is not null;
    }

    /// <summary>Calls until the part has answered.</summary>
    /// <param name="part">Whom the call is to.</param>
    /// <param name="isPatient">Whether silence means nothing: the call is bounded by itself, or watched in another way.</param>
    /// <exception cref="OperationCanceledException">Told to stop.</exception>
    public async Task<T> WaitOutAsync<T>(string part, Func<Task<T>> call, CancellationToken cancellationToken, bool isPatient = false)
    {
        try
        {
            while (true)
            {
                var away = part;
                if (!IsAway(part))
                {
                    try
                    {
                        var answer = await AskAsync(part, call, isPatient).ConfigureAwait(false);
                        Answered(part);
                        return answer;
                    }
                    catch (Exception e) when (!cancellationToken.IsCancellationRequested && AwayBy(e, part) is { } missing)
                    {
                        away = missing;
                        Missing(missing, StepFailure.Cause(e).Message);
                    }
                }

                var turn = TurnOf(away);
                await turn.WaitAsync(cancellationToken).ConfigureAwait(false);
                try
                {
                    if (IsAway(away))
                    {
                        var answer = await InsistAsync(part, away, call, isPatient, cancellationToken).ConfigureAwait(false);
                        Answered(part);
                        Answered(away);
                        return answer;
                    }
                }
                finally
                {
                    turn.Release();
                }
            }
        }
        catch (Exception e) when (cancellationToken.IsCancellationRequested && AwayBy(e, part) is not null)
        {
            throw new OperationCanceledException("told to stop during an outage", e, cancellationToken);
        }
    }

    /// <inheritdoc cref="WaitOutAsync{T}"/>
    public Task WaitOutAsync(string part, Func<Task> call, CancellationToken cancellationToken, bool isPatient = false) => WaitOutAsync(
        part,
        async () =>
        {
            await call().ConfigureAwait(false);
            return true;
        },
        cancellationToken, isPatient);

    /// <summary>The part is away; it counts as such until it has <see cref="Answered"/>.</summary>
    public void Missing(string part, string reason)
    {
        lock (_lock)
        {
            var now = _time.GetTimestamp();
            if (!_away.TryGetValue(part, out var absence))
            {
                _away[part] = absence = new Absence(now);
                _watchful = true;
                if (_away.Count == 1)
                {
                    _changed(true);
                }
            }
            else if (_time.GetElapsedTime(absence.SaidAt) < Reminder)
            {
                absence.Reason = reason;
                return;
            }

            (absence.SaidAt, absence.Reason) = (now, reason);
            _log.Warning(
                "{Part} is unavailable: {Step}, attempt {Attempt}, has waited for {Seconds} s and goes on by itself: {Reason}",
                part, _attempt.Step.Name, _attempt.Attempt, (long)_time.GetElapsedTime(absence.Since).TotalSeconds, reason);
            if (_told is null || _told == part || !_away.ContainsKey(_told))
            {
                TellHeld(part, reason);
            }
        }
    }

    /// <summary>The part has answered: nobody waits for it any more.</summary>
    public void Answered(string part)
    {
        Interlocked.MemoryBarrier(); // the answer is seen by whoever has just found none, or what that one says is seen here
        if (!_watchful)
        {
            return;
        }

        lock (_lock)
        {
            _unknownSince = part == PartNames.Topic ? null : _unknownSince;
            if (_away.Remove(part, out var absence))
            {
                _log.Info(
                    "{Part} is back after {Seconds} s: {Step}, attempt {Attempt}, goes on",
                    part, (long)_time.GetElapsedTime(absence.Since).TotalSeconds, _attempt.Step.Name, _attempt.Attempt);
                if (_away.Count == 0)
                {
                    _changed(false);
                }
            }

            if (_told == part)
            {
                TellNext();
            }

            _watchful = _away.Count > 0 || _told is not null;
        }
    }

    /// <summary>Watches a part that answers in a stream: it is away once nothing has come for long that is waited for.</summary>
    /// <param name="awaited">Null where nothing is waited for; otherwise a number that each answer changes. Any thread.</param>
    public IDisposable Watch(string part, Func<long?> awaited)
    {
        var last = awaited();
        return _time.CreateTimer(
            _ =>
            {
                var now = awaited();
                if (now is not null && now == last)
                {
                    MissingWhile(() => awaited() == now, part);
                }

                last = now;
            },
            null, _attempt.Patience, _attempt.Patience);
    }

    /// <summary>An answer that comes at the same moment is not taken for silence.</summary>
    private void MissingWhile(Func<bool> isSilent, string part)
    {
        lock (_lock)
        {
            _watchful = true;
            Interlocked.MemoryBarrier();
            if (isSilent())
            {
                Missing(part, NoAnswer);
            }
            else
            {
                _watchful = _away.Count > 0 || _told is not null;
            }
        }
    }

    private string NoAnswer => FormattableString.Invariant($"no answer for {_attempt.Patience.TotalSeconds:0.###} s");

    private bool IsAway(string part)
    {
        if (!_watchful)
        {
            return false;
        }

        lock (_lock)
        {
            return _away.ContainsKey(part);
        }
    }

    private SemaphoreSlim TurnOf(string part)
    {
        lock (_lock)
        {
            return _turns.TryGetValue(part, out var turn) ? turn : _turns[part] = new SemaphoreSlim(1);
        }
    }

    private async Task<T> AskAsync<T>(string part, Func<Task<T>> call, bool isPatient)
    {
        var answer = call();
        if (isPatient || answer.IsCompleted)
        {
            return await answer.ConfigureAwait(false);
        }

        using var watch = Watch(part, () => answer.IsCompleted ? null : 0);
        return await answer.ConfigureAwait(false);
    }

    /// <summary>Calls until something else than an outage comes of it.</summary>
    private async Task<T> InsistAsync<T>(string part, string away, Func<Task<T>> call, bool isPatient, CancellationToken cancellationToken)
    {
        var pipeline = new ResiliencePipelineBuilder { TimeProvider = _time }
            .AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = int.MaxValue,
                Delay = FirstPause,
                MaxDelay = LongestPause,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                ShouldHandle = args => ValueTask.FromResult(args.Outcome.Exception is { } e && AwayBy(e, part) is not null),
                OnRetry = args =>
                {
                    var missing = AwayBy(args.Outcome.Exception!, part)!;
                    if (missing != away)
                    {
                        Answered(away);
                        away = missing;
                    }

                    Missing(missing, StepFailure.Cause(args.Outcome.Exception!).Message);
                    return ValueTask.CompletedTask;
                },
            })
            .Build();
        var answer = await pipeline.ExecuteAsync(async _ => await AskAsync(part, call, isPatient).ConfigureAwait(false), cancellationToken)
            .ConfigureAwait(false);
        Answered(away); // the last that was missing, which need not be the first
        return answer;
    }

    private void TellHeld(string part, string reason)
    {
        _told = part;
        _run.Tell(
            new RunCommands.HoldStep(_attempt.RunId, _attempt.Step, _attempt.Attempt, part, reason), ActorRefs.NoSender);
    }

    private void TellNext()
    {
        _told = null;
        if (_away.Count > 0)
        {
            var (part, absence) = _away.MinBy(away => away.Value.Since);
            TellHeld(part, absence.Reason);
        }
        else
        {
            _run.Tell(new RunCommands.ReleaseStep(_attempt.RunId, _attempt.Step, _attempt.Attempt), ActorRefs.NoSender);
        }
    }

    /// <summary>Which part a failure says is away; null for a fault.</summary>
    /// <param name="called">Whom the call was to. A ledger stands before the channel that is called.</param>
    private string? AwayBy(Exception failure, string called) => StepFailure.Cause(failure) switch
    {
        TopicException { CanPass: true } => Unanswered(),
        TopicException { IsMissing: true } when MayBeKnownSoon() => PartNames.Topic,
        StoreUnavailableException => called,
        NotificationException { CanPass: true } => called,
        SqliteFailureException { CanPass: true } => PartNames.Ledger,
        _ => null,
    };

    /// <summary>What no broker answers is not unknown.</summary>
    private string Unanswered()
    {
        lock (_lock)
        {
            _unknownSince = null;
        }

        return PartNames.Topic;
    }

    private bool MayBeKnownSoon()
    {
        lock (_lock)
        {
            _unknownSince ??= _time.GetTimestamp();
            return _time.GetElapsedTime(_unknownSince.Value) < LongestUnknown;
        }
    }

    private sealed class Absence(long since)
    {
        public long Since => since;

        public long SaidAt { get; set; }

        public string Reason { get; set; } = "";
    }
}

/// <summary>Whose outages these are.</summary>
/// <param name="Known">What the run has the attempt wait for already, from an earlier process; null if for nothing.</param>
/// <param name="Patience">How long a part may say nothing.</param>
public sealed record OutageSetup(string RunId, StepId Step, int Attempt, StepHold? Known, TimeSpan Patience)
{
    public static readonly TimeSpan LongestPatience = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan ShortestPatience = TimeSpan.FromMilliseconds(10);

    public static OutageSetup From(IBeginStep begin) => new(
        begin.RunId, begin.Step, begin.Attempt, begin.Hold, PatienceOf(begin.Spec.Policies.For(begin.Step.Kind)));

    /// <summary>How often an attempt that waits says that it lives, so that its own timeout does not end it meanwhile.</summary>
    /// <param name="longest">Where the timeout leaves as much.</param>
    public TimeSpan HeartbeatWithin(TimeSpan longest) => Patience < longest ? Patience : longest;

    /// <summary>Ten seconds; less where the attempt would be given up as silent before.</summary>
    public static TimeSpan PatienceOf(StepPolicy policy)
    {
        var patience = policy.Timeout / 3 < LongestPatience ? policy.Timeout / 3 : LongestPatience;
        return patience > ShortestPatience ? patience : ShortestPatience;
    }
}
