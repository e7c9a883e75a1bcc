using System.Text.Json.Serialization;

namespace OtpActors.Domain.Runs.Messages;

/// <summary>A message that may change a run.</summary>
public interface IRunCommand : IRunMessage;

/// <summary>A command about one attempt of one step; that of an older attempt is refused.</summary>
public interface IStepCommand : IRunCommand
{
    StepId Step { get; }

    int Attempt { get; }
}

/// <summary>What a run can be told: by its owner, by its steps and by its timers.</summary>
public static class RunCommands
{
    /// <summary>Makes the run known. Asked again for a run that is known, it changes nothing.</summary>
    public sealed record Request(string RunId, RunSpec Spec) : IRunCommand;

    /// <summary>The run's turn has come: it starts with its first step.</summary>
    public sealed record Begin(string RunId) : IRunCommand;

    /// <summary>Ends the run, whatever it is doing. What is stored stays stored.</summary>
    public sealed record Cancel(string RunId, string Reason) : IRunCommand;

    /// <summary>
    /// Lets what is in progress be finished and starts nothing more until <see cref="Resume"/>. The run keeps its turn on the
    /// topic, and its deadline goes on counting.
    /// </summary>
    public sealed record Pause(string RunId) : IRunCommand;

    /// <summary>Goes on after <see cref="Pause"/>, in the same steps and attempts.</summary>
    public sealed record Resume(string RunId) : IRunCommand;

    /// <summary>
    /// One more attempt of a step that failed, was cancelled or waits for its next try. A run that has ended is opened
    /// again for it, and what was not reached or was cancelled with the run follows. What is stored, counted and sent stays.
    /// </summary>
    public sealed record RetryStep(string RunId, StepId Step) : IRunCommand;

    /// <summary>The run's deadline has passed.</summary>
    public sealed record ReachDeadline(string RunId) : IRunCommand;

    /// <summary>The topic is there.</summary>
    public sealed record ConfirmTopic(string RunId, int Attempt, TopicOutcome Outcome, int Partitions) : IStepCommand
    {
        public StepId Step => StepId.EnsureTopic;
    }

    /// <summary>The sink has its partitions and reads from <paramref name="Start"/>.</summary>
    public sealed record ConfirmSinkReady(string RunId, StepId Step, int Attempt, OffsetMap Start) : IStepCommand;

    /// <summary>The sink has dealt with a stretch of each partition and wants to commit it.</summary>
    public sealed record RecordSinkProgress(string RunId, StepId Step, int Attempt, SinkProgress Progress) : IStepCommand;

    /// <summary>The group's committed offsets have reached the run's watermarks.</summary>
    public sealed record ConfirmSinkDrained(string RunId, StepId Step, int Attempt) : IStepCommand;

    /// <summary>Draining made no progress for the length of the window.</summary>
    public sealed record ElapseWindow(string RunId, StepId Step, int Attempt) : IStepCommand;

    /// <summary>The first <paramref name="Produced"/> records of the run are in the topic.</summary>
    public sealed record RecordProduced(string RunId, int Attempt, long Produced) : IStepCommand
    {
        public StepId Step => StepId.Produce;
    }

    /// <summary>
    /// All of the run's records are in the topic, below <paramref name="HighWatermarks"/> (read after the last one).
    /// </summary>
    public sealed record CompleteProduction(string RunId, int Attempt, long Produced, OffsetMap HighWatermarks)
        : IStepCommand
    {
        public StepId Step => StepId.Produce;
    }

    /// <summary>Every address of the run has been looked up in the store.</summary>
    public sealed record CompleteCheck(string RunId, StepId Step, int Attempt, CheckResult Result) : IStepCommand;

    /// <summary>Notifications have gone out up to a record of the run.</summary>
    public sealed record RecordNotified(string RunId, StepId Step, int Attempt, NotifyProgress Progress) : IStepCommand;

    /// <summary>The channel has been served.</summary>
    public sealed record CompleteNotifying(string RunId, StepId Step, int Attempt, NotifyProgress Progress) : IStepCommand;

    /// <summary>The attempt is at work though it has nothing to count.</summary>
    public sealed record Heartbeat(string RunId, StepId Step, int Attempt) : IStepCommand;

    /// <summary>The attempt waits for a part that is unavailable: its limits rest meanwhile. Told again, it changes the reason.</summary>
    /// <param name="WaitsFor">The part, as <see cref="PartNames"/> and <see cref="StoreNames"/> have it.</param>
    /// <param name="Reason">For people; free of secrets.</param>
    public sealed record HoldStep(string RunId, StepId Step, int Attempt, string WaitsFor, string Reason) : IStepCommand;

    /// <summary>The part answers again.</summary>
    public sealed record ReleaseStep(string RunId, StepId Step, int Attempt) : IStepCommand;

    /// <summary>The attempt has waited for as long as the run lets it.</summary>
    public sealed record ReachHoldLimit(string RunId, StepId Step, int Attempt) : IStepCommand;

    /// <summary>The attempt has failed.</summary>
    /// <param name="Error">For people; free of secrets.</param>
    /// <param name="Chance">Drawn evenly from [0, 1), for the jitter of the wait.</param>
    public sealed record FailAttempt(string RunId, StepId Step, int Attempt, string Error, double Chance = 0.5)
        : IStepCommand;

    /// <summary>The wait after attempt <paramref name="Attempt"/> is over.</summary>
    public sealed record Retry(string RunId, StepId Step, int Attempt) : IStepCommand;
}

/// <summary>A stretch of each partition that a sink has dealt with, and what became of its records.</summary>
/// <param name="From">The stretch's first offset, by partition.</param>
/// <param name="Next">The offset after its last record, by partition.</param>
public sealed record SinkProgress(OffsetMap From, OffsetMap Next, SinkCounts Counts);

/// <summary>Records a sink has dealt with: <c>Read = Inserted + Skipped + DeadLettered</c>.</summary>
public readonly record struct SinkCounts(long Read, long Inserted, long Skipped, long DeadLettered)
{
    /// <summary>Whether every record read is accounted for.</summary>
    [JsonIgnore]
    public bool Balance => Read == Inserted + Skipped + DeadLettered;

    public static SinkCounts operator +(SinkCounts a, SinkCounts b) => new(
        a.Read + b.Read, a.Inserted + b.Inserted, a.Skipped + b.Skipped, a.DeadLettered + b.DeadLettered);
}

/// <param name="MissingSample">The first few missing addresses, masked.</param>
public sealed record CheckResult(long Checked, long Found, IReadOnlyList<string> MissingSample)
{
    [JsonIgnore]
    public long Missing => Checked - Found;
}

/// <param name="Next">The run's record that comes next; all before it are dealt with.</param>
/// <param name="Failed">Addresses whose notification was not accepted.</param>
/// <param name="Uncertain">Those of the failed of which nobody can tell whether it arrived.</param>
public sealed record NotifyProgress(
    long Next, long Sent, long Failed,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] long Uncertain = 0);
