using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace OtpActors.Bench;

/// <summary>
/// <c>mail</c>: the real program mails every address of a run, for both stores, to Postfix's smtp-sink on this machine. The
/// rate is the ledger's own: accepted mails over the time from the first intent to the last answer.
/// </summary>
internal static class MailBenchmark
{
    /// <param name="PeakMiB">The largest resident set of the whole run.</param>
    private sealed record Result(long Mails, double Seconds, double MailsPerSecond, double CpuMicrosPerMail, double PeakMiB, int Connections);

    public static Command Create()
    {
        var counts = new Option<long[]>("--counts")
        {
            Description = "Addresses of each run; each gets two mails, one a store.",
            DefaultValueFactory = _ => [10_000, 30_000],
            AllowMultipleArgumentsPerToken = true,
        };
        var connections = new Option<int>("--connections") { Description = "Connections of the pool.", DefaultValueFactory = _ => 4 };
        var command = new Command("mail", "Measures mails to smtp-sink (Debian's package postfix).") { counts, connections };
        command.SetAction(async parsed =>
        {
            Console.WriteLine("mails    seconds  mails/s  CPU µs/mail  peak MiB  connections");
            foreach (var count in parsed.GetRequiredValue(counts))
            {
                var r = await MeasureAsync(count, parsed.GetValue(connections));
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{r.Mails,-8} {r.Seconds,-8:N2} {r.MailsPerSecond,-8:N0} {r.CpuMicrosPerMail,-12:N0} {r.PeakMiB,-9:N0} {r.Connections}"));
            }
        });
        return command;
    }

    private static async Task<Result> MeasureAsync(long count, int connections)
    {
        var directory = Directory.CreateTempSubdirectory("otpactors-bench-").FullName;
        var port = FreePort();
        using var sink = StartSink(port);
        try
        {
            var data = Path.Combine(directory, "data");
            var self = Path.Combine(directory, "self.json");
            var start = new ProcessStartInfo("dotnet")
            {
                RedirectStandardOutput = true,
                WorkingDirectory = directory,
                ArgumentList =
                {
                    Service, "run", "--json", "--notify", "all", "--data", data, "--count", count.ToString(CultureInfo.InvariantCulture),
                },
                Environment =
                {
                    ["DOTNET_STARTUP_HOOKS"] = typeof(MailBenchmark).Assembly.Location,
                    [StartupHook.FileVariable] = self,
                    ["OtpActors__Mail__Provider"] = "Smtp",
                    ["OtpActors__Mail__Smtp__Host"] = "127.0.0.1",
                    ["OtpActors__Mail__Smtp__Port"] = port.ToString(CultureInfo.InvariantCulture),
                    ["OtpActors__Mail__Smtp__AllowPlaintext"] = "true",
                    ["OtpActors__Mail__Smtp__Connections"] = connections.ToString(CultureInfo.InvariantCulture),
                },
            };
            using var process = Process.Start(start)!;
            using var report = JsonDocument.Parse(await process.StandardOutput.ReadToEndAsync());
            await process.WaitForExitAsync();
            var (mails, seconds) = Read(Path.Combine(data, "notifications.db"));
            if (process.ExitCode != 0 || mails != 2 * count)
            {
                throw new InvalidOperationException($"{mails} mails were accepted, the run is no measurement: {report.RootElement}");
            }

            var seen = JsonSerializer.Deserialize<StartupHook.Self>(await File.ReadAllTextAsync(self))!;
            return new Result(mails, seconds, mails / seconds, seen.CpuSeconds * 1e6 / mails, seen.PeakBytes / 1048576.0, connections);
        }
        finally
        {
            sink.Kill();
            await sink.WaitForExitAsync();
            Directory.Delete(directory, recursive: true);
        }
    }

    private static (long Mails, double Seconds) Read(string ledger)
    {
        using var connection = new SqliteConnection($"Data Source={ledger};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*), min(first_at), max(last_at) FROM notifications WHERE channel = 'mail' AND state = 1";
        using var row = command.ExecuteReader();
        row.Read();
        return (row.GetInt64(0), (row.GetInt64(2) - row.GetInt64(1)) / 1000.0);
    }

    private static Process StartSink(int port)
    {
        string[] user = Environment.IsPrivilegedProcess ? ["-u", "nobody"] : []; // it insists on it
        return Process.Start(new ProcessStartInfo("/usr/sbin/smtp-sink", [.. user, $"127.0.0.1:{port}", "100"]))!;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Service => typeof(MailBenchmark).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Service").Value!;
}
