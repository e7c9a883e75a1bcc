using Confluent.Kafka;

namespace OtpActors.Streams.Kafka.Consumers;

/// <summary>The handle on a running source. Any thread.</summary>
public interface IControl
{
    /// <summary>
    /// Completes with the offsets that reading starts from once the group has given this member partitions, or none for
    /// now since others have them all. Faults if the source ends before.
    /// </summary>
    Task<IReadOnlyList<TopicPartitionOffset>> Assigned { get; }

    /// <summary>
    /// Fetches no more. Batches that wait for the stream are still emitted, then it completes; batches it has may be
    /// finished and committed for the stop timeout, then the group is left.
    /// </summary>
    /// <returns>Completes with <see cref="IsShutdown"/>.</returns>
    Task Stop();

    /// <summary>Completes when the group has been left and the client closed, in whichever way the source ended.</summary>
    Task IsShutdown { get; }

    /// <summary>What the source has done so far; the counts of one moment.</summary>
    ConsumerStatistics Statistics { get; }
}

/// <summary>Ways to end a source.</summary>
public static class ControlExtensions
{
    /// <summary>Stops the source and waits for the stream that runs on it; then everything done is committed.</summary>
    /// <param name="streamCompletion">What the stream's sink gave.</param>
    /// <returns>The stream's result, or its failure.</returns>
    public static async Task<T> DrainAndShutdown<T>(this IControl control, Task<T> streamCompletion)
    {
        var shutdown = control.Stop();
        try
        {
            return await streamCompletion.ConfigureAwait(false);
        }
        finally
        {
            await shutdown.ConfigureAwait(false);
        }
    }
}

/// <summary>Tasks only, so that it serves before the stream runs and after its end.</summary>
internal sealed class ControlCore : IControl
{
    private readonly TaskCompletionSource<IReadOnlyList<TopicPartitionOffset>> _assigned =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly TaskCompletionSource _shutdown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private Action? _stop;
    private bool _stopAsked;
    private ConsumerCounters _counters = new();

    public Task<IReadOnlyList<TopicPartitionOffset>> Assigned => _assigned.Task;

    public Task IsShutdown => _shutdown.Task;

    public ConsumerStatistics Statistics => _counters.Snapshot();

    public Task Stop()
    {
        Action? stop;
        lock (_lock)
        {
            _stopAsked = true;
            stop = _stop;
        }

        stop?.Invoke();
        return IsShutdown;
    }

    public void Attach(Action stop, ConsumerCounters counters)
    {
        bool asked;
        lock (_lock)
        {
            (_stop, _counters) = (stop, counters);
            asked = _stopAsked;
        }

        if (asked)
        {
            stop();
        }
    }

    public void Assign(IReadOnlyList<TopicPartitionOffset> start) => _assigned.TrySetResult(start);

    public void Fail(Exception failure)
    {
        // Nobody has to look at it; without reading it here its failure would count as unobserved.
        if (_assigned.TrySetException(failure))
        {
            _ = _assigned.Task.Exception;
        }
    }

    /// <summary>The client is being closed: however long that takes, nobody waits longer than this.</summary>
    public void CloseWithin(TimeSpan limit) => _ = Task.Delay(limit).ContinueWith(
        (_, self) => ((ControlCore)self!).End(), this, CancellationToken.None,
        TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    public void End()
    {
        Fail(new KafkaStreamException(KafkaFailure.Unavailable, "the consumer ended before it had partitions"));
        _shutdown.TrySetResult();
    }
}
