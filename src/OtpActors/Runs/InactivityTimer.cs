namespace OtpActors.Runs;

/// <summary>
/// How long somebody has said nothing while this process was awake. It is measured in ticks: one that comes far too late
/// tells that the process was suspended (stopped, or its machine asleep) and counts as no silence, however long that was.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class InactivityTimer(TimeProvider time, TimeSpan limit)
{
    private const int Ticks = 5;
    private static readonly TimeSpan ShortestTick = TimeSpan.FromMilliseconds(1);

    private long _last = time.GetTimestamp();
    private TimeSpan _silent;

    /// <summary>How often <see cref="IsOver"/> is to be asked.</summary>
    public TimeSpan Tick => limit / Ticks > ShortestTick ? limit / Ticks : ShortestTick;

    /// <summary>Something was said, or silence is no fault for now.</summary>
    public void Break() => (_last, _silent) = (time.GetTimestamp(), TimeSpan.Zero);

    /// <summary>Counts the time since the last tick. True once the limit is reached, within half a tick.</summary>
    public bool IsOver()
    {
        var passed = time.GetElapsedTime(_last);
        _last = time.GetTimestamp();
        if (passed <= Tick * 2)
        {
            _silent += passed;
        }

        return _silent + Tick / 2 >= limit;
    }
}
