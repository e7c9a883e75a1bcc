namespace OtpActors.Cql.Protocol.Responses;

/// <summary>
/// What can precede any response's body, of an ERROR too: native protocol v4 §2.2. Tracing id, then warnings, then
/// custom payload, each where its flag is set.
/// </summary>
internal static class BodyPrelude
{
    /// <summary>The server's warnings, null where there are none.</summary>
    public static List<string>? Read(in FrameHeader header, ref FrameReader reader)
    {
        if ((header.Flags & FrameFlags.Tracing) != 0)
        {
            reader.ReadUuid();
        }

        var warnings = (header.Flags & FrameFlags.Warning) != 0 ? reader.ReadStringList() : null;
        if ((header.Flags & FrameFlags.CustomPayload) != 0)
        {
            reader.SkipBytesMap();
        }

        return warnings;
    }
}
