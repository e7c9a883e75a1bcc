namespace OtpActors.Api;

/// <summary>How much of something there may be at a time, in all and for each caller.</summary>
/// <param name="inAll">At most this many.</param>
/// <param name="perCaller">At most this many of one caller.</param>
/// <remarks>Can be used from any thread.</remarks>
internal sealed class CallerLimits(int inAll, int perCaller)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _callers = new(StringComparer.Ordinal);
    private int _all;

    public enum Verdict
    {
        Taken,
        TooManyOfCaller,
        TooManyInAll,
    }

    /// <summary>Counts one more, unless there are too many.</summary>
    /// <param name="place">Gives it back; null where it was not taken.</param>
    public Verdict Take(string caller, out IDisposable? place)
    {
        place = null;
        lock (_lock)
        {
            var own = _callers.GetValueOrDefault(caller);
            if (own >= perCaller)
            {
                return Verdict.TooManyOfCaller;
            }

            if (_all >= inAll)
            {
                return Verdict.TooManyInAll;
            }

            _all++;
            _callers[caller] = own + 1;
        }

        place = new Place(this, caller);
        return Verdict.Taken;
    }

    private void Leave(string caller)
    {
        lock (_lock)
        {
            _all--;
            if (--_callers[caller] == 0)
            {
                _callers.Remove(caller);
            }
        }
    }

    private sealed class Place(CallerLimits owner, string caller) : IDisposable
    {
        private CallerLimits? _owner = owner;

        public void Dispose() => Interlocked.Exchange(ref _owner, null)?.Leave(caller);
    }
}
