using System.Globalization;

namespace OtpActors.CommandLine;

/// <summary>Numbers and times as people read them; invariant in every culture, times in UTC.</summary>
internal static class Texts
{
    public static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary><c>1 record</c>, <c>2 records</c>.</summary>
    /// <param name="many">The plural; the singular with an s where it is left out.</param>
    public static string Count(long value, string one, string? many = null) => $"{Number(value)} {(value == 1 ? one : many ?? $"{one}s")}";

    /// <summary><c>0.12 s</c>, <c>12.3 s</c>, <c>3 min 20 s</c>, <c>1 h 02 min</c>, <c>2 d 3 h</c>.</summary>
    public static string Duration(TimeSpan time)
    {
        var seconds = Math.Max(0, time.TotalSeconds);
        return seconds switch
        {
            < 9.995 => From($"{seconds:N2} s"),
            < 59.95 => From($"{seconds:N1} s"),
            _ => Whole(TimeSpan.FromSeconds(Math.Min(Math.Round(seconds), TimeSpan.MaxValue.TotalSeconds - 1))),
        };
    }

    /// <summary>A time that is only guessed: whole seconds, or minutes from ten on.</summary>
    public static string Roughly(TimeSpan time) => Math.Ceiling(Math.Max(0, time.TotalSeconds)) switch
    {
        < 60 and var seconds => From($"{seconds:N0} s"),
        < 600 and var seconds => Whole(TimeSpan.FromSeconds(seconds)),
        < 3600 and var seconds => From($"{Math.Ceiling(seconds / 60):N0} min"),
        var seconds => Whole(TimeSpan.FromSeconds(Math.Min(seconds, TimeSpan.MaxValue.TotalSeconds - 1))),
    };

    /// <summary>The time of the day; the day too where it is another one than <paramref name="now"/>.</summary>
    public static string Clock(DateTimeOffset time, DateTimeOffset now) => time.UtcDateTime.ToString(
        time.UtcDateTime.Date == now.UtcDateTime.Date ? "HH:mm:ss'Z'" : "yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>Day and time.</summary>
    public static string Stamp(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string Whole(TimeSpan time) => time switch
    {
        { TotalHours: < 1 } => From($"{time.Minutes} min {time.Seconds:00} s"),
        { TotalDays: < 1 } => From($"{time.Hours} h {time.Minutes:00} min"),
        _ => From($"{time.Days:N0} d {time.Hours} h"),
    };

    private static string From(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
