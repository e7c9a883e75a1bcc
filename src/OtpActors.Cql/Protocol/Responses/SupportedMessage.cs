namespace OtpActors.Cql.Protocol.Responses;

/// <summary>Native protocol v4 §4.2.4: options and their values.</summary>
internal static class SupportedMessage
{
    public static Dictionary<string, List<string>> Read(ref FrameReader reader) => reader.ReadStringMultimap();
}
