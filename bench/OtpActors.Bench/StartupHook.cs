using System.Diagnostics;
using System.Text.Json;

/// <summary>
/// Loaded by the runtime into the process that is measured (DOTNET_STARTUP_HOOKS): writes what only that process knows
/// of itself when it ends. The name and the missing namespace are the runtime's rule.
/// </summary>
internal static class StartupHook
{
    public const string FileVariable = "OTPACTORS_BENCH_SELF";

    public static void Initialize()
    {
        if (Environment.GetEnvironmentVariable(FileVariable) is { } file)
        {
            AppDomain.CurrentDomain.ProcessExit += (_, _) => File.WriteAllText(file, JsonSerializer.Serialize(Self.Now()));
        }
    }

    /// <param name="AllocatedBytes">By managed code, since the start.</param>
    /// <param name="PeakBytes">The largest resident set.</param>
    /// <param name="CpuSeconds">User and system.</param>
    internal sealed record Self(long AllocatedBytes, long PeakBytes, double CpuSeconds, int Gen0, int Gen1, int Gen2)
    {
        public static Self Now()
        {
            using var process = Process.GetCurrentProcess();
            return new Self(
                GC.GetTotalAllocatedBytes(), process.PeakWorkingSet64, process.TotalProcessorTime.TotalSeconds,
                GC.CollectionCount(0), GC.CollectionCount(1), GC.CollectionCount(2));
        }
    }
}
