using System.Collections.Concurrent;

namespace OtpActors.Cql.Connections;

/// <summary>The clock of a cluster's connections: ten times a second it looks for requests that are past their deadline.</summary>
internal sealed class Sweeper : IDisposable
{
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<Connection, bool> _connections = new();
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly ITimer _timer;

    public Sweeper(TimeProvider time)
    {
        _time = time;
        _start = time.GetTimestamp();
        _timer = time.CreateTimer(static self => ((Sweeper)self!).Sweep(), this, Interval, Interval);
    }

    /// <summary>Milliseconds since the start.</summary>
    public long Now => (long)_time.GetElapsedTime(_start).TotalMilliseconds;

    public int Connections => _connections.Count;

    public IEnumerable<Connection> All => _connections.Keys;

    public void Add(Connection connection) => _connections.TryAdd(connection, true);

    public void Remove(Connection connection) => _connections.TryRemove(connection, out _);

    public void Dispose() => _timer.Dispose();

    private void Sweep()
    {
        var now = Now;
        foreach (var connection in _connections.Keys)
        {
            connection.Sweep(now);
        }
    }
}
