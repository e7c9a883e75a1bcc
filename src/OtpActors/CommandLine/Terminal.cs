using System.Text.Encodings.Web;
using System.Text.Json;
using OtpActors.CommandLine.Screens;

namespace OtpActors.CommandLine;

/// <summary>How this process talks to whoever started it.</summary>
internal static class Terminal
{
    /// <summary>Standard output.</summary>
    public static Screen Screen { get; } = From(Console.Out, Console.IsOutputRedirected, Environment.GetEnvironmentVariable, Size);

    /// <summary>Standard error.</summary>
    public static Screen Error { get; } = From(Console.Error, Console.IsErrorRedirected, Environment.GetEnvironmentVariable, Size);

    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // read by people and tools, never put into a page
        Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>
    /// What can be shown: nothing but text in a file or a pipe and where <c>TERM</c> is absent or <c>dumb</c>; no colours where
    /// <c>NO_COLOR</c> has a value (no-color.org).
    /// </summary>
    internal static Screen From(TextWriter output, bool redirected, Func<string, string?> environment, Func<ScreenSize> size)
    {
        var canRedraw = !redirected
            && (OperatingSystem.IsWindows() ? IsVirtual() : environment("TERM") is { Length: > 0 } term && term != "dumb");
        return new Screen(output, !redirected, canRedraw, canRedraw && string.IsNullOrEmpty(environment("NO_COLOR")), size);
    }

    /// <summary>What goes with a list and is no part of it: where tools read the list, it goes to standard error.</summary>
    public static void Remark(string text)
    {
        if (Screen.IsTerminal)
        {
            Screen.WriteText(text);
        }
        else
        {
            Error.WriteText(text);
        }
    }

    /// <summary>Whether Windows' console takes control sequences: it has to be asked to.</summary>
    private static bool IsVirtual() => Spectre.Console.AnsiConsole.Profile.Capabilities.Ansi;

    private static ScreenSize Size()
    {
        try
        {
            return Console.WindowWidth > 0 && Console.WindowHeight > 0
                ? new ScreenSize(Console.WindowWidth, Console.WindowHeight) : ScreenSize.Usual;
        }
        catch (IOException)
        {
            return ScreenSize.Usual; // it went away
        }
    }
}
