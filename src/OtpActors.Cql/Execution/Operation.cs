using System.Diagnostics;
using System.Threading.Tasks.Sources;
using OtpActors.Cql.Connections;
using OtpActors.Cql.Protocol;
using OtpActors.Cql.Protocol.Requests;
using OtpActors.Cql.Protocol.Responses;

namespace OtpActors.Cql;

/// <summary>
/// One execution of a statement: chooses hosts, sends, decides on retries, and is itself what the caller awaits.
/// <code>
/// Start → send → response → (schema change: agreement of the nodes) → completed
///           ↑       ↓ failure: retry table, or preparing again on the same host
///           └───────┘
/// </code>
/// It goes back to the pool only where its first attempt was answered and nothing else can still hold it: an operation
/// that was retried, cancelled or timed out, or changed the schema, is left to the garbage collector.
/// </summary>
internal sealed class Operation : Request, IValueTaskSource<RowSet>, IValueTaskSource, IThreadPoolWorkItem
{
    private readonly Session _session;
    private readonly List<Host> _tried = [];
    private ManualResetValueTaskSourceCore<RowSet> _core;
    private CancellationTokenRegistration _cancellation;
    private Statement _statement = null!;
    private QueryParameters _parameters;
    private Connection? _connection;
    private RowSet? _result;
    private Exception? _error;
    private RetryKind _granted;
    private int _prepared;
    private int _isDone;
    private bool _isFirst;
    private bool _inline;
    private long _started;

    public Operation(Session session) => _session = session;

    public ValueTask<RowSet> Rows => new(this, _core.Version);

    public ValueTask Void => new(this, _core.Version);

    public void Start(Statement statement, byte[]? pagingState, bool inline, CancellationToken cancellationToken)
    {
        (_statement, _inline, _isFirst) = (statement, inline, true);
        var options = _session.Options;
        _started = CqlMetrics.Duration.Enabled ? Stopwatch.GetTimestamp() : 0;
        CqlMetrics.InFlight.Add(1);
        try
        {
            statement.Check(_session.Cluster.ProtocolVersion);
            _parameters = new QueryParameters(
                statement.ConsistencyLevel ?? options.ConsistencyLevel,
                statement.SerialConsistencyLevel,
                statement.PageSize ?? options.PageSize,
                pagingState,
                statement.Timestamp ?? _session.NextTimestamp());
            if (cancellationToken.CanBeCanceled)
            {
                _cancellation = cancellationToken.UnsafeRegister(static (self, token) => ((Operation)self!).Cancel(token), this);
            }
        }
        catch (Exception exception)
        {
            Complete(null, exception);
            return;
        }

        SendToNext(null);
    }

    public override void Write(FrameWriter writer, ProtocolVersion version, short stream)
    {
        if (Volatile.Read(ref _isDone) == 0)
        {
            _statement.WriteFrame(writer, version, stream, _parameters);
            return;
        }

        // Cancelled while it waited for a stream: its statement may be in other use, so something harmless is sent.
        writer.EndFrame(writer.BeginFrame(version, OptionsRequest.Opcode, stream));
    }

    public override void OnResponse(Connection connection, in FrameHeader header, ReadOnlySpan<byte> body)
    {
        var reader = new FrameReader(body);
        BodyPrelude.Read(header, ref reader);
        switch (header.Opcode)
        {
            case Opcode.Result:
                var result = ReadResult(ref reader, body);
                if (result.SchemaChange is null)
                {
                    Complete(result, null);
                }
                else
                {
                    _isFirst = false;
                    _ = AgreeAsync(connection, result);
                }

                break;
            case Opcode.Error:
                OnError(connection, ErrorMessage.Read(ref reader));
                break;
            case Opcode.Supported when Volatile.Read(ref _isDone) != 0:
                break;
            default:
                throw new ProtocolException($"{header.Opcode} in answer to a query");
        }
    }

    public override void OnFailure(Connection connection, RequestFailure failure, Exception? cause)
    {
        _isFirst = false;
        if (failure == RequestFailure.NotEncodable)
        {
            Complete(null, cause);
            return;
        }

        var (retry, kind) = RetryTable.Of(failure, _statement.IsIdempotent && !_statement.IsConditional);
        Follow(connection, retry, kind, Errors.Of(failure, connection.EndPoint, cause));
    }

    void IThreadPoolWorkItem.Execute() => Release();

    RowSet IValueTaskSource<RowSet>.GetResult(short token) => Take(token);

    void IValueTaskSource.GetResult(short token) => Take(token).Dispose();

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private RowSet ReadResult(ref FrameReader reader, ReadOnlySpan<byte> body)
    {
        switch ((ResultKind)reader.ReadInt())
        {
            case ResultKind.Rows:
                var rows = RowSet.Read(ref reader, body, ref _statement.Known);
                if (rows.PagingState is not null)
                {
                    var (session, statement) = (_session, _statement);
                    rows.FetchNext = (state, cancellationToken) => session.FetchAsync(statement, state, cancellationToken);
                }

                return rows;
            case ResultKind.SchemaChange:
                return RowSet.Of(SchemaChange.Read(ref reader));
            default:
                return RowSet.Nothing;
        }
    }

