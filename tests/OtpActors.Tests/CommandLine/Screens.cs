using OtpActors.CommandLine.Screens;

namespace OtpActors.Tests.CommandLine;

/// <summary>A terminal's side of the program, without a terminal: what is written, and a size that can be changed.</summary>
internal sealed class FakeScreen
{
    private readonly StringWriter _out = new() { NewLine = "\n" };

    public FakeScreen(int width = 120, int height = 40, bool colours = false)
    {
        Size = new ScreenSize(width, height);
        Screen = new Screen(_out, IsTerminal: true, CanRedraw: true, colours, () => Size);
    }

    public ScreenSize Size { get; set; }

    public Screen Screen { get; }

    public string Written => _out.ToString();

    /// <summary>The lines of the newest picture, without what moves the cursor.</summary>
    public IReadOnlyList<string> Picture => [.. Written.Split("\e[2K").Skip(1).TakeLast(Written.Split("\e[?2026h")[^1].Split("\e[2K").Length - 1)
        .Select(line => line.Split('\n')[0])];

    public static IReadOnlyList<string> Piped(Action<Screen> write)
    {
        using var output = new StringWriter { NewLine = "\n" };
        write(Screen.Pipe(output));
        return output.ToString().TrimEnd('\n').Split('\n');
    }
}
