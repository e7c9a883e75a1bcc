namespace OtpActors.Cql.Protocol.Requests;

/// <summary>Native protocol v4 §4.1.2: a [bytes] token of the authenticator's own form.</summary>
internal static class AuthResponseRequest
{
    public const Opcode Opcode = Protocol.Opcode.AuthResponse;

    public static void Write(FrameWriter writer, ReadOnlySpan<byte> token) => writer.WriteBytes(token);
}
