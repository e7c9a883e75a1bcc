using System.Text;
using OtpActors.CommandLine.Screens;

namespace OtpActors.CommandLine;

/// <summary>How this program was started, for telling how to start it again in the same place.</summary>
internal static class Invocation
{
    private const string Name = "OtpActors";

    /// <summary>What comes before a verb: <c>OtpActors</c>, or <c>dotnet run … --</c> with the options it was given.</summary>
    public static string Program { get; } = OfParent(Parent(), Environment.GetCommandLineArgs()[1..]) ?? Name;

    /// <summary>A command line to copy.</summary>
    public static string From(params IEnumerable<string> arguments) => $"{Program} {string.Join(' ', arguments.Select(Quoted))}";

    /// <summary>The command line in lines that a shell takes as one; where quotes forbid that, in one line.</summary>
    public static string Fit(string command, int? width, int indent)
    {
        var room = (width ?? int.MaxValue) - " \\".Length;
        return OperatingSystem.IsWindows() || command.Contains('\'', StringComparison.Ordinal) || command.Length + indent <= (width ?? int.MaxValue)
            ? new string(' ', indent) + command
            : string.Join($" \\{Environment.NewLine}", TextWidth.Wrap(command, room, indent));
    }

    /// <param name="parent">The command line of the process that started this one, each argument ended by a zero.</param>
    /// <param name="own">This process's arguments: the last ones of <c>dotnet run</c>'s.</param>
    /// <returns>Null where this was not started by <c>dotnet run</c>, or cannot be told.</returns>
    internal static string? OfParent(string? parent, IReadOnlyList<string> own)
    {
        var words = parent?.TrimEnd('\0').Split('\0') ?? [];
        if (words.Length < 2 + own.Count || Path.GetFileNameWithoutExtension(words[0]) != "dotnet" || words[1] != "run"
            || !words[^own.Count..].SequenceEqual(own))
        {
            return null;
        }

        var before = words[2..^own.Count];
        return string.Join(' ', ["dotnet", "run", .. before.Where(word => word != "--").Select(Quoted), "--"]);
    }

    /// <summary>As a shell has to be given it to pass it on as it is.</summary>
    internal static string Quoted(string argument) =>
        argument.Length > 0 && argument.All(c => char.IsAsciiLetterOrDigit(c) || "-_./:=,+@%~\\".Contains(c, StringComparison.Ordinal))
            && (OperatingSystem.IsWindows() || !argument.Contains('\\', StringComparison.Ordinal)) && argument[0] != '~' ? argument
        : OperatingSystem.IsWindows() ? $"\"{argument}\"" : $"'{argument.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    /// <summary>Only Linux says it without another program.</summary>
    private static string? Parent()
    {
        try
        {
            // "pid (name) state parent …"; the name may hold spaces and parentheses.
            var stat = File.ReadAllText("/proc/self/stat");
            var parent = stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1];
            return Encoding.UTF8.GetString(File.ReadAllBytes($"/proc/{parent}/cmdline"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or IndexOutOfRangeException or ArgumentException)
        {
            return null;
        }
    }
}
