using System.Text.Json;

namespace OtpActors.Infrastructure.Topics.Embedded;

/// <summary>
/// Headers as JSON. Neighbouring records mostly have the same ones, so the last answer is kept: by reference when
/// writing, by content when reading. One thread at a time.
/// </summary>
internal sealed class HeaderCodec
{
    private IReadOnlyDictionary<string, string>? _headers;
    private byte[] _json = [];

    public byte[]? Encode(IReadOnlyDictionary<string, string>? headers)
    {
        if (headers is null)
        {
            return null;
        }

        if (!ReferenceEquals(headers, _headers))
        {
            _json = JsonSerializer.SerializeToUtf8Bytes(headers);
            _headers = headers;
        }

        return _json;
    }

    public IReadOnlyDictionary<string, string> Decode(ReadOnlySpan<byte> json)
    {
        if (_headers is null || !json.SequenceEqual(_json))
        {
            _headers = JsonSerializer.Deserialize<Dictionary<string, string>>(json)!;
            _json = json.ToArray();
        }

        return _headers;
    }
}
