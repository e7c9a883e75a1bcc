using Akka.Actor;
using Akka.Hosting;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Journal;
using OtpActors.Runs;
using OtpActors.Triggers;

namespace OtpActors.Api;

/// <summary>Finds and steers runs for the endpoints; what cannot be had is an <see cref="ApiProblemException"/>.</summary>
internal sealed class RunDirectory(
    IRunStarter starter, IRequiredActor<RunRegistry> registry, IRequiredActor<RunsParent> runs, RunCache cache, JournalStatus journal,
    ActorSystem system)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <exception cref="ApiProblemException">There is no such run.</exception>
    public async Task<RunState> GetAsync(string id, CancellationToken cancellationToken) =>
        cache.Find(id)
        ?? (RunIds.IsLegal(id) && await starter.FindAsync(id, cancellationToken) is { } found
            ? cache.Put(found)
            : throw ApiProblemException.UnknownRun(id));

    /// <exception cref="ApiProblemException">There is no such run, or it refuses the command.</exception>
    public async Task<RunState> TellAsync(IRunCommand command, CancellationToken cancellationToken)
    {
        await GetAsync(command.RunId, cancellationToken);
        return await AskAsync(runs.ActorRef, command, command.RunId, cancellationToken);
    }

    /// <exception cref="ApiProblemException">There is no such run, or the step cannot be retried now.</exception>
    public async Task<RunState> RetryAsync(string id, StepId step, CancellationToken cancellationToken)
    {
        await GetAsync(id, cancellationToken);
        return await AskAsync(registry.ActorRef, new RunRegistry.RetryStep(id, step), id, cancellationToken);
    }

    public RunSubscription Subscribe(string id) => new(system, journal, id);

    /// <summary>The run as it is shown now: what it waits for is known beside the journal.</summary>
    /// <exception cref="ApiProblemException">There is no such run.</exception>
    public async Task<RunDocument> ShowAsync(string id, CancellationToken cancellationToken)
    {
        var state = await GetAsync(id, cancellationToken);
        return RunDocument.From(state, state.IsTerminal ? null : journal.HoldOf(id));
    }

    private async Task<RunState> AskAsync(IActorRef actor, object message, string id, CancellationToken cancellationToken)
    {
        try
        {
            return await actor.Ask<object>(message, Patience, cancellationToken) switch
            {
                RunReplies.Accepted accepted => cache.Put(accepted.State), // who looks next sees what was done
                RunReplies.Unavailable unavailable => throw new RunRefusedException(unavailable.Reason),
                RunReplies.Refused refused => throw new ApiProblemException(409, "run_refused", $"{refused.Reason}.", "id"),
                _ => throw ApiProblemException.UnknownRun(id),
            };
        }
        catch (AskTimeoutException)
        {
            throw new RunRefusedException("the journal does not answer; the log says why");
        }
    }
}
