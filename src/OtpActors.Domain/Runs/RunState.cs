using System.Collections.Immutable;
using System.Text.Json.Serialization;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs.Messages;

namespace OtpActors.Domain.Runs;

/// <summary>
/// A run, as its events make it. Immutable; <see cref="Decide"/>, <see cref="Apply"/> and <see cref="Effects"/> are
/// pure: no clock, no I/O, no chance of their own.
/// <code>
/// New → Requested → EnsuringTopic → StartingSinks → Producing → Draining → Checking → Notifying → Completed
///                        └── a check has found addresses missing → Incomplete, in the end
///                        └── a step of the run, or both stores' chains, out of attempts → Failed
///                        └── Cancel → Cancelled;  deadline → TimedOut
///                        └── Pause → Paused, and back where it was by Resume
/// </code>
/// A step whose part is out (topic, store, mail server, …) is held: its attempt stands and its limits rest, until the part
/// answers or <see cref="RunSpec.HoldFor"/> is over. A retry of a step opens a run that did not complete again.
/// A retry of a sink that is done opens any run again that has ended: it mends the store (writes the run's records again,
/// which adds what is lost and counts nothing), and the store's check and notifications follow once more.
/// The two stores' chains (sink → check → mail → Slack) advance on their own; the phase names the earliest work that
/// is still to be done. A chain that fails stops there, the other goes on, and the run ends as failed.
/// </summary>
public sealed partial record RunState
{
    /// <summary>The facts kept of a run. A run of every attempt that the default policies allow has fewer than 60.</summary>
    public const int TimelineLength = 500;

    private RunState(string runId) => RunId = runId;

    public string RunId { get; }

    /// <summary>Null until the run is requested.</summary>
    public RunSpec? Spec { get; private init; }

    public DateTimeOffset? RequestedAt { get; private init; }

    public DateTimeOffset? BeganAt { get; private init; }

    public DateTimeOffset? EndedAt { get; private init; }

    /// <summary>Since when the run is paused; null if it is not.</summary>
    public DateTimeOffset? PausedAt { get; private init; }

    /// <summary>When the run was last opened again after its end.</summary>
    public DateTimeOffset? ReopenedAt { get; private init; }

    /// <summary>How many events have made this state: grows by one with each, across processes.</summary>
    public long Version { get; private init; }

    /// <summary>What happened, oldest first: every fact but mere progress, the last <see cref="TimelineLength"/> of them.</summary>
    public ImmutableList<RunFact> Timeline { get; private init; } = [];

    /// <summary>Null while the run goes on.</summary>
    public RunOutcome? Outcome { get; private init; }

    /// <summary>Why the run did not complete.</summary>
    public string? Reason { get; private init; }

    public ImmutableDictionary<StepId, StepState> Steps { get; private init; } =
        StepId.All.ToImmutableDictionary(step => step, _ => new StepState());

    /// <summary>How the topic was found; null until it is confirmed.</summary>
    public TopicEnsured? Topic { get; private init; }

    /// <summary>Records of the run that are in the topic.</summary>
    public long Produced { get; private init; }

    /// <summary>Where the run's records end, by partition.</summary>
    public OffsetMap HighWatermarks { get; private init; } = OffsetMaps.Empty;

    public ImmutableDictionary<string, SinkState> Sinks { get; private init; } =
        StepId.Stores.ToImmutableDictionary(store => store, _ => new SinkState());

    /// <summary>Results of the checks that are done, by store.</summary>
    public ImmutableDictionary<string, CheckResult> Checks { get; private init; } =
        ImmutableDictionary<string, CheckResult>.Empty;

    /// <summary>How far mail and Slack have come, by step.</summary>
    public ImmutableDictionary<StepId, NotifyProgress> Notified { get; private init; } =
        ImmutableDictionary<StepId, NotifyProgress>.Empty;

    public static RunState New(string runId) => new(runId);

    public bool IsTerminal => Outcome is not null;

