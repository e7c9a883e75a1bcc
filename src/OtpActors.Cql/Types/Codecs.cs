using System.Collections.Concurrent;
using System.Net;

namespace OtpActors.Cql.Types;

/// <summary>Which codec a .NET type has.</summary>
internal static class Codecs
{
    private static readonly ConcurrentDictionary<Type, Codec?> ByType = new();

    /// <summary>The codec of a value whose type is known only now.</summary>
    public static Codec? Of(Type type) => ByType.GetOrAdd(type, Create);

    public static Codec? Create(Type type)
    {
        if (type == typeof(string))
        {
            return new TextCodec();
        }

        if (type == typeof(int))
        {
            return new IntCodec();
        }

        if (type == typeof(long))
        {
            return new BigintCodec();
        }

        if (type == typeof(bool))
        {
            return new BooleanCodec();
        }

        if (type == typeof(double))
        {
            return new DoubleCodec();
        }

        if (type == typeof(Guid))
        {
            return new UuidCodec();
        }

        if (type == typeof(DateTimeOffset))
        {
            return new TimestampCodec();
        }

        if (type == typeof(byte[]))
        {
            return new BlobCodec();
        }

        if (typeof(IPAddress).IsAssignableFrom(type))
        {
            return new InetCodec();
        }

        if (type.IsArray && type.GetArrayRank() == 1)
        {
            return CollectionOf(typeof(ArrayCodec<>), type.GetElementType()!);
        }

        return type.IsGenericType ? OfGeneric(type.GetGenericTypeDefinition(), type.GetGenericArguments()) : null;
    }

    private static Codec? OfGeneric(Type definition, Type[] arguments)
    {
        if (definition == typeof(Nullable<>))
        {
            return CollectionOf(typeof(NullableCodec<>), arguments);
        }

        if (definition == typeof(List<>))
        {
            return CollectionOf(typeof(ListCodec<>), arguments);
        }

        if (definition == typeof(IReadOnlyList<>))
        {
            return CollectionOf(typeof(ReadOnlyListCodec<>), arguments);
        }

        if (definition == typeof(HashSet<>))
        {
            return CollectionOf(typeof(SetCodec<>), arguments);
        }

        return definition == typeof(Dictionary<,>) ? CollectionOf(typeof(MapCodec<,>), arguments) : null;
    }

    /// <summary>Null where an element has none.</summary>
    private static Codec? CollectionOf(Type definition, params Type[] arguments) =>
        Array.TrueForAll(arguments, argument => Create(argument) is not null)
            ? (Codec)Activator.CreateInstance(definition.MakeGenericType(arguments))!
            : null;
}
