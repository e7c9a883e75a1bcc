namespace OtpActors.Steps;

/// <summary>
/// Lets something through at most once an interval, so that progress is told often enough to be seen and seldom enough
/// to cost nothing. Not thread-safe.
/// </summary>
internal sealed class Throttle(TimeProvider time, TimeSpan interval)
{
    private long _last = time.GetTimestamp();

    public bool IsDue()
    {
        if (time.GetElapsedTime(_last) < interval)
        {
            return false;
        }

        _last = time.GetTimestamp();
        return true;
    }
}