    public RunPhase Phase => Outcome switch
    {
        RunOutcome.Completed => RunPhase.Completed,
        RunOutcome.Failed => RunPhase.Failed,
        RunOutcome.Cancelled => RunPhase.Cancelled,
        RunOutcome.TimedOut => RunPhase.TimedOut,
        RunOutcome.Incomplete => RunPhase.Incomplete,
        _ when Spec is null => RunPhase.New,
        _ when PausedAt is not null => RunPhase.Paused,
        _ when BeganAt is null => RunPhase.Requested,
        _ when !Steps[StepId.EnsureTopic].IsDone => RunPhase.EnsuringTopic,
        _ when Steps[StepId.Produce].Status == StepStatus.Pending => RunPhase.StartingSinks,
        _ when !Steps[StepId.Produce].IsDone => RunPhase.Producing,
        _ when AnyOpen(StepKind.Sink) => RunPhase.Draining,
        _ when AnyOpen(StepKind.Check) => RunPhase.Checking,
        _ => RunPhase.Notifying,
    };

    /// <summary>Whether every address of the run was found in every store.</summary>
    public bool StoresAgree => StepId.Stores.All(store => Checks.TryGetValue(store, out var check) && check.Missing == 0);

    private bool AnyOpen(StepKind kind) =>
        StepId.Stores.Any(store => !ChainFailed(store) && !Steps[new StepId(kind, store)].IsDone);

    private bool ChainFailed(string store) =>
        StepId.ChainOf(store).Any(step => Steps[step].Status == StepStatus.Failed);

    private bool ChainEnded(string store) => ChainFailed(store) || StepId.ChainOf(store).All(step => Steps[step].IsDone);
}

/// <summary>What a run is doing, or how it ended.</summary>
public enum RunPhase
{
    New,
    Requested,
    EnsuringTopic,
    StartingSinks,
    Producing,
    Draining,
    Checking,
    Notifying,
    Paused,
    Completed,
    Failed,
    Cancelled,
    TimedOut,
    Incomplete,
}

public enum StepStatus
{
    /// <summary>Its turn has not come.</summary>
    Pending,
    Running,

    /// <summary>Between a failed attempt and the next.</summary>
    Retrying,
    Completed,

    /// <summary>Out of attempts.</summary>
    Failed,

    /// <summary>Not needed, or never reached.</summary>
    Skipped,

    /// <summary>Ended with the run.</summary>
    Cancelled,
}

/// <param name="Attempt">The newest attempt's number, from 1; 0 before the first.</param>
/// <param name="RetryAt">When the next attempt is due, while retrying.</param>
/// <param name="Detail">The last error, or how the step ended.</param>
/// <param name="Hold">What a running step waits for; null if for nothing.</param>
public sealed record StepState(
    StepStatus Status = StepStatus.Pending,
    int Attempt = 0,
    DateTimeOffset? StartedAt = null,
    DateTimeOffset? EndedAt = null,
    DateTimeOffset? RetryAt = null,
    string? Detail = null,
    StepHold? Hold = null)
{
    /// <summary>Completed or not needed: what comes after it may start.</summary>
    [JsonIgnore]
    public bool IsDone => Status is StepStatus.Completed or StepStatus.Skipped;
}

/// <summary>A step waits out an outage: it costs no attempt and goes on by itself.</summary>
/// <param name="WaitsFor">The part that is out, as <see cref="PartNames"/> has it.</param>
/// <param name="Reason">For people; free of secrets.</param>
/// <param name="Since">When the wait began, in whichever process.</param>
public sealed record StepHold(string WaitsFor, string Reason, DateTimeOffset Since);

/// <summary>What a sink has done for the run.</summary>
/// <param name="Ready">Whether the present attempt has its partitions.</param>
/// <param name="Counted">Up to where records are counted, by partition.</param>
/// <param name="From">Where the run's reading began, by partition; the topic's beginning where a partition is absent.</param>
/// <param name="Mends">Whether the present attempt writes again what was written before; null for no.</param>
public sealed record SinkState(bool Ready, OffsetMap Counted, SinkCounts Counts, OffsetMap? From = null, bool? Mends = null)
{
    public SinkState() : this(false, OffsetMaps.Empty, default)
    {
    }
}
