namespace OtpActors.Cql.Protocol.Requests;

/// <summary>Native protocol v4 §4.1.5: the query as a [long string].</summary>
internal static class PrepareRequest
{
    public const Opcode Opcode = Protocol.Opcode.Prepare;

    public static void Write(FrameWriter writer, string query) => writer.WriteLongString(query);
}
