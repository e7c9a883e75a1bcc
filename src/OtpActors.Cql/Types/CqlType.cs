using OtpActors.Cql.Protocol;

namespace OtpActors.Cql;

/// <summary>The type codes of native protocol v4 §4.2.5.2; others of the same shape are kept as their number.</summary>
public enum CqlTypeCode : ushort
{
    Custom = 0x0000,
    Ascii = 0x0001,
    Bigint = 0x0002,
    Blob = 0x0003,
    Boolean = 0x0004,
    Counter = 0x0005,
    Decimal = 0x0006,
    Double = 0x0007,
    Float = 0x0008,
    Int = 0x0009,
    Timestamp = 0x000B,
    Uuid = 0x000C,
    Text = 0x000D,
    Varint = 0x000E,
    Timeuuid = 0x000F,
    Inet = 0x0010,
    Date = 0x0011,
    Time = 0x0012,
    Smallint = 0x0013,
    Tinyint = 0x0014,
    List = 0x0020,
    Map = 0x0021,
    Set = 0x0022,
    Udt = 0x0030,
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

    public CqlTypeCode Code { get; }

    /// <summary>The element's type of a list or set; key and value of a map; the parts of a tuple.</summary>
    public IReadOnlyList<CqlType> Elements { get; }

    public string Name { get; }

    public override string ToString() => Name;

    /// <summary>A type without elements.</summary>
    public static CqlType Of(CqlTypeCode code) => new(code);

    public static CqlType ListOf(CqlType element) => new(CqlTypeCode.List, null, element);

    public static CqlType SetOf(CqlType element) => new(CqlTypeCode.Set, null, element);

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
