using System.Globalization;
using System.Text;

namespace OtpActors.Api;

/// <summary>The cursor of a list that is in the order of a time and, where that is the same, of an id.</summary>
internal static class TimeCursor
{
    /// <summary>Goes on behind this item.</summary>
    public static string From(DateTimeOffset time, string id) => Convert.ToBase64String(
        Encoding.UTF8.GetBytes($"{time.ToUnixTimeMilliseconds()}:{id}")).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    /// <exception cref="ApiProblemException">It is no such cursor.</exception>
    public static (DateTimeOffset Time, string Id) Parse(string cursor)
    {
        var buffer = new byte[cursor.Length];
        var padded = cursor.Replace('-', '+').Replace('_', '/').PadRight((cursor.Length + 3) / 4 * 4, '=');
        var parts = Convert.TryFromBase64String(padded, buffer, out var length)
            ? Encoding.UTF8.GetString(buffer, 0, length).Split(':', 2)
            : [];
        return parts.Length == 2 && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var ms)
            && ms <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? (DateTimeOffset.FromUnixTimeMilliseconds(ms), parts[1])
            : throw ApiProblemException.BadField("cursor", "it must be the next of the page before.");
    }
}
