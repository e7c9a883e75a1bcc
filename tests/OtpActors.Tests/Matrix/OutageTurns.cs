namespace OtpActors.Tests.Matrix;

/// <summary>
/// Cases are many and mostly wait. Those on the way to their outage take turns, so that the machine is shared by few and
/// what is slow is so for a reason.
/// </summary>
internal sealed class OutageTurns(int atATime)
{
    private readonly SemaphoreSlim _turns = new(atATime);

    /// <summary>Disposing gives the turn back.</summary>
    public async Task<IDisposable> TakeAsync()
    {
        await _turns.WaitAsync();
        return new Turn(_turns);
    }

    private sealed class Turn(SemaphoreSlim turns) : IDisposable
    {
        private int _given;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _given, 1) == 0)
            {
                turns.Release();
            }
        }
    }
}
