using System.Runtime.InteropServices;

namespace OtpActors.CommandLine;

/// <summary>
/// Looks at the limit of open files (<c>ulimit -n</c>) before anything else is loaded: the parts of the program themselves are files
/// that stay open, so that beneath a few hundred it would break off at some later place, for reasons that name no limit.
/// </summary>
internal static class OpenFiles
{
    /// <summary>What any command takes at most (about 270), and room for servers that it talks to.</summary>
    public const ulong ForCommands = 512;

    /// <summary>What <c>serve</c> takes without a caller (about 350), and room for some hundred connections.</summary>
    public const ulong ForService = 1_024;

    /// <returns>What is wrong and how to mend it; null where nothing is.</returns>
    public static string? Complaint(string[] args) => OperatingSystem.IsWindows() || Limit(Number, out var limit) != 0
        ? null
        : ComplaintOf(args, (ulong)limit.Hard);

    /// <param name="limit">The hard limit: .NET raises the soft one to it at its start.</param>
    internal static string? ComplaintOf(string[] args, ulong limit)
    {
        var serves = args is [] or ["serve", ..] or ["--data", ..];
        var needed = serves ? ForService : ForCommands;
        return limit >= needed
            ? null
            : $"At most {limit} files may be open at a time, and OtpActors needs {needed}{(serves ? ", and one more for each connection beyond some hundred" : "")}. "
                + $"Raise the limit: `ulimit -n {needed}` in the shell, LimitNOFILE={needed} under systemd, --ulimit nofile={needed} with docker.";
    }

    private static int Number => OperatingSystem.IsLinux() ? 7 : 8; // RLIMIT_NOFILE

    [DllImport("libc", EntryPoint = "getrlimit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Limit(int resource, out Limits limits);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Limits
    {
        public readonly nuint Soft;
        public readonly nuint Hard;
    }
}
