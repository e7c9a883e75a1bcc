using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Topics;

namespace OtpActors.Telemetry;

/// <summary>How a consumer group stands with the configured topic.</summary>
/// <param name="Lag">Records that it has not committed.</param>
/// <param name="StalledFor">For how long it has committed nothing although it should; zero where all is well.</param>
public sealed record GroupProgress(string Group, long Lag, TimeSpan StalledFor);

/// <summary>
/// Measures the lag of the stores' groups on the configured topic, and sees whether those that should consume (a run is at
/// work, or the sinks are continuous) get on.
/// </summary>
/// <remarks>A topic that is not there yet has no lag. A topic that cannot be asked keeps the last figures.</remarks>
public sealed class LagMonitor(
    TelemetryOptions options, TopicOptions configured, StoresOptions stores, IOtpTopic topic, ServiceMetrics metrics, TimeProvider time)
    : BackgroundService
{
    private readonly string[] _groups = [stores.Cassandra.ConsumerGroup, stores.Mongo.ConsumerGroup];
    private readonly Dictionary<string, (long Committed, DateTimeOffset Since)> _moved = [];
    private volatile IReadOnlyList<GroupProgress> _latest = [];

    /// <summary>The newest figures; empty before the first.</summary>
    public IReadOnlyList<GroupProgress> Latest => _latest;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.LagInterval, time);
        do
        {
            try
            {
                await MeasureAsync(stoppingToken);
            }
            catch (TopicException)
            {
                // readiness tells that the topic is out
            }
        }
        while (await WaitAsync(timer, stoppingToken));
    }

    /// <exception cref="TopicException">The topic cannot be asked.</exception>
    internal async Task MeasureAsync(CancellationToken cancellationToken)
    {
        var high = await topic.HighWatermarksAsync(configured.Name, cancellationToken);
        var latest = new List<GroupProgress>();
        foreach (var group in _groups)
        {
            var committed = await topic.CommittedAsync(configured.Name, group, cancellationToken);
            var lag = high.Sum(end => Math.Max(0, end.Value - committed.GetValueOrDefault(end.Key)));
            metrics.SetLag(group, lag);
            latest.Add(new GroupProgress(group, lag, Stalled(group, committed.Values.Sum(), lag)));
        }

        _latest = latest;
    }

    private TimeSpan Stalled(string group, long committed, long lag)
    {
        var now = time.GetUtcNow();
        if (lag == 0 || !ShouldConsume() || !_moved.TryGetValue(group, out var known) || known.Committed != committed)
        {
            _moved[group] = (committed, now);
            return TimeSpan.Zero;
        }

        return now - known.Since;
    }

    private bool ShouldConsume() => configured.Continuous
        || metrics.ActiveRuns.Values.Any(phase => phase is > RunPhase.StartingSinks and < RunPhase.Checking);

    private static async Task<bool> WaitAsync(PeriodicTimer timer, CancellationToken cancellationToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
