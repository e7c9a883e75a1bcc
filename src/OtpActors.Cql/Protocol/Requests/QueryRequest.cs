namespace OtpActors.Cql.Protocol.Requests;

/// <summary>Native protocol v4 §4.1.4.</summary>
internal static class QueryRequest
{
    public const Opcode Opcode = Protocol.Opcode.Query;

    public static void Write(
        FrameWriter writer, string query, in QueryParameters parameters, int valueCount, ReadOnlySpan<byte> values)
    {
        writer.WriteLongString(query);
        parameters.Write(writer, valueCount, values);
    }
}
