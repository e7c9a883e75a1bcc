using System.CommandLine;
using System.Globalization;
using Spectre.Console;

namespace OtpActors.Bench;

internal static class KafkaCommand
{
    public static Command Create()
    {
        var servers = new Option<string?>("--bootstrap-servers") { Description = "Brokers to measure on, 0.11 or later; default: one that is started." };
        var records = new Option<int>("--records") { Description = "Records of each run.", DefaultValueFactory = _ => 2_000_000 };
        var rounds = new Option<int>("--rounds") { Description = "Measured runs of each kind.", DefaultValueFactory = _ => 3 };
        var idle = new Option<int>("--idle") { Description = "Seconds that an idle source is watched.", DefaultValueFactory = _ => 20 };
        var command = new Command("kafka", "Measures the Kafka source and flow beside bare loops of the same client.") { servers, records, rounds, idle };
        command.SetAction(async parsed =>
        {
            await using var benchmark = await KafkaBenchmark.StartAsync(parsed.GetValue(servers), parsed.GetValue(records));
            var cpu = await benchmark.IdleCpuAsync(TimeSpan.FromSeconds(parsed.GetValue(idle)));
            var table = new Table().Border(TableBorder.Rounded);
            table.AddColumn("what");
            string[] columns = ["s", "records/s", "× bare", "CPU µs/record", "alloc B/record", "resident MiB", "grown MiB"];
            foreach (var column in columns)
            {
                table.AddColumn(new TableColumn(column).RightAligned());
            }

            foreach (var r in await benchmark.MeasureAsync(parsed.GetValue(rounds)))
            {
                table.AddRow(
                    r.What, Number(r.Seconds, 2), Number(r.RecordsPerSecond), Number(r.Ratio, 2), Number(r.CpuMicrosPerRecord, 2),
                    Number(r.AllocatedBytesPerRecord), Number(r.ResidentMiB), Number(r.GrownMiB));
            }

            AnsiConsole.Write(table);
            AnsiConsole.WriteLine($"An idle source uses {Number(cpu * 100, 2)} % of a core.");
        });
        return command;
    }

    private static string Number(double value, int decimals = 0) => value.ToString($"N{decimals}", CultureInfo.InvariantCulture);
}
