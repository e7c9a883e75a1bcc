using System.Net;
using OtpActors.Cql.Protocol;
using OtpActors.Cql.Protocol.Responses;

namespace OtpActors.Cql.Connections;

/// <summary>
/// One pipelined connection. Requests are encoded under a lock into a shared buffer and sent many at a time:
/// those made on a reader thread when it has dealt with all it received, others by one work item of the pool.
/// A dedicated thread receives and hands responses over.
/// </summary>
/// <remarks>
/// Stream 0 is never used: servers put errors there that belong to no request. A request that is given up leaves its
/// stream id occupied until the response comes (an orphan).
/// </remarks>
internal sealed class Connection : IFrameHandler, IThreadPoolWorkItem, IDisposable
{
    private const int ReceiveBuffer = 64 * 1024;

    private readonly Lock _gate = new();
    private readonly Transport _transport;
    private readonly ConnectionSettings _settings;
    private readonly FrameDecoder _decoder;
    private readonly Request?[] _slots;
    private readonly short[] _free;
    private readonly Queue<Request> _parked = new();
    private FrameWriter _filling = new(16 * 1024);
    private FrameWriter _sending = new(16 * 1024);
    private int _freeCount;
    private int _inFlight;
    private bool _flushing;
    private bool _beating;
    private long _lastReceived;
    private Exception? _closed;

    public Connection(Transport transport, IPEndPoint endPoint, ProtocolVersion version, ConnectionSettings settings)
    {
        (_transport, EndPoint, Version, _settings) = (transport, endPoint, version, settings);
        _decoder = new FrameDecoder(settings.MaxFrameLength);
        _slots = new Request?[settings.MaxRequests + 1];
        _free = new short[settings.MaxRequests];
        for (var stream = settings.MaxRequests; stream > 0; stream--)
        {
            _free[_freeCount++] = (short)stream;
        }

        _lastReceived = settings.Sweeper.Now;
        settings.Sweeper.Add(this);
    }

    public IPEndPoint EndPoint { get; }

    public ProtocolVersion Version { get; }

    public ConnectionSettings Settings => _settings;

    public bool IsOpen => Volatile.Read(ref _closed) is null;

    /// <summary>Requests without response, orphans and waiting ones included.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Told of every event, on the reader; set before REGISTER is sent.</summary>
    public Action<EventMessage>? OnEvent { get; set; }

    /// <summary>Told once when the connection has ended, with the cause.</summary>
    public Action<Connection, Exception>? OnClosed { get; set; }

    /// <summary>Begins to receive.</summary>
    public void Start()
    {
        if (_settings.Sweeper.Connections > ConnectionSettings.MaxReaderThreads)
        {
            _ = Task.Run(ReadAsync);
            return;
        }

        new Thread(static self => ((Connection)self!).Read(), 256 * 1024) { IsBackground = true, Name = $"cql {EndPoint}" }
            .UnsafeStart(this);
    }

    /// <summary>
    /// Accepts the request, or does not: it is closed, or too much waits already. Never blocks; what the request's
    /// encoding throws comes out of here, and then it is not accepted.
    /// </summary>
    public bool TrySend(Request request, TimeSpan timeout)
    {
        var mustFlush = false;
        lock (_gate)
        {
            if (_closed is not null)
            {
                return false;
            }

            request.Deadline = _settings.Sweeper.Now + (long)timeout.TotalMilliseconds;
            if (_freeCount > 0 && _filling.Count < _settings.SendBudget)
            {
                mustFlush = Encode(request);
            }
            else if (_parked.Count < _settings.MaxRequests)
            {
                _parked.Enqueue(request);
            }
            else
            {
                return false;
            }

            _inFlight++;
        }

        if (mustFlush)
        {
            ScheduleFlush();
        }

        return true;
    }

    /// <summary>A request of the driver's own.</summary>
    public Task<Response> RequestAsync(Opcode opcode, TimeSpan timeout, Action<FrameWriter>? body = null)
    {
        var request = new TaskRequest(opcode, body);
        return TrySend(request, timeout)
            ? request.Task
            : Task.FromException<Response>(Errors.Of(RequestFailure.NotWritten, EndPoint, _closed));
    }

    /// <summary>Leaves the request's stream to its response; false where it has been answered already.</summary>
    public bool TryAbandon(Request request)
    {
        lock (_gate)
        {
            var stream = Array.IndexOf(_slots, request);
            if (stream < 0)
            {
                return false;
            }

            Orphanize(stream);
            return true;
        }
    }

