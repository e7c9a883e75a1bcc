using System.Buffers.Binary;

namespace OtpActors.Cql.Protocol;

/// <summary>Native protocol v4 §2.2.</summary>
[Flags]
internal enum FrameFlags : byte
{
    None = 0,
    Compression = 0x01,
    Tracing = 0x02,
    CustomPayload = 0x04,
    Warning = 0x08,
}

/// <summary>
/// The nine bytes before every body. Native protocol v4 §2: version, flags, stream (signed), opcode, length.
/// </summary>
internal readonly record struct FrameHeader(
    ProtocolVersion Version, FrameFlags Flags, short Stream, Opcode Opcode, int Length)
{
    public const int Size = 9;

    private const byte ResponseBit = 0x80;

    /// <summary>Reads a response's header; <paramref name="bytes"/> holds at least <see cref="Size"/>.</summary>
    /// <param name="maxLength">The longest body that is accepted, in bytes.</param>
    /// <exception cref="ProtocolException">It is not one.</exception>
    public static FrameHeader ReadResponse(ReadOnlySpan<byte> bytes, int maxLength)
    {
        var version = bytes[0];
        if (version is not (ResponseBit | 3) and not (ResponseBit | 4))
        {
            throw new ProtocolException($"0x{version:x2} is not the version byte of a v3 or v4 response");
        }

        var opcode = (Opcode)bytes[4];
        if (opcode is not (Opcode.Error or Opcode.Ready or Opcode.Authenticate or Opcode.Supported or Opcode.Result
            or Opcode.Event or Opcode.AuthChallenge or Opcode.AuthSuccess))
        {
            throw new ProtocolException($"0x{bytes[4]:x2} is not the opcode of a response");
        }

        var length = BinaryPrimitives.ReadInt32BigEndian(bytes[5..]);
        if (length < 0 || length > maxLength)
        {
            throw new ProtocolException($"a body of {length} bytes is not accepted, at most {maxLength} are");
        }

        var flags = (FrameFlags)bytes[1];
        if ((flags & FrameFlags.Compression) != 0)
        {
            throw new ProtocolException("a compressed frame, where no compression was agreed on");
        }

        return new FrameHeader(
            (ProtocolVersion)(version & ~ResponseBit), flags, BinaryPrimitives.ReadInt16BigEndian(bytes[2..]), opcode, length);
    }
}
