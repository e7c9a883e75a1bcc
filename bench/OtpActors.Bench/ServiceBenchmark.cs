using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace OtpActors.Bench;

/// <summary>
/// <c>service</c>: run requests and published records at the same time, while others read; then all of it is accounted
/// for. <c>soak</c>: the like, gently and for long, with the resident set every minute.
/// </summary>
internal static class ServiceBenchmark
{
    private const int Topics = 20;
    private const int RecordsOfARun = 50;
    private const int BatchSize = 500;
    private const int Writers = 8;
    private const int Readers = 4;

    /// <summary>The time between two reads of one reader.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(20);

    public static IEnumerable<Command> Create()
    {
        var runs = new Option<int>("--runs") { Description = "Run requests.", DefaultValueFactory = _ => 200 };
        var records = new Option<int>("--records") { Description = "Records published in batches.", DefaultValueFactory = _ => 50_000 };
        var service = new Command("service", "Measures the HTTP API under load.") { runs, records };
        service.SetAction(parsed => LoadAsync(parsed.GetValue(runs), parsed.GetValue(records)));
        var minutes = new Option<int>("--minutes") { Description = "How long.", DefaultValueFactory = _ => 30 };
        var soak = new Command("soak", "Shows the memory of the service under a steady load.") { minutes };
        soak.SetAction(parsed => SoakAsync(parsed.GetValue(minutes)));
        return [service, soak];
    }

    private static async Task LoadAsync(int runs, int records)
    {
        await using var service = await ServiceUnderLoad.StartAsync();
        var cold = service.Resident().Now;
        var ids = new List<string> { await RunAsync(service, "email_topic", null) };
        await service.UntilOverAsync(ids[0]);
        using var over = new CancellationTokenSource();
        var readers = Enumerable.Range(0, Readers).Select(reader => ReadAsync(service, ids, reader, over.Token)).ToList();
        var clock = Stopwatch.StartNew();
        var (nextRun, nextBatch) = (-1, -1);
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(async writer =>
        {
            while (writer % 2 == 0 && Interlocked.Increment(ref nextRun) is var run && run < runs)
            {
                var id = await RunAsync(service, $"load-{run % Topics}", "POST run");
                lock (ids)
                {
                    ids.Add(id);
                }
            }

            while (Interlocked.Increment(ref nextBatch) is var batch && batch * BatchSize < records)
            {
                await service.PostAsync("/api/otps", Enumerable.Range(batch * BatchSize, Math.Min(BatchSize, records - batch * BatchSize))
                    .Select(i => new { email = $"user{i}@example.com" }), $"POST {BatchSize} otps");
            }
        }));
        var taken = clock.Elapsed;
        foreach (var id in ids)
        {
            Verify(await service.UntilOverAsync(id), RecordsOfARun);
        }

        var ended = clock.Elapsed;
        await over.CancelAsync();
        await Task.WhenAll(readers);
        var waits = service.TakeWaits();
        var published = (await service.GetAsync("/api/topics/email_topic", null)).GetProperty("records").GetInt64();
        if (published != records + RecordsOfARun)
        {
            throw new InvalidOperationException($"{published} records are in the topic.");
        }

        var stored = await service.UntilOverAsync((await service.PostAsync("/api/runs", new { count = 1, notify = "none" }, null)).GetProperty("runId").GetString()!);
        Verify(stored, records + 1);
        var last = service.Resident();
        AnsiConsole.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            {runs} run requests and {records:N0} records taken in {taken.TotalSeconds:N1} s; all runs over after {ended.TotalSeconds:N1} s
            accounted for: {ids.Count} runs completed, {RecordsOfARun} of {RecordsOfARun} records in both stores each; {records:N0} records published, all stored by the run after
            resident: {cold:N0} MiB at the start, {last.Now:N0} MiB at the end, {last.Peak:N0} MiB at most
            """));
        Write(waits);
    }

    private static async Task SoakAsync(int minutes)
    {
        await using var service = await ServiceUnderLoad.StartAsync();
        Console.WriteLine("minute  resident MiB  peak MiB  runs    records    p99 read ms");
        var (clock, runs, records) = (Stopwatch.StartNew(), 0, 0);
        for (var minute = 0; minute <= minutes; minute++)
        {
            while (clock.Elapsed < TimeSpan.FromMinutes(minute))
            {
                var id = await RunAsync(service, $"soak-{runs++ % 3}", null);
                for (var batch = 0; batch < 5; batch++)
                {
                    await service.PostAsync("/api/otps", Enumerable.Range(0, 100).Select(i => new { email = $"user{i}@example.com" }), null);
                    records += 100;
                    await service.GetAsync($"/api/runs/{id}", "read");
                    await service.GetAsync("/api/runs?limit=20", "read");
                }

                Verify(await service.UntilOverAsync(id), RecordsOfARun);
            }

            var (now, peak) = service.Resident();
            var p99 = service.TakeWaits().Select(wait => wait.P99).FirstOrDefault();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{minute,-7} {now,-13:N0} {peak,-9:N0} {runs,-7} {records,-10:N0} {p99:N0}"));
        }
    }

    private static async Task ReadAsync(ServiceUnderLoad service, List<string> ids, int reader, CancellationToken over)
    {
        for (var turn = reader; !over.IsCancellationRequested; turn++)
        {
            string id;
            lock (ids)
            {
                id = ids[turn * 7919 % ids.Count];
            }

            var (path, kind) = (turn % 3) switch
            {
                0 => ($"/api/runs/{id}", "GET run"),
                1 => ("/api/runs?limit=50", "GET 50 runs"),
                _ => ("/api/topics/email_topic", "GET topic"),
            };
            await service.GetAsync(path, kind);
            await Task.Delay(Pace, over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task<string> RunAsync(ServiceUnderLoad service, string topic, string? kind) =>
        (await service.PostAsync("/api/runs", new { topic, count = RecordsOfARun, notify = "none" }, kind)).GetProperty("runId").GetString()!;

    private static void Verify(JsonElement run, long read)
    {
        var stores = run.GetProperty("report").GetProperty("stores").EnumerateArray().ToList();
        if (run.GetProperty("state").GetString() != "completed" || stores.Count != 2 || stores.Any(store => store.GetProperty("read").GetInt64() != read))
        {
            throw new InvalidOperationException($"The run does not add up: {run}");
        }
    }

    private static void Write(IReadOnlyList<(string Kind, int Count, double Median, double P99, double Max)> waits)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumn("request");
        foreach (var column in new[] { "count", "median ms", "p99 ms", "max ms" })
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        foreach (var (kind, count, median, p99, max) in waits)
        {
            table.AddRow(
                kind, count.ToString("N0", CultureInfo.InvariantCulture), median.ToString("N1", CultureInfo.InvariantCulture),
                p99.ToString("N1", CultureInfo.InvariantCulture), max.ToString("N1", CultureInfo.InvariantCulture));
        }

        AnsiConsole.Write(table);
    }
}
