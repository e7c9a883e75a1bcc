using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using OtpActors.Cql;
using OtpActors.Records;
using OtpActors.Stores;
using OtpActors.Stores.Cassandra;
using Spectre.Console;

namespace OtpActors.Bench;

/// <summary>
/// <c>cassandra --contact-points HOST:PORT</c>: the driver and the store on a running cluster, side by side. Ratios to
/// single prepared inserts travel between machines, absolute figures do not.
/// </summary>
internal static class CassandraBenchmark
{
    private const string Keyspace = "otpactors_bench";
    private const int BatchRows = 20;
    private const int StoreBatch = 1_000;

    private static int _generation;

    public static Command Create()
    {
        var points = new Option<string>("--contact-points") { Description = "The cluster, as host:port.", DefaultValueFactory = _ => "127.0.0.1:9042" };
        var rows = new Option<int>("--rows") { Description = "Rows of each measurement.", DefaultValueFactory = _ => 100_000 };
        var command = new Command("cassandra", "Measures the Cassandra driver and store on a running cluster.") { points, rows };
        command.SetAction(parsed => MeasureAsync(parsed.GetRequiredValue(points), parsed.GetValue(rows)));
        return command;
    }

    private static async Task MeasureAsync(string points, int rows)
    {
        await using var cluster = Cluster.Builder().AddContactPoints(points.Split(',')).Build();
        await using var inline = Cluster.Builder().AddContactPoints(points.Split(',')).With(options => options with { InlineContinuations = true }).Build();
        var session = await cluster.ConnectAsync();
        var inlineSession = await inline.ConnectAsync();
        await session.ExecuteAsync($"DROP KEYSPACE IF EXISTS {Keyspace}");
        await session.ExecuteAsync($"CREATE KEYSPACE {Keyspace} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}");
        await session.ExecuteAsync($"CREATE TABLE {Keyspace}.t (email text PRIMARY KEY, otp text, n bigint)");

        foreach (var isWarm in new[] { false, true })
        {
            List<Result> results =
            [
                await MeasureAsync("single inserts, 128 in flight", rows, () => SinglesAsync(session, rows, 128)),
                await MeasureAsync("single inserts, 256 in flight", rows, () => SinglesAsync(session, rows, 256)),
                await MeasureAsync("the same, inline continuations", rows, () => SinglesAsync(inlineSession, rows, 256)),
                await MeasureAsync($"batches of {BatchRows}", rows, () => BatchesAsync(session, rows)),
                await MeasureAsync("store, Skip, absent rows", rows, () => StoreAsync(points, rows, OnExisting.Skip, BatchProfile.Safe)),
                await MeasureAsync("store, Skip, throughput batches", rows, () => StoreAsync(points, rows, OnExisting.Skip, BatchProfile.Throughput)),
                await MeasureAsync("store, Replace", rows, () => StoreAsync(points, rows, OnExisting.Replace, BatchProfile.Safe)),
                await MeasureAsync("store, Replace, throughput batches", rows, () => StoreAsync(points, rows, OnExisting.Replace, BatchProfile.Throughput)),
            ];
            if (isWarm)
            {
                Write(results);
            }
        }

        await session.ExecuteAsync($"DROP KEYSPACE {Keyspace}");
    }

    private static async Task SinglesAsync(ISession session, int rows, int inFlight)
    {
        var insert = await session.PrepareAsync($"INSERT INTO {Keyspace}.t (email, otp, n) VALUES (?, ?, ?)");
        var next = 0;
        await Task.WhenAll(Enumerable.Range(0, inFlight).Select(async worker =>
        {
            await Task.Yield();
            using var bound = insert.Bind();
            var email = $"user{worker}@example.com";
            for (var row = Interlocked.Increment(ref next); row <= rows; row = Interlocked.Increment(ref next))
            {
                await session.ExecuteVoidAsync(bound.Clear().Set(0, email).Set(1, "123456").Set(2, (long)row));
            }
        }));
    }

    private static async Task BatchesAsync(ISession session, int rows)
    {
        var insert = (await session.PrepareAsync($"INSERT INTO {Keyspace}.t (email, otp, n) VALUES (?, ?, ?)")).SetIdempotence(true);
        using var batcher = new ReplicaBatcher<(string Email, long Number)>(
            session, insert,
            static (in (string Email, long Number) row, BoundStatement target) => target.Set(0, row.Email).Set(1, "123456").Set(2, row.Number),
            new ReplicaBatcherOptions { MaxRows = BatchRows, MaxBytes = 32 * 1024 });
        var emails = Enumerable.Range(0, StoreBatch).Select(i => ($"user{i}@example.com", (long)i)).ToArray();
        for (var done = 0; done < rows; done += StoreBatch)
        {
            await batcher.WriteAsync(emails);
        }
    }

    private static async Task StoreAsync(string points, int rows, OnExisting onExisting, BatchProfile profile)
    {
        await using var store = new CassandraStore(
            "cassandra", new CassandraOptions { ContactPoints = points, Keyspace = Keyspace, Batches = profile }, onExisting, TimeProvider.System);
        await store.EnsureSchemaAsync(CancellationToken.None);
        var generation = ++_generation;
        var now = TimeProvider.System.GetUtcNow();
        for (var done = 0; done < rows; done += StoreBatch)
        {
            var from = done;
            var batch = Enumerable.Range(from, StoreBatch).Select(i => new StoreRecord(
                EmailAddress.Parse($"user{i}.{generation}@example.com"), OneTimePassword.Parse("123456"), new RecordOrigin("topic", 0, i), now)).ToList();
            await store.WriteAsync(batch, CancellationToken.None);
        }
    }

    private static async Task<Result> MeasureAsync(string name, int rows, Func<Task> work)
    {
        GC.Collect();
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var cpu = Process.GetCurrentProcess().TotalProcessorTime;
        var began = Stopwatch.GetTimestamp();
        await work();
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        using var process = Process.GetCurrentProcess();
        return new Result(
            name, rows / seconds, (process.TotalProcessorTime - cpu).TotalMicroseconds / rows,
            (GC.GetTotalAllocatedBytes(precise: true) - allocated) / (double)rows);
    }

    private static void Write(List<Result> results)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumn("what");
        foreach (var column in new[] { "rows/s", "× single", "CPU µs/row", "alloc B/row" })
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        foreach (var result in results)
        {
            table.AddRow(
                result.Name, Number("N0", result.RowsPerSecond), Number("N2", result.RowsPerSecond / results[0].RowsPerSecond),
                Number("N2", result.CpuMicros), Number("N1", result.AllocatedBytes));
        }

        AnsiConsole.Write(table);
    }

    private static string Number(string format, double value) => value.ToString(format, CultureInfo.InvariantCulture);

    private sealed record Result(string Name, double RowsPerSecond, double CpuMicros, double AllocatedBytes);
}
