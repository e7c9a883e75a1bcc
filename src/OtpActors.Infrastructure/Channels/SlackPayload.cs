using System.Text.Json;
using System.Text.Json.Serialization;
using OtpActors.Domain.Records;

namespace OtpActors.Infrastructure.Channels;

/// <summary>The JSON of an incoming webhook; <see cref="SlackText"/> makes it.</summary>
/// <param name="Text">What is shown where the <see cref="Blocks"/> are not.</param>
public sealed record SlackPayload(string Channel, string Username, string Text)
{
    /// <summary>How a message's last line begins, before its password: now, and in what earlier versions captured.</summary>
    private static readonly string[] OtpLines = [":ninja: -> ", "OTP: "];

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>The message as Slack shows it; null in what earlier versions have captured.</summary>
    public IReadOnlyList<SlackBlock>? Blocks { get; init; }

    /// <summary>Whether <see cref="Text"/> is markup.</summary>
    [JsonPropertyName("mrkdwn")]
    public bool IsMarkup { get; init; }

    /// <summary>Whether Slack fetches what looks like a link: a password must not be sent to a stranger's server.</summary>
    [JsonPropertyName("unfurl_links")]
    public bool UnfurlsLinks { get; init; }

    [JsonPropertyName("unfurl_media")]
    public bool UnfurlsMedia { get; init; }

    /// <summary>Three lines, as the tutorial's message has them.</summary>
    public static SlackPayload For(SlackMessage message, SlackOptions options) => new SlackText()
        .Emoji("red_circle").Words(" New e-mail and OTP arrival\n")
        .Emoji("email").Words(" -> ").Literal(message.Email.Value).Words("\n")
        .Emoji("ninja").Words(" -> ").Code(Shown(message.Otp, options))
        .ToPayload(options);

    /// <exception cref="JsonException">This is no payload.</exception>
    public static SlackPayload Parse(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize<SlackPayload>(json, Json) ?? throw new JsonException("A payload is not null.");

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    /// <summary>The text without its password: all of the last line, since no password holds a line break.</summary>
    public string MaskedText()
    {
        var last = Text.LastIndexOf('\n') + 1;
        var known = OtpLines.FirstOrDefault(line => string.CompareOrdinal(Text, last, line, 0, line.Length) == 0);
        return last == 0 || known is null ? OneTimePassword.Mask : Text[..(last + known.Length)] + OneTimePassword.Mask;
    }

    public override string ToString() => $"{nameof(SlackPayload)} {{ Channel = {Channel}, Text = {MaskedText()} }}";

    /// <summary>The password, or its mask where the channel is not to see it.</summary>
    internal static string Shown(OneTimePassword otp, SlackOptions options) =>
        options.RevealOtp ? otp.Reveal() : OneTimePassword.Mask;
}
