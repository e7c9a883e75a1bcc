using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text.Json;

namespace OtpActors.Bench;

/// <summary>One run of the real program: <c>run --count N --notify none</c> in a process and a data directory of its own.</summary>
internal static class RunBenchmark
{
    /// <param name="Seconds">The run, from its first step to its end, checks of every address in both stores included.</param>
    /// <param name="WallSeconds">The process, start and shutdown included.</param>
    public sealed record Result(
        long Records, int Partitions, double Seconds, double RecordsPerSecond, double WallSeconds,
        double CpuMicrosPerRecord, double AllocatedBytesPerRecord, double PeakMiB, int Gen0, int Gen1, int Gen2,
        double RatioToBaseline);

    /// <exception cref="InvalidOperationException">The run did not complete, or its report does not add up.</exception>
    public static async Task<Result> MeasureAsync(long records, int partitions, string directory, double baseline)
    {
        var self = Path.Combine(directory, "self.json");
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            WorkingDirectory = directory,
            ArgumentList =
            {
                Service, "run", "--json", "--notify", "none", "--data", Path.Combine(directory, "data"),
                "--count", records.ToString(CultureInfo.InvariantCulture),
                "--partitions", partitions.ToString(CultureInfo.InvariantCulture),
            },
            Environment =
            {
                ["DOTNET_STARTUP_HOOKS"] = typeof(RunBenchmark).Assembly.Location,
                [StartupHook.FileVariable] = self,
            },
        };
        var clock = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        using var report = JsonDocument.Parse(await process.StandardOutput.ReadToEndAsync());
        await process.WaitForExitAsync();
        var wall = clock.Elapsed.TotalSeconds;
        Verify(process.ExitCode, report.RootElement, records);
        var seen = JsonSerializer.Deserialize<StartupHook.Self>(await File.ReadAllTextAsync(self))!;
        var seconds = report.RootElement.GetProperty("durationMs").GetInt64() / 1000.0;
        return new Result(
            records, partitions, seconds, records / seconds, wall,
            seen.CpuSeconds * 1e6 / records, (double)seen.AllocatedBytes / records, seen.PeakBytes / 1048576.0,
            seen.Gen0, seen.Gen1, seen.Gen2, records / seconds / baseline);
    }

    private static string Service => typeof(RunBenchmark).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Service").Value!;

    private static void Verify(int exitCode, JsonElement report, long records)
    {
        var stores = report.GetProperty("stores").EnumerateArray().ToList();
        if (exitCode != 0 || report.GetProperty("produced").GetInt64() != records || stores.Count != 2
            || stores.Any(s => s.GetProperty("inserted").GetInt64() != records || s.GetProperty("found").GetInt64() != records))
        {
            throw new InvalidOperationException($"The run is no measurement, it ended with {exitCode}: {report}");
        }
    }
}