    private async Task AgreeAsync(Connection coordinator, RowSet result)
    {
        try
        {
            result.IsInSchemaAgreement = await _session.Cluster.SchemaAgreement.WaitAsync(coordinator).ConfigureAwait(false);
            Complete(result, null);
        }
        catch (Exception exception)
        {
            Complete(null, exception);
        }
    }

    private void OnError(Connection connection, ErrorMessage error)
    {
        _isFirst = false;
        if (error.Code == ErrorCode.Unprepared && _statement.FindPrepared(error.UnpreparedId) is { } prepared
            && _prepared++ < _statement.PreparedCount)
        {
            _ = PrepareAgainAsync(connection, prepared);
            return;
        }

        var (retry, kind) = RetryTable.Of(error, _statement.IsIdempotent && !_statement.IsConditional);
        Follow(connection, retry, kind, Errors.Of(error, connection.EndPoint));
    }

    private void Follow(Connection connection, Retry retry, RetryKind kind, Exception error)
    {
        if (retry == Retry.None || (kind & _granted) != 0 || Volatile.Read(ref _isDone) != 0)
        {
            Complete(null, error);
            return;
        }

        _granted |= kind;
        CqlMetrics.Retries.Add(1);
        if (retry == Retry.NextHost || !TrySend(connection))
        {
            SendToNext(error);
        }
    }

    private async Task PrepareAgainAsync(Connection connection, PreparedStatement prepared)
    {
        try
        {
            var result = await _session.Cluster.Prepared.PrepareAsync(connection, prepared.QueryString).ConfigureAwait(false);
            if (!result.Id.AsSpan().SequenceEqual(prepared.Id))
            {
                Complete(null, new PreparedQueryNotFoundException(
                    connection.EndPoint, "the table has changed since the statement was prepared: prepare it anew"));
            }
            else if (!TrySend(connection))
            {
                SendToNext(Errors.Of(RequestFailure.NotWritten, connection.EndPoint, null));
            }
        }
        catch (Exception exception)
        {
            if (exception is ConnectionException or OperationTimedOutException)
            {
                SendToNext(exception);
            }
            else
            {
                Complete(null, exception);
            }
        }
    }

    private void SendToNext(Exception? error)
    {
        while (Volatile.Read(ref _isDone) == 0)
        {
            var host = QueryPlan.Next(_session.Topology, _statement, _tried);
            if (host is null)
            {
                Complete(null, error ?? _session.NoHost());
                return;
            }

            _tried.Add(host);
            _prepared = 0;
            if (host.Pool?.Current is { } connection && TrySend(connection))
            {
                return;
            }
        }
    }

    private bool TrySend(Connection connection)
    {
        _connection = connection;
        try
        {
            return connection.TrySend(this, _statement.ReadTimeout ?? _session.Options.QueryTimeout);
        }
        catch (Exception exception)
        {
            Complete(null, exception); // what cannot be encoded
            return true;
        }
    }

    private void Cancel(CancellationToken token)
    {
        if (Interlocked.Exchange(ref _isDone, 1) != 0)
        {
            return;
        }

        _isFirst = false;
        _connection?.TryAbandon(this);
        _error = new OperationCanceledException(token);
        Complete();
    }

    private void Complete(RowSet? result, Exception? error)
    {
        if (Interlocked.Exchange(ref _isDone, 1) != 0)
        {
            result?.Dispose();
            return;
        }

        (_result, _error) = (result, error);
        Complete();
    }

    private void Complete()
    {
        CqlMetrics.InFlight.Add(-1);
        if (_started != 0)
        {
            CqlMetrics.Duration.Record(Stopwatch.GetElapsedTime(_started).TotalSeconds);
        }

        if (_inline)
        {
            Release();
        }
        else
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    /// <summary>The last that is done here: what awaits goes on, and may put this operation to another use.</summary>
    private void Release()
    {
        if (_error is { } error)
        {
            _core.SetException(error);
        }
        else
        {
            _core.SetResult(_result!);
        }
    }

    private RowSet Take(short token)
    {
        _cancellation.Dispose(); // waits for a cancellation that is under way
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            if (_isFirst)
            {
                Recycle();
            }
        }
    }

    private void Recycle()
    {
        _core.Reset();
        _tried.Clear();
        (_statement, _connection, _result, _error, _cancellation) = (null!, null, null, null, default);
        (_granted, _prepared, _isDone) = (RetryKind.None, 0, 0);
        _session.Operations.Return(this);
    }
}
