using System.Collections.Concurrent;

namespace OtpActors.Tests.Matrix;

/// <summary>
/// Moments of a run, by name: calls to its parts as they are made. A spec chooses one at which something happens before
/// the call goes on, so that no moment is met by chance.
/// </summary>
/// <remarks>Can be called from any thread.</remarks>
internal sealed class Gates
{
    private readonly ConcurrentDictionary<string, int> _passed = new();
    private readonly ConcurrentDictionary<(string Point, int Number), TaskCompletionSource> _seen = new();
    private readonly ConcurrentDictionary<(string Point, int Number), Func<Task>> _actions = new();

    /// <summary>Counts anew from here, and waits for this before the n-th call, from 1.</summary>
    public void Arm(string point, int number, Func<Task> action)
    {
        _passed.Clear();
        _seen.Clear();
        _actions[(point, number)] = action;
    }

    /// <summary>Completes when the n-th call is about to be made.</summary>
    public Task Seen(string point, int number) => Signal(point, number).Task;

    public async Task PassAsync(string point)
    {
        var number = _passed.AddOrUpdate(point, 1, (_, passed) => passed + 1);
        Signal(point, number).TrySetResult();
        if (_actions.TryRemove((point, number), out var action))
        {
            await action();
        }
    }

    private TaskCompletionSource Signal(string point, int number) =>
        _seen.GetOrAdd((point, number), _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
}
