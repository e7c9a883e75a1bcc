namespace OtpActors.Cql.Protocol.Requests;

/// <summary>Native protocol v4 §4.1.8: the [string list] of events wanted. For the control connection alone.</summary>
internal static class RegisterRequest
{
    public const Opcode Opcode = Protocol.Opcode.Register;

    public static void Write(FrameWriter writer)
    {
        writer.WriteShort(3);
        writer.WriteString("TOPOLOGY_CHANGE");
        writer.WriteString("STATUS_CHANGE");
        writer.WriteString("SCHEMA_CHANGE");
    }
}
