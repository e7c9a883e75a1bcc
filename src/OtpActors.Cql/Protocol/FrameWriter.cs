using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace OtpActors.Cql.Protocol;

/// <summary>
/// Writes notations (native protocol v4 §3) one after another into a buffer that grows from the shared pool. Not for
/// two threads at a time.
/// </summary>
internal sealed class FrameWriter(int capacity = 256) : IDisposable
{
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(capacity);
    private int _count;

    public int Count => _count;

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _count);

    public ReadOnlyMemory<byte> WrittenMemory => _buffer.AsMemory(0, _count);

    public void Clear() => _count = 0;

    /// <summary>Takes back what was written after <paramref name="count"/>.</summary>
    public void Truncate(int count) => _count = count;

    /// <summary>Room for <paramref name="size"/> more bytes, counted as written.</summary>
    public Span<byte> Advance(int size)
    {
        if (_buffer.Length - _count < size)
        {
            Grow(size);
        }

        var span = _buffer.AsSpan(_count, size);
        _count += size;
        return span;
    }

    public void WriteByte(byte value) => Advance(1)[0] = value;

    public void WriteShort(int value) => BinaryPrimitives.WriteUInt16BigEndian(Advance(2), checked((ushort)value));

    public void WriteInt(int value) => BinaryPrimitives.WriteInt32BigEndian(Advance(4), value);

    public void WriteLong(long value) => BinaryPrimitives.WriteInt64BigEndian(Advance(8), value);

    public void WriteRaw(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Advance(bytes.Length));

    public void WriteUuid(Guid value) => value.TryWriteBytes(Advance(16), bigEndian: true, out _);

    /// <summary>The characters without a length.</summary>
    public void WriteText(ReadOnlySpan<char> text)
    {
        var most = Encoding.UTF8.GetMaxByteCount(text.Length);
        if (_buffer.Length - _count < most)
        {
            Grow(most);
        }

        _count += Encoding.UTF8.GetBytes(text, _buffer.AsSpan(_count));
    }

    /// <summary>[string]: at most 65535 bytes.</summary>
    public void WriteString(string text)
    {
        var start = _count;
        WriteShort(0);
        WriteText(text);
        BinaryPrimitives.WriteUInt16BigEndian(_buffer.AsSpan(start), checked((ushort)(_count - start - 2)));
    }

    /// <summary>[long string].</summary>
    public void WriteLongString(string text)
    {
        var start = BeginBytes();
        WriteText(text);
        EndBytes(start);
    }

    public void WriteShortBytes(ReadOnlySpan<byte> bytes)
    {
        WriteShort(bytes.Length);
        WriteRaw(bytes);
    }

    public void WriteBytes(ReadOnlySpan<byte> bytes)
    {
        WriteInt(bytes.Length);
        WriteRaw(bytes);
    }

    /// <summary>Begins a [bytes] whose length is known at <see cref="EndBytes"/>.</summary>
    public int BeginBytes()
    {
        Advance(4);
        return _count;
    }

    public void EndBytes(int start) =>
        BinaryPrimitives.WriteInt32BigEndian(_buffer.AsSpan(start - 4), _count - start);

    /// <summary>Writes a request's header (§2) with a length to be set by <see cref="EndFrame"/>; the answer goes there.</summary>
    public int BeginFrame(ProtocolVersion version, Opcode opcode, short stream)
    {
        var header = Advance(FrameHeader.Size);
        header[0] = (byte)version;
        header[1] = 0;
        BinaryPrimitives.WriteInt16BigEndian(header[2..], stream);
        header[4] = (byte)opcode;
        header[5..].Clear();
        return _count;
    }

    public void EndFrame(int start) => EndBytes(start);

    public void Dispose()
    {
        var buffer = _buffer;
        (_buffer, _count) = ([], 0);
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Grow(int size)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(checked(_count + size), Math.Max(256, _buffer.Length * 2)));
        _buffer.AsSpan(0, _count).CopyTo(larger);
        var old = _buffer;
        _buffer = larger;
        if (old.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(old);
        }
    }
}
