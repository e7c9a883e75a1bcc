namespace OtpActors.CommandLine.Screens;

/// <summary>How text is shown. The terminal's own sixteen colours, so that it suits its background.</summary>
internal enum Ink
{
    Plain,
    Strong,
    Faint,
    Good,
    Busy,
    Warning,
    Bad,
}

/// <summary>A stretch of a line.</summary>
internal readonly record struct Span(string Text, Ink Ink = Ink.Plain);

/// <summary>One line of a screen, without control characters: those of its texts are left out.</summary>
internal sealed class Line
{
    private readonly IReadOnlyList<Span> _spans;

    public Line(params IEnumerable<Span> spans)
    {
        _spans = [.. spans.Select(span => span with { Text = TextWidth.Clean(span.Text) }).Where(span => span.Text.Length > 0)];
        Width = _spans.Sum(span => TextWidth.Measure(span.Text));
    }

    public Line(string text, Ink ink = Ink.Plain) : this([new Span(text, ink)])
    {
    }

    /// <summary>In columns.</summary>
    public int Width { get; }

    /// <summary>The line, ended by an ellipsis where it is longer than this.</summary>
    public Line Cut(int width)
    {
        if (Width <= width)
        {
            return this;
        }

        var (left, kept) = (width, new List<Span>());
        foreach (var span in _spans)
        {
            var own = TextWidth.Measure(span.Text);
            kept.Add(own < left ? span : span with { Text = TextWidth.Cut(span.Text, left, always: true) });
            left -= own;
            if (left <= 0)
            {
                break;
            }
        }

        return new Line(kept);
    }

    public override string ToString() => ToString(colours: false);

    public string ToString(bool colours) => string.Concat(_spans.Select(span =>
        colours && span.Ink != Ink.Plain ? $"\e[{Code(span.Ink)}m{span.Text}\e[0m" : span.Text)).TrimEnd(' ');

    private static int Code(Ink ink) => ink switch
    {
        Ink.Strong => 1,
        Ink.Faint => 2,
        Ink.Good => 32,
        Ink.Busy => 36,
        Ink.Warning => 33,
        Ink.Bad => 31,
        _ => 0,
    };
}
