namespace OtpActors.Cql.Protocol.Requests;

/// <summary>Native protocol v4 §4.1.1: a [string map] of options. Compression is never asked for.</summary>
internal static class StartupRequest
{
    public const Opcode Opcode = Protocol.Opcode.Startup;

    public static void Write(FrameWriter writer)
    {
        writer.WriteShort(1);
        writer.WriteString("CQL_VERSION");
        writer.WriteString("3.0.0");
    }
}
