using OtpActors.Cql.Protocol;

namespace OtpActors.Cql.Connections;

/// <summary>
/// Which request has which stream id. Stream 0 is never given out: servers put errors there that belong to no request.
/// A request that is given up leaves its id occupied until the response comes (an orphan). Not thread-safe: under its
/// connection's lock.
/// </summary>
internal sealed class StreamTable
{
    private readonly Request?[] _requests;
    private readonly short[] _free;
    private int _freeCount;

    public StreamTable(int maxRequests)
    {
        _requests = new Request?[maxRequests + 1];
        _free = new short[maxRequests];
        for (var stream = maxRequests; stream > 0; stream--)
        {
            _free[_freeCount++] = (short)stream;
        }
    }

    public bool HasFree => _freeCount > 0;

    /// <summary>Takes an id, the one that was given back last; there must be one.</summary>
    public short Take(Request request)
    {
        var stream = _free[--_freeCount];
        _requests[stream] = request;
        return stream;
    }

    /// <summary>Gives the id back, with the request that had it; null where none had.</summary>
    public Request? Release(short stream)
    {
        if (stream <= 0 || stream >= _requests.Length || _requests[stream] is not { } request)
        {
            return null;
        }

        _requests[stream] = null;
        _free[_freeCount++] = stream;
        return request;
    }

    /// <summary>Makes the request an orphan; false where it has no id.</summary>
    public bool TryOrphan(Request request, long now)
    {
        var stream = Array.IndexOf(_requests, request);
        if (stream < 0)
        {
            return false;
        }

        _requests[stream] = new Orphan(now);
        return true;
    }

    /// <summary>
    /// Makes orphans of what is past its deadline and adds it to <paramref name="late"/>; tells how many orphans have waited
    /// longer than <paramref name="patience"/>.
    /// </summary>
    public int TrackOrphan(long now, long patience, ref List<Request>? late)
    {
        var stale = 0;
        for (var stream = 1; stream < _requests.Length; stream++)
        {
            var request = _requests[stream];
            if (request is Orphan orphan)
            {
                stale += now - orphan.Since > patience ? 1 : 0;
            }
            else if (request is not null && request.Deadline <= now)
            {
                (late ??= []).Add(request);
                _requests[stream] = new Orphan(now);
            }
        }

        return stale;
    }

    /// <summary>Empties the table for good; what somebody still waits for.</summary>
    public List<Request> Close()
    {
        List<Request> waiting = [.. _requests.Where(request => request is not null and not Orphan).Select(request => request!)];
        Array.Clear(_requests);
        _freeCount = 0;
        return waiting;
    }

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
