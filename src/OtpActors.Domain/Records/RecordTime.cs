using System.Globalization;

namespace OtpActors.Domain.Records;

/// <summary>
/// A record's time as its log keeps it: milliseconds since 1970, UTC. Any producer may have written any 64-bit number
/// (microseconds are a frequent slip), so it is a date only where it lies within the years 1 to 9999. Nothing here throws.
/// </summary>
public readonly record struct RecordTime(long Milliseconds)
{
    private const string Unit = " ms";

    private static readonly long Least = DateTimeOffset.MinValue.ToUnixTimeMilliseconds();
    private static readonly long Most = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    /// <summary>The date; null beyond the years 1 to 9999.</summary>
    public DateTimeOffset? Date =>
        Milliseconds >= Least && Milliseconds <= Most ? DateTimeOffset.FromUnixTimeMilliseconds(Milliseconds) : null;

    /// <summary>Why a record of this time cannot be stored; null where it is a date.</summary>
    public string? Problem => Date is null
        ? string.Create(
            CultureInfo.InvariantCulture,
            $"the record's time, {Milliseconds} ms since 1970, is outside the years 1 to 9999; it must be in milliseconds")
        : null;

    public static implicit operator RecordTime(DateTimeOffset time) => new(time.ToUnixTimeMilliseconds());

    /// <summary>Reads what <see cref="ToString"/> gives.</summary>
    public static RecordTime? TryParse(string? text) =>
        text is null ? null
        : text.EndsWith(Unit, StringComparison.Ordinal)
            ? long.TryParse(text.AsSpan(..^Unit.Length), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                ? new RecordTime(number)
                : null
        : DateTimeOffset.TryParseExact(text, "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? time
        : null;

    /// <summary>The date in the round-trip format, else the number with its unit.</summary>
    public override string ToString() => Date is { } date
        ? date.ToString("O", CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{Milliseconds}{Unit}");
}
