using System.Net;

namespace OtpActors.Cql.Types;

/// <summary>The CQL type that a .NET value has where the server did not tell one.</summary>
internal static class CqlTypes
{
    public static CqlType? Of(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return Of(underlying);
        }

        if (type.IsGenericType && type.GetGenericArguments() is [var key, var value])
        {
            return Of(key) is { } k && Of(value) is { } v ? CqlType.MapOf(k, v) : null;
        }

        if (type.IsGenericType && type.GetGenericArguments() is [var element])
        {
            return Of(element) is not { } e ? null
                : type.GetGenericTypeDefinition() == typeof(HashSet<>) ? CqlType.SetOf(e)
                : CqlType.ListOf(e);
        }

        if (type == typeof(byte[]))
        {
            return CqlType.Of(CqlTypeCode.Blob);
        }

        if (type.IsArray)
        {
            return Of(type.GetElementType()!) is { } e ? CqlType.ListOf(e) : null;
        }

        if (typeof(IPAddress).IsAssignableFrom(type))
        {
            return CqlType.Of(CqlTypeCode.Inet);
        }

        CqlTypeCode? code = type == typeof(string) ? CqlTypeCode.Text
            : type == typeof(int) ? CqlTypeCode.Int
            : type == typeof(long) ? CqlTypeCode.Bigint
            : type == typeof(bool) ? CqlTypeCode.Boolean
            : type == typeof(double) ? CqlTypeCode.Double
            : type == typeof(Guid) ? CqlTypeCode.Uuid
            : type == typeof(DateTimeOffset) ? CqlTypeCode.Timestamp
            : null;
        return code is { } known ? CqlType.Of(known) : null;
    }
}
