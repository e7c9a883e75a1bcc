using System.Text.Json;
using System.Text.Json.Serialization;
using OtpActors.Records;

namespace OtpActors.Notifications;

/// <summary>The JSON of an incoming webhook; <see cref="SlackText"/> makes it.</summary>
/// <param name="Text">What is shown where the <see cref="Blocks"/> are not.</param>
public sealed record SlackPayload(string Channel, string Username, string Text)
{
    private const string OtpLine = "\nOTP: ";

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

    public static SlackPayload For(SlackMessage message, SlackOptions options) => new SlackText()
        .Emoji("red_circle").Literal(" New e-mail and OTP arrival\ne-mail: ").Literal(message.Email.Value)
        .Literal(OtpLine).Code(Shown(message.Otp, options))
        .ToPayload(options);

    /// <exception cref="JsonException">This is no payload.</exception>
    public static SlackPayload Parse(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize<SlackPayload>(json, Json) ?? throw new JsonException("A payload is not null.");

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    /// <summary>The text without its password: all of the last line, since no password holds a line break.</summary>
    public string MaskedText() =>
        Text.LastIndexOf(OtpLine, StringComparison.Ordinal) is var otp and >= 0
            ? Text[..(otp + OtpLine.Length)] + OneTimePassword.Mask
            : OneTimePassword.Mask;

    public override string ToString() => $"{nameof(SlackPayload)} {{ Channel = {Channel}, Text = {MaskedText()} }}";

    /// <summary>The password, or its mask where the channel is not to see it.</summary>
    internal static string Shown(OneTimePassword otp, SlackOptions options) =>
        options.RevealOtp ? otp.Reveal() : OneTimePassword.Mask;
}
