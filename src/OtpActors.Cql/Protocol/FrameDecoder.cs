using System.Buffers;

namespace OtpActors.Cql.Protocol;

/// <summary>What takes the frames of a connection; the body is valid during the call.</summary>
internal interface IFrameHandler
{
    void OnFrame(in FrameHeader header, ReadOnlySpan<byte> body);
}

/// <summary>
/// Cuts a stream of bytes into frames, however the bytes are delivered. A frame that came whole is handed over where
/// it lies; one in pieces is gathered in a buffer that grows with what has arrived, never beyond the declared length.
/// </summary>
internal sealed class FrameDecoder(int maxBodyLength) : IDisposable
{
    private const int FirstCapacity = 16 * 1024;

    private readonly byte[] _header = new byte[FrameHeader.Size];
    private int _headerCount;
    private FrameHeader _current;
    private byte[] _body = [];
    private int _bodyCount;

    /// <exception cref="ProtocolException">The bytes are no frames; the decoder is of no use any more.</exception>
    public void Decode(ReadOnlySpan<byte> bytes, IFrameHandler handler)
    {
        while (!bytes.IsEmpty)
        {
            if (_headerCount < FrameHeader.Size)
            {
                var taken = Math.Min(FrameHeader.Size - _headerCount, bytes.Length);
                bytes[..taken].CopyTo(_header.AsSpan(_headerCount));
                bytes = bytes[taken..];
                _headerCount += taken;
                if (_headerCount < FrameHeader.Size)
                {
                    return;
                }

                _current = FrameHeader.ReadResponse(_header, maxBodyLength);
            }

            if (_bodyCount == 0 && bytes.Length >= _current.Length)
            {
                var body = bytes[.._current.Length];
                bytes = bytes[_current.Length..];
                _headerCount = 0;
                handler.OnFrame(_current, body);
            }
            else
            {
                bytes = bytes[Gather(bytes)..];
                if (!BodyIsComplete)
                {
                    return;
                }

                (_headerCount, _bodyCount) = (0, 0);
                handler.OnFrame(_current, _body.AsSpan(0, _current.Length));
                Release();
            }
        }
    }

    public void Dispose() => Release();

    private bool BodyIsComplete => _headerCount == FrameHeader.Size && _bodyCount == _current.Length;

    private int Gather(ReadOnlySpan<byte> bytes)
    {
        var taken = Math.Min(_current.Length - _bodyCount, bytes.Length);
        if (_body.Length < _bodyCount + taken)
        {
            var wanted = Math.Max(_bodyCount + taken, Math.Max(FirstCapacity, _body.Length * 2L));
            var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(_current.Length, wanted));
            _body.AsSpan(0, _bodyCount).CopyTo(larger);
            ReturnBody();
            _body = larger;
        }

        bytes[..taken].CopyTo(_body.AsSpan(_bodyCount));
        _bodyCount += taken;
        return taken;
    }

    private void Release()
    {
        ReturnBody();
        _body = [];
        _bodyCount = 0;
    }

    private void ReturnBody()
    {
        if (_body.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_body);
        }
    }
}
