using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Unicode;

namespace OtpActors.Domain.Records;

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
    /// Accepts 1 to <see cref="MaxLength"/> characters that its owner can see and type; leading zeros and case are kept.
    /// Refused are characters that are invisible or not assigned, that break a line, and blanks that nobody can tell: at
    /// the ends, and any other than the space. <paramref name="error"/> says what is wrong without repeating the password.
    /// One rule for every way in.
    /// </summary>
    public static bool TryParse(string? text, out OneTimePassword password, [NotNullWhen(false)] out string? error)
    {
        error = LengthFault(text) ?? (IsVisibleAscii(text) ? null : PasswordCharacters.FaultOf(text!));
        password = error is null ? new OneTimePassword(text!) : default;
        return error is null;
    }

    /// <summary>
    /// The same for what this program keeps or finds in a store, where earlier versions have put passwords that
    /// <see cref="TryParse(string?, out OneTimePassword, out string?)"/> refuses today: all but control characters.
    /// </summary>
    public static bool TryRestore(string? text, out OneTimePassword password)
    {
        var accepted = LengthFault(text) is null && PasswordCharacters.BreakFaultOf(text!) is null;
        password = accepted ? new OneTimePassword(text!) : default;
        return accepted;
    }

    /// <inheritdoc cref="TryRestore"/>
    /// <exception cref="FormatException">No version has accepted this; the message does not repeat it.</exception>
    public static OneTimePassword Restore(string? text) =>
        TryRestore(text, out var password) ? password : throw new FormatException("This is no password of any version.");

    /// <summary>The same for UTF-8 text, such as a topic's value.</summary>
    public static bool TryParse(
        ReadOnlySpan<byte> utf8, out OneTimePassword password, [NotNullWhen(false)] out string? error)
    {
        // A UTF-16 code unit takes at most three bytes: what is longer need not be decoded.
        error = utf8.Length > 3 * MaxLength
            ? string.Create(
                CultureInfo.InvariantCulture, $"the password has {utf8.Length} bytes, at most {MaxLength} characters are accepted")
            : !Utf8.IsValid(utf8) ? "the password is not UTF-8"
            : null;
        if (error is null)
        {
            return TryParse(Encoding.UTF8.GetString(utf8), out password, out error);
        }

        password = default;
        return false;
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

    private static string? LengthFault(string? text) => text switch
    {
        null or "" => "the password is empty",
        { Length: > MaxLength } => string.Create(
            CultureInfo.InvariantCulture, $"the password has {text.Length} characters, at most {MaxLength} are accepted"),
        _ when string.IsNullOrWhiteSpace(text) => "the password is blank",
        _ => null,
    };

    /// <summary>Nearly all passwords, without a look at each character.</summary>
    private static bool IsVisibleAscii(ReadOnlySpan<char> text) => !text.ContainsAnyExceptInRange('!', '~');

    private sealed class MaskingConverter : JsonConverter<OneTimePassword>
    {
        public override OneTimePassword Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new JsonException("A password is not read from JSON here: the mask in it is not the password.");

        public override void Write(Utf8JsonWriter writer, OneTimePassword value, JsonSerializerOptions options) =>
            writer.WriteStringValue(Mask);
    }
}
