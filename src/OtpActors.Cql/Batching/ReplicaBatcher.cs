using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace OtpActors.Cql;

/// <summary>Sets a row's values.</summary>
public delegate void RowBinder<T>(in T row, BoundStatement target);

/// <summary>Writes many rows with one prepared statement, in few requests. For any number of threads.</summary>
public interface IReplicaBatcher<T>
{
    /// <summary>
    /// Completes when every row is acknowledged. Where several rows have one key the later one stands. It fails with the
    /// first failure, once nothing is under way any more; any of the rows may then be written.
    /// </summary>
    Task WriteAsync(IReadOnlyList<T> rows, CancellationToken cancellationToken = default);
}

/// <summary>
/// Groups rows by the hosts that keep them into unlogged batches, each sent to one of those hosts. A row whose key is
/// in its group already closes the group: inside a batch all write times are equal, and then the greater value stands,
/// not the later. A batch that the server finds too large is split. A row on its own goes without a batch.
/// </summary>
public sealed class ReplicaBatcher<T> : IReplicaBatcher<T>, IDisposable
{
    private const int BytesACell = 16;
    private const int BytesARow = 24;

    private readonly Session _session;
    private readonly PreparedStatement _statement;
    private readonly RowBinder<T> _bind;
    private readonly ReplicaBatcherOptions _options;
    private readonly int _maxRows;
    private readonly int _maxBytes;
    private readonly int _rowOverhead;
    private readonly SemaphoreSlim _inFlight;
    private readonly ConcurrentQueue<Group> _groups = new();
    private readonly ConcurrentQueue<Writing> _writings = new();

    /// <param name="statement">A data change; batches are tried again if it is idempotent.</param>
    public ReplicaBatcher(ISession session, PreparedStatement statement, RowBinder<T> bind, ReplicaBatcherOptions? options = null)
    {
        _options = options ?? new ReplicaBatcherOptions();
        (_session, _statement, _bind) = ((Session)session, statement, bind);
        var isSafe = _options.Profile == BatchProfile.Safe;
        _maxRows = _options.MaxRows ?? (isSafe ? 10 : 100);
        _maxBytes = _options.MaxBytes ?? (isSafe ? 4 : 32) * 1024;
        _rowOverhead = BytesARow + (BytesACell * statement.Variables.Count);
        _inFlight = new SemaphoreSlim(_options.MaxInFlight);
    }

    /// <inheritdoc/>
    public async Task WriteAsync(IReadOnlyList<T> rows, CancellationToken cancellationToken = default)
    {
        if (!_writings.TryDequeue(out var writing))
        {
            writing = new Writing();
        }

        writing.Begin();
        try
        {
            using var bound = _statement.Bind();
            var replicas = _session.Topology.Tokens.Of(_statement.Keyspace);
            for (var i = 0; i < rows.Count; i++)
            {
                var row = rows[i];
                bound.Clear();
                _bind(row, bound);
                bound.TryGetToken(out var token);
                if (Add(writing, row, bound, token, replicas.Find(token)?.Id ?? -1) is { } full)
                {
                    await _inFlight.WaitAsync(cancellationToken).ConfigureAwait(false);
                    Send(full, writing, cancellationToken);
                }
            }

            foreach (var group in writing.TakeOpen())
            {
                await _inFlight.WaitAsync(cancellationToken).ConfigureAwait(false);
                Send(group, writing, cancellationToken);
            }
        }
        catch (Exception exception)
        {
            writing.Fail(exception);
        }

        await writing.EndAsync().ConfigureAwait(false);
        _writings.Enqueue(writing);
    }

    /// <summary>Gives its buffers back. Only after every <see cref="WriteAsync"/> has completed.</summary>
    public void Dispose()
    {
        while (_groups.TryDequeue(out var group))
        {
            group.Batch.Dispose();
        }

        _inFlight.Dispose();
    }

    /// <summary>Puts the row into its set's group; gives a group that has to go first.</summary>
    private Group? Add(Writing writing, in T row, BoundStatement bound, long token, int set)
    {
        Group? closed = null;
        if (writing.Open.TryGetValue(set, out var group) && (group.Batch.Count >= _maxRows || group.Tokens.Contains(token)
            || group.Batch.Size + bound.Size + (_rowOverhead * (group.Batch.Count + 1)) > _maxBytes))
        {
            writing.Open.Remove(set);
            (closed, group) = (group, null);
        }

        if (group is null)
        {
            if (closed is null && writing.Open.Count >= _options.MaxOpen)
            {
                var (fullest, largest) = writing.Open.MaxBy(open => open.Value.Batch.Count);
                writing.Open.Remove(fullest);
                closed = largest;
            }

            if (!_groups.TryDequeue(out group))
            {
                group = new Group(this);
            }

            group.First = row;
            writing.Open[set] = group;
        }

        group.Batch.Add(bound);
        group.Tokens.Add(token);
        return closed;
    }

