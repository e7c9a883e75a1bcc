using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace OtpActors.Cql.Protocol;

/// <summary>
/// Reads a body's notations (native protocol v4 §3). Every length is checked against the end; what is wrong is a
/// <see cref="ProtocolException"/>, whatever the bytes are.
/// </summary>
internal ref struct FrameReader(ReadOnlySpan<byte> body)
{
    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    private readonly ReadOnlySpan<byte> _body = body;
    private int _position;

    public readonly int Position => _position;

    public readonly int Remaining => _body.Length - _position;

    public byte ReadByte() => Take(1)[0];

    /// <summary>[short], unsigned.</summary>
    public ushort ReadShort() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    public int ReadInt() => BinaryPrimitives.ReadInt32BigEndian(Take(4));

    public Guid ReadUuid() => new(Take(16), bigEndian: true);

    public string ReadString() => Text(Take(ReadShort()));

    /// <summary>[short bytes].</summary>
    public ReadOnlySpan<byte> ReadShortBytes() => Take(ReadShort());

    /// <summary>[bytes]; <paramref name="isNull"/> for a negative length.</summary>
    public ReadOnlySpan<byte> ReadBytes(out bool isNull)
    {
        var length = ReadInt();
        isNull = length < 0;
        return isNull ? default : Take(length);
    }

    public IPEndPoint ReadInet()
    {
        var address = Address(Take(ReadByte()));
        var port = ReadInt();
        return port is >= 0 and <= 65535
            ? new IPEndPoint(address, port)
            : throw new ProtocolException($"{port} is not a port");
    }

    public List<string> ReadStringList()
    {
        var count = ReadCount(ReadShort(), 2);
        var list = new List<string>(count);
        for (var i = 0; i < count; i++)
        {
            list.Add(ReadString());
        }

        return list;
    }

    public Dictionary<string, List<string>> ReadStringMultimap()
    {
        var count = ReadCount(ReadShort(), 4);
        var map = new Dictionary<string, List<string>>(count);
        for (var i = 0; i < count; i++)
        {
            var key = ReadString();
            map[key] = ReadStringList();
        }

        return map;
    }

    /// <summary>[bytes map], of which nothing is used.</summary>
    public void SkipBytesMap()
    {
        for (var count = ReadShort(); count > 0; count--)
        {
            ReadShortBytes();
            ReadBytes(out _);
        }
    }

    /// <summary>Checks a number of elements before anything is allocated for them.</summary>
    public readonly int ReadCount(int count, int leastBytesEach) =>
        count >= 0 && (long)count * leastBytesEach <= Remaining
            ? count
            : throw new ProtocolException($"{count} elements do not fit into {Remaining} bytes");

    public readonly ReadOnlySpan<byte> Since(int start) => _body[start.._position];

    /// <summary>Passes over these bytes if they are what comes next.</summary>
    public bool TrySkip(ReadOnlySpan<byte> expected)
    {
        if (!_body[_position..].StartsWith(expected))
        {
            return false;
        }

        _position += expected.Length;
        return true;
    }

    /// <summary>The address in an [inet] or in a value of type inet.</summary>
    public static IPAddress Address(ReadOnlySpan<byte> bytes) => bytes.Length is 4 or 16
        ? new IPAddress(bytes)
        : throw new ProtocolException($"an address of {bytes.Length} bytes");

    public static string Text(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Utf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw new ProtocolException("a text that is not UTF-8");
        }
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if ((uint)count > (uint)Remaining)
        {
            throw new ProtocolException($"{count} bytes are announced where {Remaining} are left");
        }

        var taken = _body.Slice(_position, count);
        _position += count;
        return taken;
    }
}
