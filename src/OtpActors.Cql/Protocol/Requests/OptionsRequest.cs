namespace OtpActors.Cql.Protocol.Requests;

/// <summary>Native protocol v4 §4.1.3. The body is empty; the answer is SUPPORTED.</summary>
internal static class OptionsRequest
{
    public const Opcode Opcode = Protocol.Opcode.Options;
}
