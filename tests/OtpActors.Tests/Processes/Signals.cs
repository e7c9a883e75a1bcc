using System.Globalization;
using System.Runtime.InteropServices;
using Xunit;

namespace OtpActors.Tests.Processes;

internal enum Signal
{
    HangUp = 1,
    Interrupt = 2,
    BrokenPipe = 13,
    Terminate = 15,
}

internal static class Signals
{
    public static void Send(int processId, Signal signal)
    {
        if (Kill(processId, (int)signal) != 0)
        {
            throw new InvalidOperationException($"kill({processId}, {signal}) failed: errno {Marshal.GetLastPInvokeError()}");
        }
    }

    /// <summary>Windows has no such signals; and a shell's background jobs, with all they start, may ignore SIGINT.</summary>
    public static void SkipUnlessSent(Signal signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGTERM and no SIGINT");
        Assert.SkipWhen(IsIgnored(signal), $"{signal} is ignored by whoever started the tests, and so by all they start");
    }

    private static bool IsIgnored(Signal signal)
    {
        const string status = "/proc/self/status";
        const string label = "SigIgn:";
        var line = File.Exists(status) ? File.ReadLines(status).FirstOrDefault(l => l.StartsWith(label, StringComparison.Ordinal)) : null;
        return line is not null
            && (ulong.Parse(line.AsSpan(label.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) >> ((int)signal - 1) & 1) != 0;
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int processId, int signal);
}
