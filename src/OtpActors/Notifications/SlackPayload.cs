using System.Text.Json;
using OtpActors.Records;

namespace OtpActors.Notifications;

/// <summary>The JSON of an incoming webhook.</summary>
public sealed record SlackPayload(string Channel, string Username, string Text)
{
    private const string OtpLine = "\nOTP: ";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    public static SlackPayload For(SlackMessage message, SlackOptions options) => new(
        options.Channel,
        options.Username,
        $":red_circle: New e-mail and OTP arrival\ne-mail: {Escape(message.Email.Value)}{OtpLine}"
        + Shown(message.Otp, options));

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
        options.RevealOtp ? Escape(otp.Reveal()) : OneTimePassword.Mask;

    /// <summary>Slack's own rule: these three and no others; else <c>&lt;!channel&gt;</c> calls everyone.</summary>
    internal static string Escape(string text) =>
        text.Replace("&", "&amp;", StringComparison.Ordinal)
            .Replace("<", "&lt;", StringComparison.Ordinal)
            .Replace(">", "&gt;", StringComparison.Ordinal);
}
