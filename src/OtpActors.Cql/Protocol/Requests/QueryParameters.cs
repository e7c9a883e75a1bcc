namespace OtpActors.Cql.Protocol.Requests;

/// <summary>
/// What follows the query of QUERY and the id of EXECUTE: native protocol v4 §4.1.4. Metadata is never skipped: what
/// was known of it goes stale when the table is altered.
/// </summary>
/// <param name="PageSize">In rows; 0 for all at once.</param>
/// <param name="Timestamp">In microseconds since 1970; null for the server's.</param>
internal readonly record struct QueryParameters(
    ConsistencyLevel Consistency,
    ConsistencyLevel? Serial = null,
    int PageSize = 0,
    byte[]? PagingState = null,
    long? Timestamp = null)
{
    private const byte HasValues = 0x01;
    private const byte HasPageSize = 0x04;
    private const byte HasPagingState = 0x08;
    private const byte HasSerial = 0x10;
    private const byte HasTimestamp = 0x20;

    /// <param name="valueCount">Values, which <paramref name="values"/> holds as [value]s one after another.</param>
    public void Write(FrameWriter writer, int valueCount, ReadOnlySpan<byte> values)
    {
        writer.WriteShort((ushort)Consistency);
        writer.WriteByte((byte)((valueCount > 0 ? HasValues : 0) | (PageSize > 0 ? HasPageSize : 0)
            | (PagingState is not null ? HasPagingState : 0) | (Serial is not null ? HasSerial : 0)
            | (Timestamp is not null ? HasTimestamp : 0)));
        if (valueCount > 0)
        {
            writer.WriteShort(valueCount);
            writer.WriteRaw(values);
        }

        if (PageSize > 0)
        {
            writer.WriteInt(PageSize);
        }

        if (PagingState is not null)
        {
            writer.WriteBytes(PagingState);
        }

        if (Serial is { } serial)
        {
            writer.WriteShort((ushort)serial);
        }

        if (Timestamp is { } timestamp)
        {
            writer.WriteLong(timestamp);
        }
    }
}
