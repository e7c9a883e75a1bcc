using System.Text.Json;
using System.Text.Json.Serialization;

namespace OtpActors.Infrastructure.Topics.Kafka;

/// <summary>
/// Headers and value in one value, for brokers that have no headers: a JSON object with a name that says so. A value of
/// somebody else's that has this very form would be taken for one; it is read on such brokers alone.
/// </summary>
internal static class HeaderEnvelope
{
    private static readonly byte[] Start = """{"otpactors-envelope":1,"""u8.ToArray();

    /// <summary>
    /// <c>{"otpactors-envelope":1,"headers":{"name":"text"},"value":"base64"}</c>; a missing value has none.
    /// </summary>
    public static byte[] Wrap(byte[]? value, IReadOnlyDictionary<string, string> headers) =>
        JsonSerializer.SerializeToUtf8Bytes(new Envelope(1, headers, value));

    public static bool TryUnwrap(byte[]? bytes, out byte[]? value, out IReadOnlyDictionary<string, string>? headers)
    {
        (value, headers) = (null, null);
        if (bytes is null || !bytes.AsSpan().StartsWith(Start))
        {
            return false;
        }

        try
        {
            var envelope = JsonSerializer.Deserialize<Envelope>(bytes);
            if (envelope?.Headers is null)
            {
                return false;
            }

            (value, headers) = (envelope.Value, envelope.Headers);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private sealed record Envelope(
        [property: JsonPropertyName("otpactors-envelope")] int Version,
        [property: JsonPropertyName("headers")] IReadOnlyDictionary<string, string>? Headers,
        [property: JsonPropertyName("value")] byte[]? Value);
}
