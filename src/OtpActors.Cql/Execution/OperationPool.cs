using System.Collections.Concurrent;

namespace OtpActors.Cql;

/// <summary>Operations at rest: as many as were ever in flight together, up to a bound.</summary>
internal sealed class OperationPool
{
    private const int MaxPooled = 8192;

    private readonly ConcurrentQueue<Operation> _pool = new();
    private int _count;

    public Operation Rent(Session session)
    {
        if (!_pool.TryDequeue(out var operation))
        {
            return new Operation(session);
        }

        Interlocked.Decrement(ref _count);
        return operation;
    }

    public void Return(Operation operation)
    {
        if (Interlocked.Increment(ref _count) <= MaxPooled)
        {
            _pool.Enqueue(operation);
        }
        else
        {
            Interlocked.Decrement(ref _count);
        }
    }
}
