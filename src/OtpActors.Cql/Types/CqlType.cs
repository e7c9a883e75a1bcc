using OtpActors.Cql.Protocol;

namespace OtpActors.Cql;

/// <summary>The type codes of native protocol v4 §4.2.5.2; others of the same shape are kept as their number.</summary>
public enum CqlTypeCode : ushort
{
    /// <summary>A type of the server's own, by class name.</summary>
    Custom = 0x0000,
    /// <summary><see cref="string"/>.</summary>
    Ascii = 0x0001,
    /// <summary><see cref="long"/>.</summary>
    Bigint = 0x0002,
    /// <summary>Bytes.</summary>
    Blob = 0x0003,
    /// <summary><see cref="bool"/>.</summary>
    Boolean = 0x0004,
    /// <summary><see cref="long"/>.</summary>
    Counter = 0x0005,
    /// <summary><see cref="decimal"/>.</summary>
    Decimal = 0x0006,
    /// <summary><see cref="double"/>.</summary>
    Double = 0x0007,
    /// <summary><see cref="float"/>.</summary>
    Float = 0x0008,
    /// <summary><see cref="int"/>.</summary>
    Int = 0x0009,
    /// <summary><see cref="DateTimeOffset"/>, to the millisecond.</summary>
    Timestamp = 0x000B,
    /// <summary><see cref="Guid"/>.</summary>
    Uuid = 0x000C,
    /// <summary><see cref="string"/>, UTF-8.</summary>
    Text = 0x000D,
    /// <summary>An integer of any size.</summary>
    Varint = 0x000E,
    /// <summary><see cref="Guid"/> of version 1.</summary>
    Timeuuid = 0x000F,
    /// <summary><see cref="System.Net.IPAddress"/>.</summary>
    Inet = 0x0010,
    /// <summary>A day.</summary>
    Date = 0x0011,
    /// <summary>A time of day, in nanoseconds.</summary>
    Time = 0x0012,
    /// <summary><see cref="short"/>.</summary>
    Smallint = 0x0013,
    /// <summary><see cref="sbyte"/>.</summary>
    Tinyint = 0x0014,
    /// <summary>Values in an order.</summary>
    List = 0x0020,
    /// <summary>Keys and values.</summary>
    Map = 0x0021,
    /// <summary>Distinct values.</summary>
    Set = 0x0022,
    /// <summary>A user-defined type.</summary>
    Udt = 0x0030,
    /// <summary>Values of given types.</summary>
    Tuple = 0x0031,
}

/// <summary>A column's type. Written as in CQL, as <c>map&lt;text, int&gt;</c>.</summary>
public sealed class CqlType
{
    /// <summary>Types of types end somewhere; beyond this the bytes are no metadata.</summary>
    private const int MaxDepth = 16;

    private CqlType(CqlTypeCode code, string? name = null, params CqlType[] elements)
    {
        Code = code;
        Elements = elements;
        Name = name ?? code switch
        {
            CqlTypeCode.List or CqlTypeCode.Set or CqlTypeCode.Map or CqlTypeCode.Tuple =>
                $"{Lower(code)}<{string.Join(", ", elements.Select(element => element.Name))}>",
            _ => Lower(code),
        };
    }

    /// <summary>Which type it is; a number without a name for one that is not known here.</summary>
    public CqlTypeCode Code { get; }

    /// <summary>The element's type of a list or set; key and value of a map; the parts of a tuple.</summary>
    public IReadOnlyList<CqlType> Elements { get; }

    /// <summary>As in CQL: <c>list&lt;int&gt;</c>.</summary>
    public string Name { get; }

    /// <summary><see cref="Name"/>.</summary>
    public override string ToString() => Name;

    /// <summary>A type without elements.</summary>
    public static CqlType Of(CqlTypeCode code) => new(code);

    /// <summary><c>list&lt;element&gt;</c>.</summary>
    public static CqlType ListOf(CqlType element) => new(CqlTypeCode.List, null, element);

    /// <summary><c>set&lt;element&gt;</c>.</summary>
    public static CqlType SetOf(CqlType element) => new(CqlTypeCode.Set, null, element);

    /// <summary><c>map&lt;key, value&gt;</c>.</summary>
    public static CqlType MapOf(CqlType key, CqlType value) => new(CqlTypeCode.Map, null, key, value);

    /// <summary>[option], §4.2.5.2.</summary>
    internal static CqlType Read(ref FrameReader reader, int depth = 0)
    {
        if (depth > MaxDepth)
        {
            throw new ProtocolException($"types nested more than {MaxDepth} deep");
        }

        var code = (CqlTypeCode)reader.ReadShort();
        switch (code)
        {
            case CqlTypeCode.Custom:
                return new CqlType(code, $"'{reader.ReadString()}'");
            case CqlTypeCode.List or CqlTypeCode.Set:
                return new CqlType(code, null, Read(ref reader, depth + 1));
            case CqlTypeCode.Map:
                return new CqlType(code, null, Read(ref reader, depth + 1), Read(ref reader, depth + 1));
            case CqlTypeCode.Tuple:
                var parts = new CqlType[reader.ReadCount(reader.ReadShort(), 2)];
                for (var i = 0; i < parts.Length; i++)
                {
                    parts[i] = Read(ref reader, depth + 1);
                }

                return new CqlType(code, null, parts);
            case CqlTypeCode.Udt:
                var name = $"{reader.ReadString()}.{reader.ReadString()}";
                for (var count = reader.ReadCount(reader.ReadShort(), 4); count > 0; count--)
                {
                    reader.ReadString();
                    Read(ref reader, depth + 1);
                }

                return new CqlType(code, name);
            default:
                return new CqlType(code);
        }
    }

    private static string Lower(CqlTypeCode code) =>
        Enum.IsDefined(code) ? code.ToString().ToLowerInvariant() : $"type 0x{(ushort)code:x4}";
}