    /// <summary>Sends without waiting for the answer. The write time is taken here: groups of one key go in their order.</summary>
    private void Send(Group group, Writing writing, CancellationToken cancellationToken)
    {
        writing.Started();
        (group.Writing, group.Cancellation) = (writing, cancellationToken);
        try
        {
            if (group.Batch.Count > 1)
            {
                group.Batch.SetTimestamp(_session.NextTimestamp());
                group.Await(_session.ExecuteInlineAsync(Prepare(group.Batch), cancellationToken));
            }
            else
            {
                group.Single = _statement.Bind();
                _bind(group.First, group.Single);
                group.Await(_session.ExecuteInlineAsync(Prepare(group.Single), cancellationToken));
            }
        }
        catch (Exception exception)
        {
            Finish(group, exception);
        }
    }

    private void Finish(Group group, Exception? error)
    {
        var writing = group.Writing!;
        if (error is InvalidQueryException refused && group.Batch.Count > 1 && IsTooLarge(refused))
        {
            _ = SplitAsync(group);
            return;
        }

        if (error is null)
        {
            Return(group); // else whatever still holds it may go on
        }

        _inFlight.Release();
        writing.Finished(error);
    }

    private async Task SplitAsync(Group group)
    {
        Exception? error = null;
        try
        {
            await ExecuteHalvesAsync(group.Batch, group.Cancellation).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            error = exception;
        }

        _inFlight.Release();
        group.Writing!.Finished(error);
    }

    /// <summary>The parts keep the batch's write time.</summary>
    private async Task ExecuteHalvesAsync(BatchStatement batch, CancellationToken cancellationToken)
    {
        var half = batch.Count / 2;
        foreach (var (from, count) in new[] { (0, half), (half, batch.Count - half) })
        {
            using var part = new BatchStatement();
            batch.CopyTo(part, from, count);
            try
            {
                await _session.ExecuteInlineAsync(part, cancellationToken).ConfigureAwait(false);
            }
            catch (InvalidQueryException refused) when (count > 1 && IsTooLarge(refused))
            {
                await ExecuteHalvesAsync(part, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static bool IsTooLarge(InvalidQueryException refused) =>
        refused.Message.Contains("batch too large", StringComparison.OrdinalIgnoreCase);

    private TStatement Prepare<TStatement>(TStatement statement) where TStatement : Statement =>
        statement.SetIdempotence(_statement.IsIdempotent).SetConsistencyLevel(_options.ConsistencyLevel ?? _statement.ConsistencyLevel);

    private void Return(Group group)
    {
        group.Single?.Dispose();
        group.Batch.Clear().SetBatchType(BatchType.Unlogged);
        group.Tokens.Clear();
        (group.First, group.Single, group.Writing, group.Cancellation) = (default!, null, null, default);
        _groups.Enqueue(group);
    }

    /// <summary>A batch that is being filled, then executed: it awaits that by itself, without allocating.</summary>
    private sealed class Group
    {
        private readonly ReplicaBatcher<T> _batcher;
        private readonly Action _completed;
        private ConfiguredValueTaskAwaitable.ConfiguredValueTaskAwaiter _executing;

        public Group(ReplicaBatcher<T> batcher) => (_batcher, _completed) = (batcher, OnCompleted);

        public BatchStatement Batch { get; } = new BatchStatement().SetBatchType(BatchType.Unlogged);

        /// <summary>Of its rows: equal tokens are taken for equal keys, which does no harm where they are not.</summary>
        public List<long> Tokens { get; } = [];

        public T First { get; set; } = default!;

        /// <summary>Executed in place of a batch of one.</summary>
        public BoundStatement? Single { get; set; }

        public Writing? Writing { get; set; }

        public CancellationToken Cancellation { get; set; }

        public void Await(ValueTask executing)
        {
            _executing = executing.ConfigureAwait(false).GetAwaiter();
            if (_executing.IsCompleted)
            {
                OnCompleted();
            }
            else
            {
                _executing.UnsafeOnCompleted(_completed);
            }
        }

        private void OnCompleted()
        {
            Exception? error = null;
            try
            {
                _executing.GetResult();
            }
            catch (Exception exception)
            {
                error = exception;
            }

            _batcher.Finish(this, error);
        }
    }

    /// <summary>One call.</summary>
    private sealed class Writing
    {
        private readonly SemaphoreSlim _done = new(0);
        private int _pending;
        private Exception? _error;

        public Dictionary<int, Group> Open { get; } = [];

        private readonly List<Group> _last = [];

        public void Begin() => (_pending, _error) = (1, null);

        public void Started() => Interlocked.Increment(ref _pending);

        public void Fail(Exception error) => Interlocked.CompareExchange(ref _error, error, null);

        public List<Group> TakeOpen()
        {
            _last.AddRange(Open.Values);
            Open.Clear();
            return _last;
        }

        public void Finished(Exception? error)
        {
            if (error is not null)
            {
                Fail(error);
            }

            if (Interlocked.Decrement(ref _pending) == 0)
            {
                _done.Release();
            }
        }

        public async ValueTask EndAsync()
        {
            Finished(null);
            await _done.WaitAsync().ConfigureAwait(false);
            Open.Clear();
            _last.Clear();
            if (_error is not null)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(_error);
            }
        }
    }
}
