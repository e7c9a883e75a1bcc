namespace OtpActors.Triggers;

/// <summary>One at a time for each key; different keys do not wait for each other. Any thread.</summary>
internal sealed class KeyedLock
{
    private readonly Dictionary<string, Turns> _held = [];

    /// <returns>What gives the turn back.</returns>
    public async Task<IDisposable> TakeAsync(string key, CancellationToken cancellationToken)
    {
        Turns? turns;
        lock (_held)
        {
            if (!_held.TryGetValue(key, out turns))
            {
                _held[key] = turns = new Turns();
            }

            turns.Takers++;
        }

        try
        {
            await turns.One.WaitAsync(cancellationToken).ConfigureAwait(false);
            return new Turn(this, key, turns);
        }
        catch
        {
            Leave(key, turns);
            throw;
        }
    }

    private void Leave(string key, Turns turns)
    {
        lock (_held)
        {
            if (--turns.Takers == 0)
            {
                _held.Remove(key);
            }
        }
    }

    private sealed class Turns
    {
        public SemaphoreSlim One { get; } = new(1, 1);

        /// <summary>Who has the turn or waits for it.</summary>
        public int Takers { get; set; }
    }

    private sealed class Turn(KeyedLock owner, string key, Turns turns) : IDisposable
    {
        public void Dispose()
        {
            turns.One.Release();
            owner.Leave(key, turns);
        }
    }
}
