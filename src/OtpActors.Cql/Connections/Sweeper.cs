using System.Collections.Concurrent;

namespace OtpActors.Cql.Connections;

/// <summary>The coarse clock of a cluster: ten times a second it looks for requests that are past their deadline.</summary>
internal sealed class Sweeper : IDisposable
{
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<Connection, bool> _connections = new();
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly ITimer _timer;
    private long _now;

    public Sweeper(TimeProvider time)
    {
        _time = time;
        _start = time.GetTimestamp();
        _timer = time.CreateTimer(static self => ((Sweeper)self!).Sweep(), this, Interval, Interval);
    }

    /// <summary>Milliseconds since the start, as of the last sweep.</summary>
    public long Now => Volatile.Read(ref _now);

    public int Connections => _connections.Count;

    public IEnumerable<Connection> All => _connections.Keys;

    public void Add(Connection connection) => _connections.TryAdd(connection, true);

    public void Remove(Connection connection) => _connections.TryRemove(connection, out _);

    public void Dispose() => _timer.Dispose();

    private void Sweep()
    {
        Volatile.Write(ref _now, (long)_time.GetElapsedTime(_start).TotalMilliseconds);
        foreach (var connection in _connections.Keys)
        {
            connection.Sweep(Now);
        }
    }
}
