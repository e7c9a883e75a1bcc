using System.Text.Json;
using Akka.Actor;
using Akka.Hosting;
using OtpActors.Api;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Journal;
using OtpActors.Runs;
using OtpActors.Triggers;

namespace OtpActors.Hosting;

/// <summary>
/// Goes on with the unfinished runs of an earlier process: after the actors are there, and before anybody can ask for
/// something new over HTTP. Before that it writes to the journal and reads from it, and rehearses a run's beginning, so that the
/// first request finds both warm.
/// </summary>
internal sealed class RunResumer(
    IRequiredActor<RunRegistry> registry, IRequiredActor<RunsParent> parent, IRequiredActor<JournalWatch> watch,
    ActorSystem system, TimeProvider time) : IHostedService
{
    /// <summary>A journal that is unavailable at the start, as a server that restarts, is waited for this long.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>How many runs go on.</summary>
    public int Count { get; private set; }

    /// <exception cref="JournalException">The journal cannot be written or read.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await WarmAsync(cancellationToken);
        var runs = await registry.GetAsync(cancellationToken);
        try
        {
            Count = (await runs.Ask<RunRegistry.Unfinished>(new RunRegistry.ResumeAll(), cancellationToken)).RunIds.Count;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new JournalException($"the list of unfinished runs cannot be read: {e.Message}", e);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task WarmAsync(CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var journal = await watch.GetAsync(cancellationToken);
        while ((await journal.Ask<JournalWatch.Checked>(JournalWatch.Check.Instance, cancellationToken)).Error is { } error)
        {
            if (time.GetElapsedTime(began) > Patience)
            {
                throw new JournalException($"the journal of runs cannot be written: {error}");
            }

            await Task.Delay(Pause, time, cancellationToken);
        }

        await (await parent.GetAsync(cancellationToken)).Ask<object>(new RunQueries.Get("warm-up"), cancellationToken);
        Rehearse();
    }

    /// <summary>
    /// A run's request, its first event in the journal's form and its document, for nobody: so the first request does not wait
    /// until all of that is compiled.
    /// </summary>
    private void Rehearse()
    {
        const string runId = "warm-up";
        var now = time.GetUtcNow();
        var request = JsonSerializer.Deserialize<RunRequest>("{}", RequestJson.Options)!;
        var spec = new RunSpec
        {
            Topic = runId,
            Records = RunRequests.RecordsOf(request)!,
            NotifyLimit = null,
            Trigger = new RunTrigger(TriggerKind.Http, null),
        };
        var state = RunState.New(runId);
        var serializer = new RunEventSerializer((ExtendedActorSystem)system);
        foreach (var command in new IRunCommand[] { new RunCommands.Request(runId, spec), new RunCommands.Begin(runId) })
        {
            foreach (var e in state.Decide(command, now).Events)
            {
                serializer.FromBinary(serializer.ToBinary(e), serializer.Manifest(e));
                state = state.Apply(e);
            }

            JsonSerializer.Serialize(RunDocument.From(state), RequestJson.Options);
        }
    }
}