    /// <summary>Called by the sweeper: what is past its deadline fails, an idle connection is probed.</summary>
    public void Sweep(long now)
    {
        List<(Request, RequestFailure)>? late = null;
        var (stale, isIdle) = (0, false);
        lock (_gate)
        {
            if (_closed is not null)
            {
                return;
            }

            for (var stream = 1; _inFlight > 0 && stream < _slots.Length; stream++)
            {
                var request = _slots[stream];
                if (request is Orphan orphan)
                {
                    stale += now - orphan.Since > ConnectionSettings.OrphanPatience ? 1 : 0;
                }
                else if (request is not null && request.Deadline <= now)
                {
                    (late ??= []).Add((request, RequestFailure.TimedOut));
                    Orphanize(stream);
                }
            }

            for (var count = _parked.Count; count > 0; count--)
            {
                var request = _parked.Dequeue();
                if (request.Deadline > now)
                {
                    _parked.Enqueue(request);
                    continue;
                }

                (late ??= []).Add((request, RequestFailure.TimedOutUnwritten));
                _inFlight--;
            }

            isIdle = !_beating && now - _lastReceived > _settings.HeartbeatInterval.TotalMilliseconds;
            _beating |= isIdle;
        }

        foreach (var (request, failure) in late ?? [])
        {
            request.OnFailure(this, failure, null);
        }

        if (stale > ConnectionSettings.MaxStaleOrphans)
        {
            Close(new ConnectionException(EndPoint, $"{stale} requests were given up and never answered"));
        }
        else if (isIdle)
        {
            _ = BeatAsync();
        }
    }

    /// <summary>Ends the connection; every request on it fails. Harmless when it has ended.</summary>
    public void Close(Exception cause)
    {
        List<Request> written;
        Request[] unwritten;
        lock (_gate)
        {
            if (_closed is not null)
            {
                return;
            }

            Volatile.Write(ref _closed, cause);
            written = [.. _slots.Where(request => request is not null and not Orphan).Select(request => request!)];
            unwritten = [.. _parked];
            Array.Clear(_slots);
            _parked.Clear();
            (_inFlight, _freeCount) = (0, 0);
        }

        _settings.Sweeper.Remove(this);
        _transport.Dispose();
        foreach (var request in written)
        {
            request.OnFailure(this, RequestFailure.Broken, cause);
        }

        foreach (var request in unwritten)
        {
            request.OnFailure(this, RequestFailure.NotWritten, cause);
        }

        OnClosed?.Invoke(this, cause);
    }

    public void Dispose() => Close(new ObjectDisposedException(nameof(Connection)));

    public void OnFrame(in FrameHeader header, ReadOnlySpan<byte> body)
    {
        if (header.Version != Version && header.Opcode != Opcode.Error)
        {
            throw new ProtocolException($"a response in {header.Version} to a request in {Version}");
        }

        if (header.Stream <= 0)
        {
            OnUnasked(header, body);
            return;
        }

        Request? request;
        var mustFlush = false;
        lock (_gate)
        {
            request = header.Stream < _slots.Length ? _slots[header.Stream] : null;
            if (request is null)
            {
                if (_closed is not null)
                {
                    return;
                }

                throw new ProtocolException($"a response on stream {header.Stream}, where nothing was asked");
            }

            _slots[header.Stream] = null;
            _free[_freeCount++] = header.Stream;
            _inFlight--;
            while (_parked.Count > 0 && _freeCount > 0 && _filling.Count < _settings.SendBudget)
            {
                mustFlush |= Encode(_parked.Dequeue());
            }
        }

        if (mustFlush)
        {
            ScheduleFlush();
        }

        try
        {
            request.OnResponse(this, header, body);
        }
        catch (ProtocolException exception)
        {
            request.OnFailure(this, RequestFailure.Broken, exception);
            throw;
        }
    }

    void IThreadPoolWorkItem.Execute() => Flush();

    /// <summary>Sends all that is encoded. One at a time: whoever set the flag.</summary>
    public void Flush()
    {
        try
        {
            while (TrySwap())
            {
                var bytes = _sending.Written;
                var sent = _transport.TrySend(bytes);
                if (sent < bytes.Length)
                {
                    _ = FlushSlowlyAsync(sent);
                    return;
                }

                _sending.Clear();
            }
        }
        catch (Exception exception) when (IsOfTransport(exception))
        {
            Close(new ConnectionException(EndPoint, exception.Message, exception));
        }
    }

