namespace OtpActors.CommandLine.Screens;

/// <summary>A size in columns and rows.</summary>
internal readonly record struct ScreenSize(int Width, int Height)
{
    /// <summary>Of a terminal that does not say.</summary>
    public static readonly ScreenSize Usual = new(80, 24);
}

/// <summary>Where a command's answer goes, and what can be shown there.</summary>
/// <param name="Out">Takes the answer.</param>
/// <param name="IsTerminal">Whether people read it as it comes. A file or a pipe has no width, and is read by tools.</param>
/// <param name="CanRedraw">Whether the cursor can be moved.</param>
/// <param name="HasColours">Whether colours may be used.</param>
/// <param name="SizeNow">The terminal's size at this moment: it may change at any time.</param>
internal sealed record Screen(
    TextWriter Out, bool IsTerminal, bool CanRedraw, bool HasColours, Func<ScreenSize> SizeNow)
{
    /// <summary>Below this width text comes in lines: neither tables nor pictures fit.</summary>
    public const int Narrow = 60;

    /// <summary>From this width on all columns are shown.</summary>
    public const int Wide = 100;

    public ScreenSize Size => SizeNow();

    /// <summary>The width that lines have to keep to; null where they need not.</summary>
    public int? Width => IsTerminal ? Size.Width : null;

    /// <summary>A file or a pipe.</summary>
    public static Screen Pipe(TextWriter output) => new(output, false, false, false, () => ScreenSize.Usual);

    public void Write(IEnumerable<Line> lines)
    {
        foreach (var line in lines)
        {
            Out.WriteLine(line.ToString(HasColours));
        }
    }

    /// <summary>Text that is broken between words where the screen ends. Words, and so ids and addresses, stay whole.</summary>
    public void WriteText(string text)
    {
        foreach (var line in text.ReplaceLineEndings("\n").Split('\n').SelectMany(line => Width is { } width ? TextWidth.Wrap(line, width) : [line]))
        {
            Out.WriteLine(line);
        }
    }
}
