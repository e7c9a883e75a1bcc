using OtpActors.Cql.Protocol;

namespace OtpActors.Cql.Types;

/// <summary>Lists, sets and maps: native protocol v4 §6.8, 6.9 and 6.17. Null elements are not allowed in them.</summary>
internal abstract class CollectionCodec<T, TElement> : Codec<T>
{
    public override bool Accepts(CqlType type) =>
        type.Code is CqlTypeCode.List or CqlTypeCode.Set && Codec<TElement>.Instance!.Accepts(type.Elements[0]);

    protected static void Write<TAny>(TAny value, CqlType type, FrameWriter writer)
    {
        if (value is null)
        {
            throw new ArgumentException($"a null in a collection of {type}");
        }

        var start = writer.BeginBytes();
        Codec<TAny>.Instance!.Encode(value, type, writer);
        writer.EndBytes(start);
    }

    protected static TAny Read<TAny>(ref FrameReader reader, CqlType type)
    {
        var bytes = reader.ReadBytes(out var isNull);
        return isNull
            ? throw new ProtocolException($"a null in a collection of {type}")
            : Codec<TAny>.Instance!.Decode(bytes, type);
    }

    protected static void WriteAll(IReadOnlyCollection<TElement> values, CqlType type, FrameWriter writer)
    {
        writer.WriteInt(values.Count);
        foreach (var value in values)
        {
            Write(value, type.Elements[0], writer);
        }
    }

    protected static TElement[] ReadAll(ReadOnlySpan<byte> bytes, CqlType type)
    {
        var reader = new FrameReader(bytes);
        var count = reader.ReadInt();
        var values = new TElement[reader.ReadCount(count, 4)];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = Read<TElement>(ref reader, type.Elements[0]);
        }

        return values;
    }
}

internal sealed class ArrayCodec<T> : CollectionCodec<T[], T>
{
    public override void Encode(T[] value, CqlType type, FrameWriter writer) => WriteAll(value, type, writer);

    public override T[] Decode(ReadOnlySpan<byte> bytes, CqlType type) => ReadAll(bytes, type);
}

internal sealed class ListCodec<T> : CollectionCodec<List<T>, T>
{
    public override void Encode(List<T> value, CqlType type, FrameWriter writer) => WriteAll(value, type, writer);

    public override List<T> Decode(ReadOnlySpan<byte> bytes, CqlType type) => [.. ReadAll(bytes, type)];
}

internal sealed class ReadOnlyListCodec<T> : CollectionCodec<IReadOnlyList<T>, T>
{
    public override void Encode(IReadOnlyList<T> value, CqlType type, FrameWriter writer) => WriteAll(value, type, writer);

    public override IReadOnlyList<T> Decode(ReadOnlySpan<byte> bytes, CqlType type) => ReadAll(bytes, type);
}

internal sealed class SetCodec<T> : CollectionCodec<HashSet<T>, T>
{
    public override void Encode(HashSet<T> value, CqlType type, FrameWriter writer) => WriteAll(value, type, writer);

    public override HashSet<T> Decode(ReadOnlySpan<byte> bytes, CqlType type) => [.. ReadAll(bytes, type)];
}

internal sealed class MapCodec<TKey, TValue> : CollectionCodec<Dictionary<TKey, TValue>, TKey> where TKey : notnull
{
    public override bool Accepts(CqlType type) => type.Code == CqlTypeCode.Map
        && Codec<TKey>.Instance!.Accepts(type.Elements[0]) && Codec<TValue>.Instance!.Accepts(type.Elements[1]);

    public override void Encode(Dictionary<TKey, TValue> value, CqlType type, FrameWriter writer)
    {
        writer.WriteInt(value.Count);
        foreach (var (key, element) in value)
        {
            Write(key, type.Elements[0], writer);
            Write(element, type.Elements[1], writer);
        }
    }

    public override Dictionary<TKey, TValue> Decode(ReadOnlySpan<byte> bytes, CqlType type)
    {
        var reader = new FrameReader(bytes);
        var count = reader.ReadInt();
        var map = new Dictionary<TKey, TValue>(reader.ReadCount(count, 8));
        for (; count > 0; count--)
        {
            var key = Read<TKey>(ref reader, type.Elements[0]);
            map[key] = Read<TValue>(ref reader, type.Elements[1]);
        }

        return map;
    }
}
