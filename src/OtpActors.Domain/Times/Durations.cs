using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;

namespace OtpActors.Domain.Times;

/// <summary>
/// Lengths of time as people type them: <c>500ms</c>, <c>5s</c>, <c>2m</c>, <c>1h</c>, <c>00:00:05</c>, and in the form of ISO
/// 8601 (§5.5.2.2, weeks to seconds, the last part with a fraction): <c>PT5S</c>, <c>P1DT12H</c>. Digits are ASCII; nothing throws.
/// </summary>
/// <remarks>Months and years are refused, since they have no certain length.</remarks>
public static partial class Durations
{
    public const string Forms = "500ms, 5s, 2m, 1h, 00:00:05 or PT5S";

    private static readonly TimeSpan Longest = TimeSpan.FromDays(365);

    /// <summary>Above zero and below 365 days; at least one tick (100 ns).</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out TimeSpan duration)
    {
        duration = default;
        return text is { Length: > 0 and <= 64 }
            && (TryParseShort(text, out duration) || TryParseIso(text, out duration) || TryParseClock(text, out duration))
            && duration > TimeSpan.Zero && duration < Longest;
    }

    private static bool TryParseShort(string text, out TimeSpan duration)
    {
        var match = Short().Match(text);
        duration = default;
        return match.Success && TryAdd(ref duration, match.Groups["n"], match.Groups["unit"].Value switch
        {
            "ms" => TimeSpan.TicksPerMillisecond,
            "s" => TimeSpan.TicksPerSecond,
            "m" => TimeSpan.TicksPerMinute,
            _ => TimeSpan.TicksPerHour,
        });
    }

    private static bool TryParseIso(string text, out TimeSpan duration)
    {
        var match = Iso().Match(text);
        duration = default;
        return match.Success
            && TryAdd(ref duration, match.Groups["w"], TimeSpan.TicksPerDay * 7)
            && TryAdd(ref duration, match.Groups["d"], TimeSpan.TicksPerDay)
            && TryAdd(ref duration, match.Groups["h"], TimeSpan.TicksPerHour)
            && TryAdd(ref duration, match.Groups["m"], TimeSpan.TicksPerMinute)
            && TryAdd(ref duration, match.Groups["s"], TimeSpan.TicksPerSecond);
    }

    private static bool TryParseClock(string text, out TimeSpan duration)
    {
        // All three parts: .NET takes a mere 5 for five days, where seconds are meant.
        duration = default;
        return Clock().IsMatch(text) && TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out duration);
    }

    /// <summary>Nine digits of the largest unit stay far below what a decimal and a tick count hold.</summary>
    private static bool TryAdd(ref TimeSpan duration, Group part, long ticks)
    {
        if (!part.Success)
        {
            return true;
        }

        var number = decimal.Parse(part.Value.Replace(',', '.'), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);
        var sum = duration.Ticks + Math.Round(number * ticks);
        duration = new TimeSpan((long)Math.Min(sum, Longest.Ticks));
        return duration < Longest;
    }

    [GeneratedRegex(@"\A(?<n>[0-9]{1,9}(\.[0-9]{1,3})?)(?<unit>ms|s|m|h)\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Short();

    /// <summary>At least one part, one at least after a T; a fraction in the last part alone.</summary>
    [GeneratedRegex(
        @"\AP(?=.)(?![^.,]*[.,][0-9]+[A-Z].)((?<w>[0-9]{1,9}([.,][0-9]{1,9})?)W|((?<d>[0-9]{1,9}([.,][0-9]{1,9})?)D)?"
        + @"(T(?=.)((?<h>[0-9]{1,9}([.,][0-9]{1,9})?)H)?((?<m>[0-9]{1,9}([.,][0-9]{1,9})?)M)?((?<s>[0-9]{1,9}([.,][0-9]{1,9})?)S)?)?)\z",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Iso();

    [GeneratedRegex(@"\A([0-9]{1,3}\.)?[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(\.[0-9]{1,7})?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Clock();
}
