namespace OtpActors.Cql.Protocol.Requests;

/// <summary>Native protocol v4 §4.1.6.</summary>
internal static class ExecuteRequest
{
    public const Opcode Opcode = Protocol.Opcode.Execute;

    public static void Write(
        FrameWriter writer, ReadOnlySpan<byte> id, in QueryParameters parameters, int valueCount, ReadOnlySpan<byte> values)
    {
        writer.WriteShortBytes(id);
        parameters.Write(writer, valueCount, values);
    }
}
