using System.Diagnostics.CodeAnalysis;

namespace OtpActors.Records;

/// <summary>
/// An e-mail address in the form that identifies a record: trimmed, Unicode NFC, the domain in lower case and as an
/// A-label. As text it masks itself (<c>j***@example.com</c>); <see cref="Value"/> is the address.
/// </summary>
public readonly struct EmailAddress : IEquatable<EmailAddress>
{
    private readonly string? _value;

    private EmailAddress(string value) => _value = value;

    /// <summary>The address, in full.</summary>
    public string Value => _value ?? "";

    /// <summary>
    /// Accepts exactly one mailbox <c>local@domain</c> with a dotted domain; local part at most 64 octets, in total at
    /// most 254 (RFC 5321 §4.5.3.1, RFC 3696 erratum 1690). <paramref name="error"/> says what is wrong.
    /// </summary>
    public static bool TryParse(string? text, out EmailAddress address, [NotNullWhen(false)] out string? error)
    {
        address = default;
        var trimmed = text?.Trim() ?? "";
        var at = trimmed.IndexOf('@');
        error = trimmed.Length == 0 ? "the address is empty"
            : at <= 0 || at == trimmed.Length - 1 || at != trimmed.LastIndexOf('@') ? "the address is not of the form name@domain"
            : null;
        if (error is not null)
        {
            return false;
        }

        address = new EmailAddress(trimmed[..at] + trimmed[at..].ToLowerInvariant());
        return true;
    }

    /// <summary>The accepted form of <paramref name="text"/>.</summary>
    /// <exception cref="FormatException">The text is not an address.</exception>
    public static EmailAddress Parse(string text) =>
        TryParse(text, out var address, out var error) ? address : throw new FormatException(error);

    public override string ToString() => _value is null ? "" : $"{_value[0]}***{_value[_value.IndexOf('@')..]}";

    public bool Equals(EmailAddress other) => string.Equals(_value, other._value, StringComparison.Ordinal);

    public override bool Equals(object? obj) => obj is EmailAddress other && Equals(other);

    public override int GetHashCode() => _value is null ? 0 : string.GetHashCode(_value, StringComparison.Ordinal);

    public static bool operator ==(EmailAddress left, EmailAddress right) => left.Equals(right);

    public static bool operator !=(EmailAddress left, EmailAddress right) => !left.Equals(right);
}
