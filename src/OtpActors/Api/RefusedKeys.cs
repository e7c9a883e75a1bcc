namespace OtpActors.Api;

/// <summary>
/// Tells the log of keys that are not known, however many come: the first of a caller at once, and then one line with their
/// number for each interval in which there were more.
/// </summary>
/// <remarks>Can be used from any thread.</remarks>
internal sealed class RefusedKeys : IDisposable
{
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>Callers beyond these in one interval are counted together.</summary>
    internal const int MaxCallers = 100;

    private const string Others = "other addresses";

    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _more = [];
    private readonly ILogger<RefusedKeys> _log;
    private readonly ITimer _timer;

    public RefusedKeys(ILogger<RefusedKeys> log, TimeProvider time)
    {
        _log = log;
        _timer = time.CreateTimer(_ => Tell(), null, Interval, Interval);
    }

    /// <param name="caller">Its address.</param>
    public void Note(string caller)
    {
        lock (_lock)
        {
            var name = _more.ContainsKey(caller) || _more.Count < MaxCallers ? caller : Others;
            if (_more.TryGetValue(name, out var count))
            {
                _more[name] = count + 1;
                return;
            }

            _more[name] = 0;
            caller = name;
        }

        _log.LogWarning("A request of {Caller} was refused: its API key is unknown", caller);
    }

    public void Dispose() => _timer.Dispose();

    private void Tell()
    {
        List<KeyValuePair<string, long>> seen;
        lock (_lock)
        {
            seen = [.. _more];
            _more.Clear();
            foreach (var (caller, count) in seen.Where(each => each.Value > 0))
            {
                _more[caller] = 0; // whoever goes on is no news: the next line comes with the next interval
            }
        }

        foreach (var (caller, count) in seen.Where(each => each.Value > 0))
        {
            _log.LogWarning("{Count} more requests of {Caller} were refused within a minute: their API key is unknown", count, caller);
        }
    }
}
