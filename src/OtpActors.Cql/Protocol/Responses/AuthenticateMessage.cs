namespace OtpActors.Cql.Protocol.Responses;

/// <summary>Native protocol v4 §4.2.3: the authenticator's class name.</summary>
internal static class AuthenticateMessage
{
    public static string Read(ref FrameReader reader) => reader.ReadString();
}
