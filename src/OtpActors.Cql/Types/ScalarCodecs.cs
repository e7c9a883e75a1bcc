using System.Buffers.Binary;
using System.Net;
using OtpActors.Cql.Protocol;

namespace OtpActors.Cql.Types;

internal sealed class TextCodec : Codec<string>
{
    public override bool Accepts(CqlType type) => type.Code is CqlTypeCode.Text or CqlTypeCode.Ascii;

    public override void Encode(string value, CqlType type, FrameWriter writer) => writer.WriteText(value);

    public override string Decode(ReadOnlySpan<byte> bytes, CqlType type) => FrameReader.Text(bytes);
}

/// <summary>A value of fixed size.</summary>
internal abstract class FixedCodec<T>(int size, params CqlTypeCode[] codes) : Codec<T>
{
    public override bool Accepts(CqlType type) => codes.AsSpan().Contains(type.Code);

    public override void Encode(T value, CqlType type, FrameWriter writer) => Write(writer.Advance(size), value);

    public override T Decode(ReadOnlySpan<byte> bytes, CqlType type) => bytes.Length == size
        ? Read(bytes)
        : throw new ProtocolException($"a {type} of {bytes.Length} bytes");

    protected abstract void Write(Span<byte> bytes, T value);

    protected abstract T Read(ReadOnlySpan<byte> bytes);
}

internal sealed class IntCodec() : FixedCodec<int>(4, CqlTypeCode.Int)
{
    protected override void Write(Span<byte> bytes, int value) => BinaryPrimitives.WriteInt32BigEndian(bytes, value);

    protected override int Read(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadInt32BigEndian(bytes);
}

internal sealed class BigintCodec() : FixedCodec<long>(8, CqlTypeCode.Bigint, CqlTypeCode.Counter)
{
    protected override void Write(Span<byte> bytes, long value) => BinaryPrimitives.WriteInt64BigEndian(bytes, value);

    protected override long Read(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadInt64BigEndian(bytes);
}

internal sealed class BooleanCodec() : FixedCodec<bool>(1, CqlTypeCode.Boolean)
{
    protected override void Write(Span<byte> bytes, bool value) => bytes[0] = value ? (byte)1 : (byte)0;

    protected override bool Read(ReadOnlySpan<byte> bytes) => bytes[0] != 0;
}

internal sealed class DoubleCodec() : FixedCodec<double>(8, CqlTypeCode.Double)
{
    protected override void Write(Span<byte> bytes, double value) => BinaryPrimitives.WriteDoubleBigEndian(bytes, value);

    protected override double Read(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadDoubleBigEndian(bytes);
}

internal sealed class UuidCodec() : FixedCodec<Guid>(16, CqlTypeCode.Uuid, CqlTypeCode.Timeuuid)
{
    protected override void Write(Span<byte> bytes, Guid value) => value.TryWriteBytes(bytes, bigEndian: true, out _);

    protected override Guid Read(ReadOnlySpan<byte> bytes) => new(bytes, bigEndian: true);
}

/// <summary>Milliseconds since 1970, UTC; what is finer is cut off.</summary>
internal sealed class TimestampCodec() : FixedCodec<DateTimeOffset>(8, CqlTypeCode.Timestamp)
{
    private static readonly long Least = DateTimeOffset.MinValue.ToUnixTimeMilliseconds();
    private static readonly long Most = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    protected override void Write(Span<byte> bytes, DateTimeOffset value) =>
        BinaryPrimitives.WriteInt64BigEndian(bytes, value.ToUnixTimeMilliseconds());

    protected override DateTimeOffset Read(ReadOnlySpan<byte> bytes)
    {
        var milliseconds = BinaryPrimitives.ReadInt64BigEndian(bytes);
        return milliseconds >= Least && milliseconds <= Most
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : throw new OverflowException($"the timestamp {milliseconds} ms is beyond what DateTimeOffset holds: read it as bytes");
    }
}

internal sealed class InetCodec : Codec<IPAddress>
{
    public override bool Accepts(CqlType type) => type.Code == CqlTypeCode.Inet;

    public override void Encode(IPAddress value, CqlType type, FrameWriter writer) => writer.WriteRaw(value.GetAddressBytes());

    public override IPAddress Decode(ReadOnlySpan<byte> bytes, CqlType type) => FrameReader.Address(bytes);
}

/// <summary>The bytes of any type, as they are.</summary>
internal sealed class BlobCodec : Codec<byte[]>
{
    public override bool Accepts(CqlType type) => true;

    public override void Encode(byte[] value, CqlType type, FrameWriter writer) => writer.WriteRaw(value);

    public override byte[] Decode(ReadOnlySpan<byte> bytes, CqlType type) => bytes.ToArray();
}

internal sealed class NullableCodec<T> : Codec<T?> where T : struct
{
    public override bool Accepts(CqlType type) => Codec<T>.Instance!.Accepts(type);

    public override void Encode(T? value, CqlType type, FrameWriter writer) =>
        Codec<T>.Instance!.Encode(value!.Value, type, writer);

    public override T? Decode(ReadOnlySpan<byte> bytes, CqlType type) => Codec<T>.Instance!.Decode(bytes, type);
}
