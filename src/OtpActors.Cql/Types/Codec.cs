using OtpActors.Cql.Protocol;

namespace OtpActors.Cql.Types;

/// <summary>How values of one .NET type are written and read. Native protocol v4 §6.</summary>
internal abstract class Codec
{
    /// <summary>The .NET type's name in messages.</summary>
    public abstract string ClrName { get; }

    public abstract bool Accepts(CqlType type);

    public abstract void EncodeObject(object value, CqlType type, FrameWriter writer);

    public static InvalidCastException Mismatch(string column, CqlType type, string clrName) =>
        new($"{column} is of type {type}, which is not read or written as {clrName}");
}

internal abstract class Codec<T> : Codec
{
    /// <summary>The codec of this type, null where the type has none.</summary>
    public static readonly Codec<T>? Instance = (Codec<T>?)Codecs.Create(typeof(T));

    public override string ClrName => typeof(T).Name;

    public abstract void Encode(T value, CqlType type, FrameWriter writer);

    /// <exception cref="ProtocolException">The bytes are not of the type.</exception>
    public abstract T Decode(ReadOnlySpan<byte> bytes, CqlType type);

    public override void EncodeObject(object value, CqlType type, FrameWriter writer) => Encode((T)value, type, writer);

    /// <exception cref="InvalidCastException">No codec reads and writes the column's type.</exception>
    public static Codec<T> For(string column, CqlType type) =>
        Instance is { } codec && codec.Accepts(type) ? codec : throw Mismatch(column, type, typeof(T).Name);
}
