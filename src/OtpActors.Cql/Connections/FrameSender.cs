using OtpActors.Cql.Protocol;

namespace OtpActors.Cql.Connections;

/// <summary>
/// What a connection has to send: frames are encoded into one buffer under the connection's lock while the other is
/// being sent, many at a time. What arises on a reader thread goes when that has dealt with all it received, the rest
/// by one work item of the pool.
/// </summary>
internal sealed class FrameSender(Lock gate, Transport transport, Action<Exception> failed) : IThreadPoolWorkItem
{
    private FrameWriter _filling = new(16 * 1024);
    private FrameWriter _sending = new(16 * 1024);
    private bool _flushing;
    private bool _isClosed;

    /// <summary>Bytes that are not being sent yet. Under the lock.</summary>
    public int Waiting => _filling.Count;

    /// <summary>
    /// Encodes a frame, under the lock; what its encoding throws comes out of here, and nothing of it is sent. Whether
    /// <see cref="Schedule"/> has to follow, outside of the lock.
    /// </summary>
    public bool Encode(Request request, ProtocolVersion version, short stream)
    {
        var start = _filling.Count;
        try
        {
            request.Write(_filling, version, stream);
        }
        catch
        {
            _filling.Truncate(start);
            throw;
        }

        var mustFlush = !_flushing;
        _flushing = true;
        return mustFlush;
    }

    public void Schedule()
    {
        if (!ReaderTurn.TryDefer(this))
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
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
                var sent = transport.TrySend(bytes);
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
            failed(exception);
        }
    }

    /// <summary>Under the lock: nothing is sent from now on.</summary>
    public void Close() => _isClosed = true;

    private async Task FlushSlowlyAsync(int sent)
    {
        try
        {
            do
            {
                await transport.SendAsync(_sending.WrittenMemory[sent..]).ConfigureAwait(false);
                _sending.Clear();
                sent = 0;
            }
            while (TrySwap());
        }
        catch (Exception exception) when (IsOfTransport(exception))
        {
            failed(exception);
        }
    }

    private bool TrySwap()
    {
        lock (gate)
        {
            if (_filling.Count == 0 || _isClosed)
            {
                _flushing = false;
                return false;
            }

            (_filling, _sending) = (_sending, _filling);
        }

        CqlMetrics.Sends.Add(1);
        return true;
    }

    private static bool IsOfTransport(Exception exception) =>
        exception is System.Net.Sockets.SocketException or IOException or ObjectDisposedException or InvalidOperationException;
}
