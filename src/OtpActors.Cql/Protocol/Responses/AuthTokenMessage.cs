namespace OtpActors.Cql.Protocol.Responses;

/// <summary>AUTH_CHALLENGE and AUTH_SUCCESS, native protocol v4 §4.2.7 and 4.2.8: a [bytes] token, null for none.</summary>
internal static class AuthTokenMessage
{
    public static byte[]? Read(ref FrameReader reader)
    {
        var token = reader.ReadBytes(out var isNull);
        return isNull ? null : token.ToArray();
    }
}
