using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using OtpActors.Bench;
using Spectre.Console;

const int BaselineRows = 200_000;

var counts = new Option<long[]>("--counts")
{
    Description = "Records of each run.",
    DefaultValueFactory = _ => [200_000, 2_000_000],
    AllowMultipleArgumentsPerToken = true,
};
var partitions = new Option<int>("--partitions") { Description = "Partitions of the topic.", DefaultValueFactory = _ => 1 };
var repeat = new Option<int>("--repeat") { Description = "How often each run is measured.", DefaultValueFactory = _ => 1 };
var output = new Option<string?>("--out") { Description = "Also write the figures to this file, as JSON." };
var root = new RootCommand("Measures `run --count N --notify none` on the embedded topic and stores; a sub-command measures one part.")
{
    counts, partitions, repeat, output, KafkaCommand.Create(), CassandraBenchmark.Create(), MongoBenchmark.Create(), MailBenchmark.Create(), JournalBenchmark.Create(),
    ViewBenchmark.Create(), CommandBenchmark.Create(),
};
foreach (var command in ServiceBenchmark.Create())
{
    root.Subcommands.Add(command);
}

root.SetAction(async parsed =>
{
    var results = new List<RunBenchmark.Result>();
    foreach (var count in parsed.GetRequiredValue(counts))
    {
        for (var i = 0; i < parsed.GetValue(repeat); i++)
        {
            var directory = Directory.CreateTempSubdirectory("otpactors-bench-").FullName;
            try
            {
                var baseline = Baseline.Measure(directory, BaselineRows);
                results.Add(await RunBenchmark.MeasureAsync(count, parsed.GetValue(partitions), directory, baseline));
            }
            finally
            {
                Directory.Delete(directory, recursive: true);
            }
        }
    }

    Write(results);
    if (parsed.GetValue(output) is { } file)
    {
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(results, new JsonSerializerOptions(JsonSerializerDefaults.Web) { WriteIndented = true }));
    }
});

if (Console.IsOutputRedirected)
{
    AnsiConsole.Profile.Width = 120;
}

return await root.Parse(args).InvokeAsync();

static void Write(List<RunBenchmark.Result> results)
{
    var table = new Table().Border(TableBorder.Rounded);
    string[] columns = ["records", "run s", "records/s", "× baseline", "process s", "CPU µs/record", "alloc B/record", "peak MiB", "GC 0/1/2"];
    foreach (var column in columns)
    {
        table.AddColumn(new TableColumn(column).RightAligned());
    }

    foreach (var r in results)
    {
        table.AddRow(
            Number(r.Records), Number(r.Seconds, 2), Number(r.RecordsPerSecond), Number(r.RatioToBaseline, 2), Number(r.WallSeconds, 2),
            Number(r.CpuMicrosPerRecord, 1), Number(r.AllocatedBytesPerRecord), Number(r.PeakMiB), $"{r.Gen0}/{r.Gen1}/{r.Gen2}");
    }

    AnsiConsole.Write(table);
}

static string Number(double value, int decimals = 0) => value.ToString($"N{decimals}", CultureInfo.InvariantCulture);
