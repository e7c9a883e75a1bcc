namespace OtpActors.Cql.Connections;

/// <summary>Waits between attempts: doubled each time, with a fifth more or less by chance.</summary>
internal sealed class Reconnection(TimeSpan shortest, TimeSpan longest, Random random)
{
    public TimeSpan Shortest => shortest;

    public TimeSpan Delay(int failures)
    {
        var delay = Math.Min(shortest.TotalMilliseconds * Math.Pow(2, Math.Min(failures, 20)), longest.TotalMilliseconds);
        lock (random)
        {
            return TimeSpan.FromMilliseconds(delay * (0.8 + (0.4 * random.NextDouble())));
        }
    }
}
