using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Spectre.Console;

namespace OtpActors.Bench;

/// <summary>
/// What it costs to show a run: <c>run --count N --notify none</c> on a terminal of its own (<c>script</c>) and into a pipe, one
/// after the other, the first of each pair changing. Medians, and the median of the pairs' ratios.
/// </summary>
internal static class ViewBenchmark
{
    private sealed record Figures(double Seconds, double CpuSeconds, long Written);

    public static Command Create()
    {
        var count = new Option<long>("--count") { Description = "Records of each run.", DefaultValueFactory = _ => 500_000 };
        var rounds = new Option<int>("--rounds") { Description = "Pairs.", DefaultValueFactory = _ => 7 };
        var command = new Command("view", "Measures what it costs to show a run on a terminal.") { count, rounds };
        command.SetAction(async parsed =>
        {
            var (piped, shown) = (new List<Figures>(), new List<Figures>());
            for (var i = 0; i < parsed.GetValue(rounds); i++)
            {
                for (var n = 0; n < 2; n++)
                {
                    var terminal = (i + n) % 2 == 1;
                    var figures = await MeasureAsync(parsed.GetValue(count), terminal);
                    (terminal ? shown : piped).Add(figures);
                    Console.Error.WriteLine(string.Create(
                        CultureInfo.InvariantCulture,
                        $"{(terminal ? "terminal" : "pipe"),-8} {figures.Seconds:N2} s, {figures.CpuSeconds:N2} s of processor, {figures.Written:N0} bytes written"));
                }
            }

            Write(piped, shown);
        });
        return command;
    }

    private static async Task<Figures> MeasureAsync(long count, bool terminal)
    {
        var directory = Directory.CreateTempSubdirectory("otpactors-bench-").FullName;
        try
        {
            var self = Path.Combine(directory, "self.json");
            string[] command = ["dotnet", Service, "run", "--count", $"{count}", "--notify", "none", "--data", Path.Combine(directory, "data")];
            var start = terminal
                ? new ProcessStartInfo("script", ["-qec", $"stty rows 40 cols 120; exec {string.Join(' ', command)}", "/dev/null"])
                : new ProcessStartInfo(command[0], command[1..]);
            (start.RedirectStandardOutput, start.WorkingDirectory) = (true, directory);
            start.Environment["TERM"] = "xterm-256color";
            start.Environment["DOTNET_STARTUP_HOOKS"] = typeof(ViewBenchmark).Assembly.Location;
            start.Environment[StartupHook.FileVariable] = self;
            using var process = Process.Start(start)!;
            var said = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            if (process.ExitCode != 0 || said.Contains('\e') != terminal)
            {
                throw new InvalidOperationException($"The run is no measurement, it ended with {process.ExitCode}: {said}");
            }

            var seen = JsonSerializer.Deserialize<StartupHook.Self>(await File.ReadAllTextAsync(self))!;
            return new Figures(await DurationAsync(directory), seen.CpuSeconds, said.Length);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<double> DurationAsync(string directory)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", [Service, "runs", "--json", "--data", Path.Combine(directory, "data")])
        {
            RedirectStandardOutput = true,
            WorkingDirectory = directory,
        })!;
        using var runs = JsonDocument.Parse(await process.StandardOutput.ReadToEndAsync());
        await process.WaitForExitAsync();
        return runs.RootElement.GetProperty("items")[0].GetProperty("report").GetProperty("durationMs").GetInt64() / 1000.0;
    }

    private static void Write(List<Figures> piped, List<Figures> shown)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumns("", "pipe", "terminal", "median of the pairs' ratios");
        foreach (var (name, of) in new (string, Func<Figures, double>)[] { ("run s", f => f.Seconds), ("processor s", f => f.CpuSeconds) })
        {
            table.AddRow(
                name, Number(Median(piped.Select(of))), Number(Median(shown.Select(of))),
                Median(piped.Zip(shown, (p, s) => of(s) / of(p))).ToString("N3", CultureInfo.InvariantCulture));
        }

        AnsiConsole.Write(table);
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }

    private static string Number(double value) => value.ToString("N2", CultureInfo.InvariantCulture);

    private static string Service => typeof(ViewBenchmark).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Service").Value!;
}
