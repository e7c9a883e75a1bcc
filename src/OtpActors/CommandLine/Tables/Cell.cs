using System.Globalization;
using OtpActors.CommandLine.Screens;

namespace OtpActors.CommandLine.Tables;

/// <summary>A value in a table.</summary>
/// <param name="Shown">For people.</param>
/// <param name="Plain">For tools: digits without separators, times as ISO 8601, without spaces where it can be.</param>
internal readonly record struct Cell(string Shown, string Plain)
{
    /// <summary>No value.</summary>
    public static readonly Cell None = new("", "-");

    public static Cell From(object? value) => value switch
    {
        null or "" => None,
        Cell cell => cell,
        DateTimeOffset time => From(time.UtcDateTime),
        DateTime time => new(Format(time, "yyyy-MM-dd HH:mm:ss'Z'"), Format(time, "yyyy-MM-dd'T'HH:mm:ss'Z'")),
        bool yes => From(yes ? "yes" : "no"),
        int or long => new(Format((IFormattable)value, "N0"), Format((IFormattable)value, "D")),
        string text => new(TextWidth.Clean(text), TextWidth.Clean(text)),
        IFormattable other => From(Format(other, null)),
        _ => From(value.ToString()),
    };

    private static string Format(IFormattable value, string? format) => value.ToString(format, CultureInfo.InvariantCulture);
}
