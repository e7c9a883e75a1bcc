using System.Text;

namespace OtpActors.CommandLine.Screens;

/// <summary>
/// Draws a picture over the one before. Nothing of the terminal is changed between two pictures (the cursor stays visible,
/// the screen is the usual one), so a process that is killed leaves a picture and a working terminal. A picture has to be
/// lower than the screen: what has left it at the top can be drawn over no more.
/// </summary>
/// <remarks>One thread draws; <see cref="Forget"/> may be called from any.</remarks>
internal sealed class Redraw(Screen screen)
{
    /// <summary>Widths of the lines on the screen.</summary>
    private volatile IReadOnlyList<int> _drawn = [];
    private string _last = "";

    public void Draw(IReadOnlyList<Line> lines)
    {
        var text = new StringBuilder();
        foreach (var line in lines)
        {
            text.Append("\e[2K").Append(line.ToString(screen.HasColours)).Append('\n');
        }

        var size = screen.Size;
        var drawn = _drawn;
        var picture = text.ToString();
        if (drawn.Count > 0 && picture == _last)
        {
            return;
        }

        // A line that was drawn on a wider screen is broken there by now, and takes several rows.
        var up = Math.Min(drawn.Sum(width => Math.Max(1, (width + size.Width - 1) / size.Width)), size.Height - 1);

        // Shown at once where the terminal knows how to (2026), and without breaking lines (7), in one write.
        screen.Out.Write($"\e[?2026h\e[?7l\r{(up > 0 ? $"\e[{up}A" : "")}{picture}\e[0J\e[?7h\e[?2026l");
        screen.Out.Flush();
        _drawn = [.. lines.Select(line => line.Width)];
        _last = picture;
    }

    /// <summary>The next picture is drawn below: something else has been written since the last one.</summary>
    public void Forget() => _drawn = [];
}
