using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace OtpActors.Domain.Records;

/// <summary>
/// An e-mail address in the form that identifies a record: trimmed, Unicode NFC, the domain in lower case and as an
/// A-label. As text it masks itself (<c>j***@example.com</c>); <see cref="Value"/> is the address.
/// </summary>
/// <remarks>
/// The local part is a dot-atom (RFC 5322 §3.2.3) that may hold letters, marks and digits of any script (RFC 6531
/// §3.3); quoted local parts, comments, encoded words and address literals are refused. A domain's labels may hold <c>_</c>. Nothing
/// accepted can end a line, start a tag or turn the direction of text.
/// </remarks>
public readonly struct EmailAddress : IEquatable<EmailAddress>
{
    /// <summary>The longest local part, in octets of UTF-8 (RFC 5321 §4.5.3.1.1).</summary>
    public const int MaxLocalOctets = 64;

    /// <summary>The longest address, in octets of UTF-8 (RFC 3696 erratum 1690).</summary>
    public const int MaxOctets = 254;

    private const int MaxLabelOctets = 63;

    /// <summary>No text longer than this is looked at; room for what normalization takes away.</summary>
    private const int MaxTextLength = 1024;

    private static readonly SearchValues<char> LocalAscii =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~.");

    private static readonly SearchValues<char> DomainAscii =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_.");

    private static readonly IdnMapping Idn = new() { AllowUnassigned = false, UseStd3AsciiRules = false };

    private readonly string? _value;

    private EmailAddress(string value) => _value = value;

    /// <summary>The address, in full.</summary>
    public string Value => _value ?? "";

    /// <summary>
    /// Accepts exactly one mailbox <c>local@domain</c> with a dotted domain. <paramref name="error"/> says what is
    /// wrong without repeating the text. Text that is canonical ASCII already is kept as it is, with no allocation.
    /// </summary>
    public static bool TryParse(string? text, out EmailAddress address, [NotNullWhen(false)] out string? error)
    {
        error = Normalize(text, out var value);
        if (error is null && HasEncodedWord(value))
        {
            error = "the part before the @ is an encoded word, which others read as another address";
        }

        address = error is null ? new EmailAddress(value) : default;
        return error is null;
    }

    /// <summary>
    /// The same for what this program keeps or finds in a store, where earlier versions have put addresses that
    /// <see cref="TryParse(string?, out EmailAddress, out string?)"/> refuses today.
    /// </summary>
    public static bool TryRestore(string? text, out EmailAddress address)
    {
        var accepted = Normalize(text, out var value) is null;
        address = accepted ? new EmailAddress(value) : default;
        return accepted;
    }

    /// <inheritdoc cref="TryRestore"/>
    /// <exception cref="FormatException">No version has accepted this; the message does not repeat it.</exception>
    public static EmailAddress Restore(string? text) =>
        TryRestore(text, out var address) ? address : throw new FormatException("This is no address of any version.");

    /// <summary>The same for UTF-8 text, such as a topic's key.</summary>
    public static bool TryParse(
        ReadOnlySpan<byte> utf8, out EmailAddress address, [NotNullWhen(false)] out string? error)
    {
        error = utf8.Length > MaxTextLength ? "the address is too long"
            : !Utf8.IsValid(utf8) ? "the address is not UTF-8"
            : null;
        if (error is null)
        {
            return TryParse(Encoding.UTF8.GetString(utf8), out address, out error);
        }

        address = default;
        return false;
    }

    /// <summary>The accepted form of <paramref name="text"/>.</summary>
    /// <exception cref="FormatException">The text is not an address; the message does not repeat it.</exception>
    public static EmailAddress Parse(string text) =>
        TryParse(text, out var address, out var error) ? address : throw new FormatException(error);

    public override string ToString()
    {
        if (_value is null)
        {
            return "";
        }

        Rune.DecodeFromUtf16(_value, out var first, out _);
        return $"{first}***{_value.AsSpan(_value.IndexOf('@'))}";
    }

    public bool Equals(EmailAddress other) => string.Equals(_value, other._value, StringComparison.Ordinal);

    public override bool Equals(object? obj) => obj is EmailAddress other && Equals(other);

    public override int GetHashCode() => _value is null ? 0 : string.GetHashCode(_value, StringComparison.Ordinal);

    public static bool operator ==(EmailAddress left, EmailAddress right) => left.Equals(right);

    public static bool operator !=(EmailAddress left, EmailAddress right) => !left.Equals(right);

    private static bool IsCanonicalAscii(ReadOnlySpan<char> text)
    {
        var at = text.IndexOf('@');
        return at is > 0 and <= MaxLocalOctets && text.Length <= MaxOctets
            && !text[..at].ContainsAnyExcept(LocalAscii)
            && DotsFault(text[..at]) is null
            && DomainFault(text[(at + 1)..]) is null;
    }

    /// <summary>
    /// <c>=?charset?q?text?=</c> (RFC 2047): it may not stand in an address, and many readers decode it there all the same.
    /// </summary>
    private static bool HasEncodedWord(ReadOnlySpan<char> address) =>
        address.IndexOf("=?") is var begin and >= 0 && address[(begin + 2)..].Contains("?=", StringComparison.Ordinal);

    /// <summary>Gives a text's accepted form, or what is wrong with it.</summary>
    private static string? Normalize(string? text, out string value)
    {
        if (text is not null && IsCanonicalAscii(text))
        {
            value = text;
            return null;
        }

        value = "";
        // Only blanks are trimmed: a line break is never harmless in what may become a header.
        var trimmed = text.AsSpan().Trim(" \t");
        if (trimmed.IsEmpty)
        {
            return "the address is empty";
        }

        if (trimmed.Length > MaxTextLength)
        {
            return "the address is too long";
        }

        if (CharacterFault(trimmed) is { } fault)
        {
            return fault;
        }

        var at = trimmed.IndexOf('@');
        if (at <= 0 || at == trimmed.Length - 1 || at != trimmed.LastIndexOf('@'))
        {
            return "the address is not of the form name@domain";
        }

        var local = trimmed[..at].ToString().Normalize(NormalizationForm.FormC);
        var domain = ToAscii(trimmed[(at + 1)..].ToString());
        var error = domain is null
            ? "the domain is not a valid international domain name"
            : LocalFault(local) ?? DomainFault(domain) ?? LengthFault(local, domain);
        value = error is null ? $"{local}@{domain}" : "";
        return error;
    }

    /// <summary>Refuses what is invisible, breaks lines or words or reorders text, and halves of characters.</summary>
    private static string? CharacterFault(ReadOnlySpan<char> text)
    {
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(text, out var rune, out var length) != OperationStatus.Done)
            {
                return "the address is not Unicode text";
            }

            switch (Rune.GetUnicodeCategory(rune))
            {
                case UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator:
                    return "the address has a control character";
                case UnicodeCategory.SpaceSeparator:
                    return "the address has a space";
                case UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned:
                    return "the address has an invisible character";
                default:
                    text = text[length..];
                    break;
            }
        }

        return null;
    }

    private static string? LocalFault(string local)
    {
        foreach (var rune in local.EnumerateRunes())
        {
            if (rune.IsAscii ? !LocalAscii.Contains((char)rune.Value) : !IsWordPart(rune))
            {
                return "the part before the @ has a character that is not allowed";
            }
        }

        return DotsFault(local);
    }

    private static bool IsWordPart(Rune rune) => Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
        or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or UnicodeCategory.NonSpacingMark
        or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.DecimalDigitNumber;

    private static string? DotsFault(ReadOnlySpan<char> local) =>
        local[0] == '.' || local[^1] == '.' || local.IndexOf("..") >= 0
            ? "the part before the @ begins or ends with a dot, or has two in a row"
            : null;

    /// <summary>The domain as A-labels in lower case; null where it has none.</summary>
    private static string? ToAscii(string domain)
    {
        var lower = domain.ToLowerInvariant();
        try
        {
            return Ascii.IsValid(lower) ? lower : Idn.GetAscii(lower).ToLowerInvariant();
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private static string? DomainFault(ReadOnlySpan<char> domain)
    {
        if (domain.ContainsAnyExcept(DomainAscii))
        {
            return "the domain has a character that is not allowed";
        }

        if (!domain.Contains('.'))
        {
            return "the domain has no dot";
        }

        foreach (var part in domain.Split('.'))
        {
            var label = domain[part];
            if (label.IsEmpty)
            {
                return "the domain has an empty label";
            }

            if (label.Length > MaxLabelOctets)
            {
                return $"a label of the domain is longer than {MaxLabelOctets} characters";
            }

            if (label[0] == '-' || label[^1] == '-')
            {
                return "a label of the domain begins or ends with a hyphen";
            }
        }

        return null;
    }

    private static string? LengthFault(string local, string domain)
    {
        var octets = Encoding.UTF8.GetByteCount(local);
        return octets > MaxLocalOctets ? $"the part before the @ is longer than {MaxLocalOctets} bytes"
            : octets + 1 + domain.Length > MaxOctets ? $"the address is longer than {MaxOctets} bytes"
            : null;
    }
}
