using Akka.Actor;
using Akka.Hosting;
using OtpActors.Workflow;

namespace OtpActors.Hosting;

/// <summary>
/// Goes on with the unfinished runs of an earlier process: after the actors are there, and before anybody can ask for
/// something new over HTTP.
/// </summary>
internal sealed class RunResumer(IRequiredActor<RunRegistry> registry) : IHostedService
{
    /// <summary>How many runs go on.</summary>
    public int Count { get; private set; }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var runs = await registry.GetAsync(cancellationToken);
        Count = (await runs.Ask<RunRegistry.Unfinished>(new RunRegistry.ResumeAll(), cancellationToken)).RunIds.Count;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
