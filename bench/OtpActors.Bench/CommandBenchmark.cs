using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using Spectre.Console;

namespace OtpActors.Bench;

/// <summary>
/// What a short command costs: <c>--help</c>, <c>runs</c> and <c>find</c> beside a few runs, one after the other in rounds.
/// Medians of the time that passes and of the processor's time, that of the runtime's start included. For Unix.
/// </summary>
internal static class CommandBenchmark
{
    private const int Children = -1; // RUSAGE_CHILDREN

    private static readonly string[][] Commands =
    [
        ["--help"], ["--version"], ["run", "--help"], ["[suggest:2]", "ru"], ["runs"], ["find", "sample_email@my_email.com"],
    ];

    public static Command Create()
    {
        var rounds = new Option<int>("--rounds") { Description = "Rounds.", DefaultValueFactory = _ => 11 };
        var program = new Option<string>("--program")
        {
            Description = "The OtpActors.dll to measure. [default: the one built beside]",
            DefaultValueFactory = _ => Service,
        };
        var command = new Command("commands", "Measures what a short command costs.") { rounds, program };
        command.SetAction(async parsed =>
        {
            var directory = Directory.CreateTempSubdirectory("otpactors-bench-").FullName;
            try
            {
                var dll = Path.GetFullPath(parsed.GetRequiredValue(program));
                for (var i = 0; i < 3; i++)
                {
                    await MeasureAsync(dll, ["run", "--interval", "10ms", "--duration", "50ms"], directory);
                }

                var figures = Commands.Select(_ => new List<(double Wall, double Cpu)>()).ToList();
                for (var i = 0; i < parsed.GetValue(rounds); i++)
                {
                    for (var each = 0; each < Commands.Length; each++)
                    {
                        figures[each].Add(await MeasureAsync(dll, Commands[each], directory));
                    }
                }

                Write(figures);
            }
            finally
            {
                Directory.Delete(directory, recursive: true);
            }
        });
        return command;
    }

    private static async Task<(double Wall, double Cpu)> MeasureAsync(string dll, string[] arguments, string directory)
    {
        var (clock, before) = (Stopwatch.GetTimestamp(), CpuOfChildren());
        using var process = Process.Start(new ProcessStartInfo("dotnet", ["exec", dll, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = directory,
        })!;
        var said = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? (Stopwatch.GetElapsedTime(clock).TotalMilliseconds, CpuOfChildren() - before)
            : throw new InvalidOperationException(
                $"{string.Join(' ', arguments)} ended with {process.ExitCode}: {string.Concat(said)}");
    }

    private static void Write(List<List<(double Wall, double Cpu)>> figures)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumn("command");
        foreach (var column in new[] { "ms", "least", "processor ms", "least" })
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        foreach (var (command, measured) in Commands.Zip(figures))
        {
            var wall = measured.Select(each => each.Wall).Order().ToList();
            var cpu = measured.Select(each => each.Cpu).Order().ToList();
            table.AddRow(
                Markup.Escape(string.Join(' ', command)),
                Number(wall[wall.Count / 2]), Number(wall[0]), Number(cpu[cpu.Count / 2]), Number(cpu[0]));
        }

        AnsiConsole.Write(table);
    }

    private static string Number(double milliseconds) => milliseconds.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>User and system time of the children that have ended, in milliseconds.</summary>
    private static double CpuOfChildren() => GetUsage(Children, out var usage) == 0
        ? usage.User.Milliseconds + usage.System.Milliseconds
        : throw new InvalidOperationException("The processor's time cannot be read here.");

    [DllImport("libc", EntryPoint = "getrusage")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int GetUsage(int who, out Usage usage);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Time
    {
        private readonly nint _seconds;
        private readonly nint _microseconds;

        public double Milliseconds => (_seconds * 1_000.0) + (_microseconds / 1_000.0);
    }

    /// <summary>struct rusage: two times, and fourteen counts that are not looked at.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 144)]
    private readonly struct Usage
    {
        public readonly Time User;
        public readonly Time System;
    }

    private static string Service => typeof(CommandBenchmark).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Service").Value!;
}
