using System.Globalization;
using System.Text;

namespace OtpActors.CommandLine.Screens;

/// <summary>Text as a terminal shows it: in columns, of which a character takes none, one or two.</summary>
internal static class TextWidth
{
    private const string Ellipsis = "…";

    /// <summary>Blocks whose characters take two columns (Unicode Standard Annex #11, W and F), roughly.</summary>
    private static readonly (int From, int To)[] Double =
    [
        (0x1100, 0x115F), (0x2E80, 0x303E), (0x3041, 0xA4CF), (0xA960, 0xA97F), (0xAC00, 0xD7A3), (0xF900, 0xFAFF),
        (0xFE30, 0xFE6F), (0xFF00, 0xFF60), (0xFFE0, 0xFFE6), (0x1F300, 0x1F64F), (0x1F680, 0x1F6FF), (0x1F900, 0x1F9FF),
        (0x20000, 0x3FFFD),
    ];

    public static int Measure(string text)
    {
        var width = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            width += Measure(rune);
        }

        return width;
    }

    /// <summary>One line that moves no cursor: whatever breaks lines is a space, other control and format characters go.</summary>
    public static string Clean(string text)
    {
        if (!text.EnumerateRunes().Any(IsUnsafe))
        {
            return text;
        }

        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            clean.Append(!IsUnsafe(rune) ? rune.ToString() : rune.Value is '\n' or '\t' or 0x85 or 0x2028 or 0x2029 ? " " : "");
        }

        return clean.ToString();
    }

    /// <param name="always">Whether the end is missing even if the text fits.</param>
    /// <returns>The text in at most this many columns, ended by an ellipsis where some is missing.</returns>
    public static string Cut(string text, int width, bool always = false)
    {
        if (width <= 0)
        {
            return "";
        }

        if (!always && Measure(text) <= width)
        {
            return text;
        }

        var (kept, used) = (new StringBuilder(), 1);
        foreach (var rune in text.EnumerateRunes())
        {
            if ((used += Measure(rune)) > width)
            {
                break;
            }

            kept.Append(rune.ToString());
        }

        return kept.ToString().TrimEnd(' ') + Ellipsis;
    }

    /// <summary>Filled up with spaces.</summary>
    public static string Pad(string text, int width, bool right = false)
    {
        var fill = new string(' ', Math.Max(0, width - Measure(text)));
        return right ? fill + text : text + fill;
    }

    /// <summary>Lines broken between words; a word that is longer than a line stays whole.</summary>
    /// <param name="indent">Spaces before every line.</param>
    public static IReadOnlyList<string> Wrap(string text, int width, int indent = 0)
    {
        var lines = new List<string>();
        var line = new StringBuilder();
        var used = indent;
        foreach (var word in text.Split(' '))
        {
            if (line.Length > 0 && used + 1 + Measure(word) > width)
            {
                lines.Add(new string(' ', indent) + line.ToString().TrimEnd(' '));
                line.Clear();
                used = indent;
            }
            else if (line.Length > 0)
            {
                line.Append(' ');
                used++;
            }

            line.Append(word);
            used += Measure(word);
        }

        lines.Add(new string(' ', indent) + line);
        return lines;
    }

    private static int Measure(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format or UnicodeCategory.Control => 0,
        _ when rune.Value < 0x1100 => 1,
        _ => Array.Exists(Double, block => rune.Value >= block.From && rune.Value <= block.To) ? 2 : 1,
    };

    private static bool IsUnsafe(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
