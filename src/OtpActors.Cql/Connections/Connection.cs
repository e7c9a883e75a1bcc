using System.Net;
using OtpActors.Cql.Protocol;
using OtpActors.Cql.Protocol.Responses;

namespace OtpActors.Cql.Connections;

/// <summary>
/// One pipelined connection: any number of threads send requests, each of which has a stream id until its response
/// comes or the connection ends. Where all ids are taken, or too much waits to be sent, requests wait in line.
/// </summary>
internal sealed class Connection : IFrameHandler, IDisposable
{
    private readonly Lock _gate = new();
    private readonly Transport _transport;
    private readonly ConnectionSettings _settings;
    private readonly StreamTable _streams;
    private readonly Queue<Request> _parked = new();
    private readonly FrameSender _sender;
    private readonly FrameReceiver _receiver;
    private int _inFlight;
    private bool _beating;
    private long _lastReceived;
    private Exception? _closed;

    public Connection(Transport transport, IPEndPoint endPoint, ProtocolVersion version, ConnectionSettings settings)
    {
        (_transport, EndPoint, Version, _settings) = (transport, endPoint, version, settings);
        _streams = new StreamTable(settings.MaxRequests);
        _sender = new FrameSender(_gate, transport, OnTransportFailed);
        _receiver = new FrameReceiver(transport, new FrameDecoder(settings.MaxFrameLength), this, OnTransportFailed);
        _lastReceived = settings.Sweeper.Now;
        CqlMetrics.Connections.Add(1);
        settings.Sweeper.Add(this);
    }

    public IPEndPoint EndPoint { get; }

    public ProtocolVersion Version { get; }

    public ConnectionSettings Settings => _settings;

    public bool IsOpen => Volatile.Read(ref _closed) is null;

    /// <summary>Requests without response, orphans and waiting ones included.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Receives every event, on the reader; set before REGISTER is sent.</summary>
    public Action<EventMessage>? OnEvent { get; set; }

    /// <summary>Told once when the connection has ended, with the cause.</summary>
    public Action<Connection, Exception>? OnClosed { get; set; }

    /// <summary>Begins to receive.</summary>
    public void Start() =>
        _receiver.Start(EndPoint, onOwnThread: _settings.Sweeper.Connections <= _settings.MaxReaderThreads);

    /// <summary>
    /// Accepts the request, or does not: it is closed, or too much waits already. Never blocks; what the request's
    /// encoding throws comes out of here, and then it is not accepted.
    /// </summary>
    public bool TrySend(Request request, TimeSpan timeout)
    {
        var mustFlush = false;
        request.Deadline = _settings.Sweeper.Now + (long)timeout.TotalMilliseconds;
        lock (_gate)
        {
            if (_closed is not null)
            {
                return false;
            }

            if (CanEncode)
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
            _sender.Schedule();
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
            return _streams.TryOrphan(request, _settings.Sweeper.Now);
        }
    }

    /// <summary>Called by the sweeper: what is past its deadline fails, an idle connection is probed.</summary>
    public void Sweep(long now)
    {
        List<Request>? written = null;
        List<Request>? unwritten = null;
        var (stale, isIdle) = (0, false);
        lock (_gate)
        {
            if (_closed is not null)
            {
                return;
            }

            stale = _inFlight > 0 ? _streams.TrackOrphan(now, ConnectionSettings.OrphanPatience, ref written) : 0;
            for (var count = _parked.Count; count > 0; count--)
            {
                var request = _parked.Dequeue();
                if (request.Deadline > now)
                {
                    _parked.Enqueue(request);
                    continue;
                }

                (unwritten ??= []).Add(request);
                _inFlight--;
            }

            if (_receiver.HasReceived)
            {
                (_receiver.HasReceived, _lastReceived) = (false, now);
            }

            isIdle = !_beating && now - _lastReceived > _settings.HeartbeatInterval.TotalMilliseconds;
            _beating |= isIdle;
        }

        Fail(written, RequestFailure.TimedOut, null);
        Fail(unwritten, RequestFailure.TimedOutUnwritten, null);
        if (stale > _settings.MaxStaleOrphans)
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
            written = _streams.Close();
            unwritten = [.. _parked];
            _parked.Clear();
            _sender.Close();
            _inFlight = 0;
        }

        CqlMetrics.Connections.Add(-1);
        _settings.Sweeper.Remove(this);
        _transport.Dispose();
        Fail(written, RequestFailure.Broken, cause);
        Fail(unwritten, RequestFailure.NotWritten, cause);
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
        List<(Request Request, Exception Cause)>? bad = null;
        lock (_gate)
        {
            request = _streams.Release(header.Stream);
            if (request is null)
            {
                if (_closed is not null)
                {
                    return;
                }

                throw new ProtocolException($"a response on stream {header.Stream}, where nothing was asked");
            }

            _inFlight--;
            mustFlush = _parked.Count > 0 && EncodeParked(ref bad);
        }

        if (mustFlush)
        {
            _sender.Schedule();
        }

        bad?.ForEach(each => each.Request.OnFailure(this, RequestFailure.NotEncodable, each.Cause));

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

    /// <summary>Under the lock.</summary>
    private bool CanEncode => _streams.HasFree && _sender.Waiting < _settings.SendBudget;

    /// <summary>Under the lock. Whether a flush has to be scheduled.</summary>
    private bool Encode(Request request)
    {
        var stream = _streams.Take(request);
        try
        {
            return _sender.Encode(request, Version, stream);
        }
        catch
        {
            _streams.Release(stream);
            throw;
        }
    }

    private bool EncodeParked(ref List<(Request Request, Exception Cause)>? bad)
    {
        var mustFlush = false;
        while (_parked.Count > 0 && CanEncode)
        {
            var request = _parked.Dequeue();
            try
            {
                mustFlush |= Encode(request);
            }
            catch (Exception exception)
            {
                _inFlight--;
                (bad ??= []).Add((request, exception));
            }
        }

        return mustFlush;
    }

    private void Fail(IReadOnlyCollection<Request>? requests, RequestFailure failure, Exception? cause)
    {
        foreach (var request in requests ?? [])
        {
            request.OnFailure(this, failure, cause);
        }
    }

    private void OnTransportFailed(Exception exception) => Close(
        exception is DriverException ? exception : new ConnectionException(EndPoint, exception.Message, exception));

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
}
