using System.Collections.Concurrent;
using OtpActors.Domain.Runs;
using OtpActors.Triggers;

namespace OtpActors.Tests.Fakes;

/// <summary>Takes note of the runs that are asked for. The same id again is the same run, as with the real one.</summary>
internal sealed class FakeStarter : IRunStarter
{
    private readonly ConcurrentDictionary<string, RunState> _runs = new();

    /// <summary>Comes before each start, with the run's id: waits, or throws.</summary>
    public Func<string, Task> Before { get; set; } = _ => Task.CompletedTask;

    /// <summary>New runs, in order.</summary>
    public ConcurrentQueue<(string RunId, RunRequest Request, RunTrigger Trigger)> Started { get; } = new();

    /// <summary>How often a known run was asked for again.</summary>
    public int Repeated { get; private set; }

    public IEnumerable<string> RunIds => Started.Select(run => run.RunId);

    public async Task<RunStarted> StartAsync(string runId, RunRequest request, RunTrigger trigger, CancellationToken cancellationToken)
    {
        await Before(runId);
        var state = RunState.New(runId);
        if (_runs.TryAdd(runId, state))
        {
            Started.Enqueue((runId, request, trigger));
            return new RunStarted(state, Again: false);
        }

        Repeated++;
        return new RunStarted(_runs[runId], Again: true);
    }

    public Task<RunState?> FindAsync(string runId, CancellationToken cancellationToken) => Task.FromResult(_runs.GetValueOrDefault(runId));
}
