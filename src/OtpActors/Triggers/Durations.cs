using System.Globalization;
using System.Text.RegularExpressions;

namespace OtpActors.Triggers;

/// <summary>Lengths of time as people type them: <c>500ms</c>, <c>5s</c>, <c>2m</c>, <c>1h</c>, <c>00:00:05</c>.</summary>
internal static partial class Durations
{
    public const string Forms = "500ms, 5s, 2m, 1h or 00:00:05";

    private static readonly TimeSpan Longest = TimeSpan.FromDays(365);

    public static bool TryParse(string text, out TimeSpan duration)
    {
        var match = Form().Match(text);
        if (!match.Success)
        {
            // All three parts: .NET takes a mere 5 for five days, where seconds are meant.
            return TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out duration)
                && text.Count(c => c == ':') == 2 && duration > TimeSpan.Zero && duration < Longest;
        }

        var number = double.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        var seconds = number * match.Groups[2].Value switch
        {
            "ms" => 0.001,
            "s" => 1,
            "m" => 60,
            _ => 3600,
        };
        duration = seconds < Longest.TotalSeconds ? TimeSpan.FromSeconds(seconds) : TimeSpan.Zero;
        return duration > TimeSpan.Zero;
    }

    [GeneratedRegex(@"^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)$")]
    private static partial Regex Form();
}