    private async Task FlushSlowlyAsync(int sent)
    {
        try
        {
            do
            {
                await _transport.SendAsync(_sending.WrittenMemory[sent..]).ConfigureAwait(false);
                _sending.Clear();
                sent = 0;
            }
            while (TrySwap());
        }
        catch (Exception exception) when (IsOfTransport(exception))
        {
            Close(new ConnectionException(EndPoint, exception.Message, exception));
        }
    }

    private bool TrySwap()
    {
        lock (_gate)
        {
            if (_filling.Count == 0 || _closed is not null)
            {
                _flushing = false;
                return false;
            }

            (_filling, _sending) = (_sending, _filling);
        }

        CqlMetrics.Sends.Add(1);
        return true;
    }

    /// <summary>Under the lock. Whether a flush has to be scheduled.</summary>
    private bool Encode(Request request)
    {
        var stream = _free[--_freeCount];
        var start = _filling.Count;
        try
        {
            request.Write(_filling, Version, stream);
        }
        catch
        {
            _filling.Truncate(start);
            _free[_freeCount++] = stream;
            throw;
        }

        _slots[stream] = request;
        var mustFlush = !_flushing;
        _flushing = true;
        return mustFlush;
    }

    /// <summary>Under the lock.</summary>
    private void Orphanize(int stream) => _slots[stream] = new Orphan(_settings.Sweeper.Now);

    private void ScheduleFlush()
    {
        if (!ReaderTurn.TryDefer(this))
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    private void OnUnasked(in FrameHeader header, ReadOnlySpan<byte> body)
    {
        var reader = new FrameReader(body);
        BodyPrelude.Read(header, ref reader);
        switch (header.Opcode)
        {
            case Opcode.Event when header.Stream < 0:
                OnEvent?.Invoke(EventMessage.Read(ref reader));
                break;
            case Opcode.Error:
                Close(Errors.Of(ErrorMessage.Read(ref reader), EndPoint));
                break;
            default:
                throw new ProtocolException($"{header.Opcode} on stream {header.Stream}");
        }
    }

    private void Read()
    {
        var buffer = GC.AllocateUninitializedArray<byte>(ReceiveBuffer);
        try
        {
            while (IsOpen)
            {
                var received = _transport.Receive(buffer);
                if (!Take(buffer.AsSpan(0, received)))
                {
                    return;
                }
            }
        }
        catch (Exception exception)
        {
            Close(exception);
        }
        finally
        {
            _decoder.Dispose();
        }
    }

    private async Task ReadAsync()
    {
        var buffer = GC.AllocateUninitializedArray<byte>(ReceiveBuffer);
        try
        {
            while (IsOpen)
            {
                var received = await _transport.ReceiveAsync(buffer).ConfigureAwait(false);
                if (!Take(buffer.AsSpan(0, received)))
                {
                    return;
                }
            }
        }
        catch (Exception exception)
        {
            Close(exception);
        }
        finally
        {
            _decoder.Dispose();
        }
    }

    /// <summary>Deals with what was received, then sends what that has led to.</summary>
    private bool Take(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            Close(new ConnectionException(EndPoint, "the server closed the connection"));
            return false;
        }

        _lastReceived = _settings.Sweeper.Now;
        ReaderTurn.Begin();
        try
        {
            _decoder.Decode(bytes, this);
        }
        finally
        {
            ReaderTurn.End();
        }

        return true;
    }

    private async Task BeatAsync()
    {
        try
        {
            await RequestAsync(Opcode.Options, ConnectionSettings.HeartbeatTimeout).ConfigureAwait(false);
            _beating = false;
        }
        catch (DriverException exception)
        {
            Close(new ConnectionException(EndPoint, "the server does not answer", exception));
        }
    }

    private static bool IsOfTransport(Exception exception) =>
        exception is System.Net.Sockets.SocketException or IOException or ObjectDisposedException or InvalidOperationException;

    /// <summary>Stands for a request that was given up, until its response comes.</summary>
    private sealed class Orphan(long since) : Request
    {
        public long Since => since;

        public override void Write(FrameWriter writer, ProtocolVersion version, short stream) =>
            throw new InvalidOperationException();

        public override void OnResponse(Connection connection, in FrameHeader header, ReadOnlySpan<byte> body)
        {
        }

        public override void OnFailure(Connection connection, RequestFailure failure, Exception? cause)
        {
        }
    }
}
