using System.Text.Encodings.Web;
using System.Text.Json;
using Spectre.Console;

namespace OtpActors.CommandLine;

/// <summary>How this process talks to whoever started it.</summary>
internal static class Terminal
{
    /// <summary>Width of a table in a file or a pipe, which have none of their own.</summary>
    private const int PlainWidth = 120;

    public static IAnsiConsole Console { get; } = CreateConsole();

    /// <summary>Whether standard output is a file or a pipe, or a terminal that cannot redraw.</summary>
    public static bool IsPlain => System.Console.IsOutputRedirected || !Console.Profile.Capabilities.Ansi;

    private static IAnsiConsole CreateConsole()
    {
        var console = AnsiConsole.Console;
        if (System.Console.IsOutputRedirected)
        {
            console.Profile.Width = PlainWidth;
        }

        return console;
    }

    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // read by people and tools, never put into a page
        Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };
}
