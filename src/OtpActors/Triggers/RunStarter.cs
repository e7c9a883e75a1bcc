using Akka.Actor;
using Akka.Hosting;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Inputs;
using OtpActors.Infrastructure.Storage;
using OtpActors.Lifecycle;
using OtpActors.Runs;
using OtpActors.Steps;

namespace OtpActors.Triggers;

/// <param name="Again">Whether the run was known already: its trigger came before.</param>
public sealed record RunStarted(RunState State, bool Again);

/// <summary>
/// Starts runs for every trigger of the service. When a task completes the run is journaled and will happen, whatever
/// happens to this process. The same id again gives the same run.
/// </summary>
/// <remarks>Can be called from any thread.</remarks>
public interface IRunStarter
{
    /// <param name="trigger">Its fingerprint is set here.</param>
    /// <exception cref="RunRequestException">A field is wrong.</exception>
    /// <exception cref="RunKeyReusedException">The id belongs to a run that was asked for in other words.</exception>
    /// <exception cref="RunRefusedException">The run cannot be journaled or listed now.</exception>
    Task<RunStarted> StartAsync(string runId, RunRequest request, RunTrigger trigger, CancellationToken cancellationToken);

    /// <summary>A run's state, of one that ended too; null for an unknown one.</summary>
    /// <exception cref="RunRefusedException">The journal cannot be read now.</exception>
    Task<RunState?> FindAsync(string runId, CancellationToken cancellationToken);
}

/// <inheritdoc/>
public sealed class RunStarter(
    RunDefaults defaults, DataDirectory data, IRequiredActor<RunRegistry> registry, IRequiredActor<RunsParent> runs, DataWatch files)
    : IRunStarter
{
    /// <summary>How long a run may take to be journaled; it is a matter of milliseconds.</summary>
    private static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Of triggers with the same key at the same time the first alone keeps its records: passwords that were left out
    /// are made anew for each.
    /// </summary>
    private readonly KeyedLock _keys = new();

    public Task<RunStarted> StartAsync(string runId, RunRequest request, RunTrigger trigger, CancellationToken cancellationToken)
    {
        CheckFiles();
        var records = RunRequests.RecordsOf(request);
        var inline = request.Records is null ? null : RunRequests.InlineOf(request.Records);
        return StartAsync(
            runId, request, trigger with { Fingerprint = trigger.Key is null ? null : RunRequests.FingerprintOf(request) },
            async () => records ?? await RecordSpool.KeepAsync(inline!, data.InputsDirectory, runId, cancellationToken), cancellationToken);
    }

    /// <summary>Makes a run's request again, as a new run.</summary>
    /// <param name="past">The run whose request it is; it may still go on.</param>
    /// <param name="trigger">Its fingerprint is set here.</param>
    /// <exception cref="RunRequestException">A field is wrong.</exception>
    /// <exception cref="RunInputGoneException">The records that it was given are kept no more.</exception>
    /// <exception cref="RunKeyReusedException">The id belongs to a run that was asked for in other words.</exception>
    /// <exception cref="RunRefusedException">The run cannot be journaled or listed now.</exception>
    public Task<RunStarted> StartAgainAsync(
        string runId, RunState past, AgainRequest change, RunTrigger trigger, CancellationToken cancellationToken)
    {
        CheckFiles();
        var records = RunRequests.AgainOf(past.Spec!.Records, change);
        return StartAsync(
            runId, RunRequests.From(past.Spec, null, null),
            trigger with { Fingerprint = trigger.Key is null ? null : RunRequests.FingerprintOf(past.RunId, change) },
            async () => records is RecordSpec.Spooled given
                ? await RecordSpool.KeepAgainAsync(given, data.InputsDirectory, runId, cancellationToken)
                    ?? throw new RunInputGoneException(past.RunId, given.Count)
                : records,
            cancellationToken);
    }

    /// <param name="keep">Gives the records of a run that is not there yet.</param>
    private async Task<RunStarted> StartAsync(
        string runId, RunRequest request, RunTrigger trigger, Func<Task<RecordSpec>> keep, CancellationToken cancellationToken)
    {
        using var span = RunTracing.Request(runId, trigger.Kind);
        trigger = trigger with { TraceParent = span?.Id };
        RunRequests.CheckTopic(request, defaults);
        var overlap = request.Overlap ?? OverlapPolicy.Wait;
        using var turn = trigger.Key is null ? null : await _keys.TakeAsync(runId, cancellationToken);
        if (trigger.Key is not null && await FindAsync(runId, cancellationToken) is { } known)
        {
            var same = Same(known, trigger);

            // A process that was killed after it had journaled the run, and before it listed it, left nobody who would begin it.
            return known.BeganAt is null && !known.IsTerminal
                ? same with { State = await RegisterAsync(runId, known.Spec!, overlap, cancellationToken) }
                : same;
        }

        var spec = RunRequests.ToSpec(request, defaults, await keep(), trigger);
        var state = await RegisterAsync(runId, spec, overlap, cancellationToken);
        return Same(state, trigger) with { Again = !ReferenceEquals(state.Spec, spec) };
    }

    public async Task<RunState?> FindAsync(string runId, CancellationToken cancellationToken) =>
        await AskAsync(runs.ActorRef, new RunQueries.Get(runId), cancellationToken) switch
        {
            RunReplies.Accepted { State: { Spec: not null } state } => state,
            RunReplies.Unavailable unavailable => throw new RunRefusedException(unavailable.Reason),
            _ => null,
        };

    private async Task<RunState> RegisterAsync(string runId, RunSpec spec, OverlapPolicy overlap, CancellationToken cancellationToken)
    {
        var reply = await AskAsync(registry.ActorRef, new RunRegistry.Start(runId, spec, overlap), cancellationToken);
        CheckFiles();
        return reply switch
        {
            RunReplies.Accepted accepted => accepted.State,
            RunReplies.Unavailable unavailable => throw new RunRefusedException(unavailable.Reason),
            RunReplies.Refused refused => throw new RunRefusedException(refused.Reason),
            _ => throw new RunRefusedException("the run cannot be journaled"),
        };
    }

    /// <summary>What was written to files that are gone is promised to nobody.</summary>
    private void CheckFiles()
    {
        if (files.Check() is { } lost)
        {
            throw new RunRefusedException(lost);
        }
    }

    private static RunStarted Same(RunState state, RunTrigger trigger) => state.Spec!.Trigger?.Fingerprint == trigger.Fingerprint
        ? new RunStarted(state, Again: true)
        : throw new RunKeyReusedException(state.RunId);

    private static async Task<object> AskAsync(IActorRef actor, object message, CancellationToken cancellationToken)
    {
        try
        {
            return await actor.Ask<object>(message, AskTimeout, cancellationToken);
        }
        catch (AskTimeoutException)
        {
            throw new RunRefusedException("the journal does not answer; the log says why");
        }
    }
}

/// <summary>The key was used for another request.</summary>
public sealed class RunKeyReusedException(string runId)
    : Exception($"The same key started run {runId}, which was asked for in other words")
{
    public string RunId { get; } = runId;
}

/// <summary>The run, or what was asked of it, is unavailable now; the message says why.</summary>
public sealed class RunRefusedException(string reason) : Exception(reason);
