namespace OtpActors.Infrastructure.Topics.Embedded;

/// <summary>
/// Wakes the consumers of a topic. Take <see cref="Next"/> before looking at the log: whatever is appended after that
/// completes it, so nothing is missed between a look in vain and the wait.
/// </summary>
internal sealed class AppendSignal
{
    private TaskCompletionSource _next = New();

    public Task Next => Volatile.Read(ref _next).Task;

    public void Raise() => Interlocked.Exchange(ref _next, New()).SetResult();

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
