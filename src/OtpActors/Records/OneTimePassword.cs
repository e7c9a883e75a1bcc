using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OtpActors.Records;

/// <summary>
/// A one-time password. It masks itself wherever it is turned into text or JSON, so that a log line, an exception or
/// a report can hold one without showing it; <see cref="Reveal"/> is the only way to the digits.
/// </summary>
[JsonConverter(typeof(MaskingConverter))]
public readonly struct OneTimePassword : IEquatable<OneTimePassword>
{
    /// <summary>What stands for a password in text.</summary>
    public const string Mask = "***";

    /// <summary>The longest password accepted, in UTF-16 code units.</summary>
    public const int MaxLength = 128;

    private readonly string? _value;

    private OneTimePassword(string value) => _value = value;

    /// <summary>
    /// Accepts 1 to <see cref="MaxLength"/> characters without control characters; leading zeros and case are kept.
    /// <paramref name="error"/> says what is wrong without repeating the password.
    /// </summary>
    public static bool TryParse(string? text, out OneTimePassword password, [NotNullWhen(false)] out string? error)
    {
        error = text switch
        {
            null or "" => "the password is empty",
            { Length: > MaxLength } => $"the password has {text.Length} characters, at most {MaxLength} are accepted",
            _ when string.IsNullOrWhiteSpace(text) => "the password is blank",
            _ when text.Any(char.IsControl) => "the password has control characters",
            _ => null,
        };
        password = error is null ? new OneTimePassword(text!) : default;
        return error is null;
    }

    /// <summary>The accepted form of <paramref name="text"/>.</summary>
    /// <exception cref="FormatException">The text is not a password; the message does not repeat it.</exception>
    public static OneTimePassword Parse(string text) =>
        TryParse(text, out var password, out var error) ? password : throw new FormatException(error);

    /// <summary>The password itself: for a store, a topic or a mail to its owner, never for a log.</summary>
    public string Reveal() => _value ?? "";

    public override string ToString() => Mask;

    public bool Equals(OneTimePassword other) => string.Equals(_value, other._value, StringComparison.Ordinal);

    public override bool Equals(object? obj) => obj is OneTimePassword other && Equals(other);

    public override int GetHashCode() => _value is null ? 0 : string.GetHashCode(_value, StringComparison.Ordinal);

    public static bool operator ==(OneTimePassword left, OneTimePassword right) => left.Equals(right);

    public static bool operator !=(OneTimePassword left, OneTimePassword right) => !left.Equals(right);

    private sealed class MaskingConverter : JsonConverter<OneTimePassword>
    {
        public override OneTimePassword Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new JsonException("A password is not read from JSON here: the mask in it is not the password.");

        public override void Write(Utf8JsonWriter writer, OneTimePassword value, JsonSerializerOptions options) =>
            writer.WriteStringValue(Mask);
    }
}
