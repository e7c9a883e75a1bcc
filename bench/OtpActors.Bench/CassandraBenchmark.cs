using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using OtpActors.Cql;
using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Stores.Cassandra;
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
                await MeasureAsync("single inserts, 128 in flight", Emails(rows), emails => SinglesAsync(session, emails, 128)),
                await MeasureAsync("single inserts, 256 in flight", Emails(rows), emails => SinglesAsync(session, emails, 256)),
                await MeasureAsync("the same, inline continuations", Emails(rows), emails => SinglesAsync(inlineSession, emails, 256)),
                await MeasureAsync($"batches of {BatchRows}", Emails(rows), emails => BatchesAsync(session, emails)),
                await StoreAsync("store, Skip, absent rows", OnExisting.Skip, BatchProfile.Safe),
                await StoreAsync("store, Skip, throughput batches", OnExisting.Skip, BatchProfile.Throughput),
                await StoreAsync("store, Replace", OnExisting.Replace, BatchProfile.Safe),
                await StoreAsync("store, Replace, throughput batches", OnExisting.Replace, BatchProfile.Throughput),
            ];
            if (isWarm)
            {
                Write(results);
            }
        }

        await session.ExecuteAsync($"DROP KEYSPACE {Keyspace}");

        async Task<Result> StoreAsync(string name, OnExisting onExisting, BatchProfile profile)
        {
            await using var store = new CassandraStore(
                "cassandra", new CassandraOptions { ContactPoints = points, Keyspace = Keyspace, Batches = profile }, onExisting, TimeProvider.System);
            await store.EnsureSchemaAsync(CancellationToken.None);
            return await MeasureAsync(name, Records(rows), records => WriteAsync(store, records));
        }
    }

    /// <summary>Addresses that no measurement had before.</summary>
    private static string[] Emails(int rows)
    {
        var generation = ++_generation;
        return [.. Enumerable.Range(0, rows).Select(i => $"user{i}.{generation}@example.com")];
    }

    /// <summary>As a topic has them that takes 100,000 a second.</summary>
    private static StoreRecord[] Records(int rows)
    {
        var now = TimeProvider.System.GetUtcNow();
        return [.. Emails(rows).Select((email, i) => new StoreRecord(
            EmailAddress.Parse(email), OneTimePassword.Parse("123456"), new RecordOrigin("topic", 0, i), now.AddMilliseconds(i / 100)))];
    }

    private static async Task SinglesAsync(ISession session, string[] emails, int inFlight)
    {
        var insert = await session.PrepareAsync($"INSERT INTO {Keyspace}.t (email, otp, n) VALUES (?, ?, ?)");
        var next = 0;
        await Task.WhenAll(Enumerable.Range(0, inFlight).Select(async _ =>
        {
            await Task.Yield();
            using var bound = insert.Bind();
            for (var row = Interlocked.Increment(ref next); row <= emails.Length; row = Interlocked.Increment(ref next))
            {
                await session.ExecuteVoidAsync(bound.Clear().Set(0, emails[row - 1]).Set(1, "123456").Set(2, (long)row));
            }
        }));
    }

    private static async Task BatchesAsync(ISession session, string[] emails)
    {
        var insert = (await session.PrepareAsync($"INSERT INTO {Keyspace}.t (email, otp, n) VALUES (?, ?, ?)")).SetIdempotence(true);
        using var batcher = new ReplicaBatcher<string>(
            session, insert,
            static (in string email, BoundStatement target) => target.Set(0, email).Set(1, "123456").Set(2, 1L),
            new ReplicaBatcherOptions { MaxRows = BatchRows, MaxBytes = 32 * 1024 });
        for (var done = 0; done < emails.Length; done += StoreBatch)
        {
            await batcher.WriteAsync(new ArraySegment<string>(emails, done, Math.Min(StoreBatch, emails.Length - done)));
        }
    }

    private static async Task WriteAsync(CassandraStore store, StoreRecord[] records)
    {
        for (var done = 0; done < records.Length; done += StoreBatch)
        {
            await store.WriteAsync(new ArraySegment<StoreRecord>(records, done, Math.Min(StoreBatch, records.Length - done)), CancellationToken.None);
        }
    }

    private static async Task<Result> MeasureAsync<T>(string name, T[] rows, Func<T[], Task> work)
    {
        GC.Collect();
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        using var process = Process.GetCurrentProcess();
        var cpu = process.TotalProcessorTime;
        var began = Stopwatch.GetTimestamp();
        await work(rows);
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        process.Refresh();
        return new Result(
            name, rows.Length / seconds, (process.TotalProcessorTime - cpu).TotalMicroseconds / rows.Length,
            (GC.GetTotalAllocatedBytes(precise: true) - allocated) / (double)rows.Length);
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
