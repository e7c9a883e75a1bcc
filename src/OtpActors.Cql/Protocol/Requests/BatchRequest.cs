namespace OtpActors.Cql.Protocol.Requests;

/// <summary>
/// Native protocol v4 §4.1.7. The low four bits of the flags stay zero; names for values (0x40) cannot be decoded by
/// any server and are never sent.
/// </summary>
internal static class BatchRequest
{
    public const Opcode Opcode = Protocol.Opcode.Batch;

    public const int MaxStatements = ushort.MaxValue;

    private const byte HasSerial = 0x10;
    private const byte HasTimestamp = 0x20;

    /// <param name="statements">Encoded by <see cref="WritePrepared"/> and <see cref="WriteSimple"/>.</param>
    public static void Write(
        FrameWriter writer, byte type, int count, ReadOnlySpan<byte> statements, in QueryParameters parameters)
    {
        writer.WriteByte(type);
        writer.WriteShort(count);
        writer.WriteRaw(statements);
        writer.WriteShort((ushort)parameters.Consistency);
        writer.WriteByte((byte)((parameters.Serial is not null ? HasSerial : 0)
            | (parameters.Timestamp is not null ? HasTimestamp : 0)));
        if (parameters.Serial is { } serial)
        {
            writer.WriteShort((ushort)serial);
        }

        if (parameters.Timestamp is { } timestamp)
        {
            writer.WriteLong(timestamp);
        }
    }

    public static void WritePrepared(FrameWriter writer, ReadOnlySpan<byte> id, int valueCount, ReadOnlySpan<byte> values)
    {
        writer.WriteByte(1);
        writer.WriteShortBytes(id);
        writer.WriteShort(valueCount);
        writer.WriteRaw(values);
    }

    public static void WriteSimple(FrameWriter writer, string query, int valueCount, ReadOnlySpan<byte> values)
    {
        writer.WriteByte(0);
        writer.WriteLongString(query);
        writer.WriteShort(valueCount);
        writer.WriteRaw(values);
    }
}
