using System.Globalization;
using System.Text.RegularExpressions;

namespace OtpActors.Domain.Times;

/// <summary>
/// Points in time in the form of RFC 3339, as <c>2031-05-17T08:30:00Z</c>: whole seconds and what is finer may be left out.
/// </summary>
public static partial class Instants
{
    /// <param name="requireOffset">Refuses a time that does not say its offset; otherwise it is UTC, and may be a date alone.</param>
    public static bool TryParse(string? text, out DateTimeOffset time, bool requireOffset = false)
    {
        time = default;
        return text is { Length: <= 40 } && (requireOffset ? WithOffset() : Any()).IsMatch(text)
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
    }

    [GeneratedRegex(@"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,7})?)?(Z|[+-][0-9]{2}:[0-9]{2})\z")]
    private static partial Regex WithOffset();

    [GeneratedRegex(@"\A[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,7})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?\z")]
    private static partial Regex Any();
}
