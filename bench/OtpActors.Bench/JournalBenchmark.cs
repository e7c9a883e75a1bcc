using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Journal;
using Spectre.Console;

namespace OtpActors.Bench;

/// <summary>
/// How long the service takes to be ready, and how much memory, beside an empty journal and beside one of many past runs.
/// Those are written straight into the tables, in the service's own forms.
/// </summary>
internal static class JournalBenchmark
{
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private sealed record Start(double Seconds, double ReadyMiB, double SettledMiB);

    public static Command Create()
    {
        var runs = new Option<int>("--runs") { Description = "Past runs in the journal.", DefaultValueFactory = _ => 100_000 };
        var rounds = new Option<int>("--rounds") { Description = "Measured starts of each kind.", DefaultValueFactory = _ => 3 };
        var remove = new Option<bool>("--remove") { Description = "Then let the service remove all but 10,000 of them, and say how long it takes." };
        var command = new Command("journal", "Measures the start of `serve` beside an empty journal and beside one of many past runs.") { runs, rounds, remove };
        command.SetAction(async parsed =>
        {
            var root = Directory.CreateTempSubdirectory("otpactors-bench-").FullName;
            try
            {
                await MeasureAsync(root, parsed.GetValue(runs), parsed.GetValue(rounds), parsed.GetValue(remove));
            }
            finally
            {
                Directory.Delete(root, recursive: true);
            }
        });
        return command;
    }

    private static async Task MeasureAsync(string root, int runs, int rounds, bool remove)
    {
        var (empty, full) = (Path.Combine(root, "empty"), Path.Combine(root, "full"));
        await RunOnceAsync(empty); // makes the tables
        await RunOnceAsync(full);
        var clock = Stopwatch.StartNew();
        var events = Fill(full, runs);
        AnsiConsole.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{runs:N0} past runs of {events} events: journal.db {MiB(full, "journal.db"):N0} MiB, runs.db {MiB(full, "runs.db"):N0} MiB, written in {clock.Elapsed.TotalSeconds:N0} s"));

        var table = new Table().Border(TableBorder.Rounded);
        table.AddColumn("journal");
        foreach (var column in new[] { "ready s", "resident MiB, ready", $"resident MiB, {Settling.TotalSeconds:N0} s later" })
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        for (var round = 0; round < rounds; round++)
        {
            Add("empty", await StartAsync(empty, kill: false));
            Add($"{runs:N0} runs", await StartAsync(full, kill: true));
            Add($"{runs:N0} runs, after kill -9", await StartAsync(full, kill: false));
        }

        AnsiConsole.Write(table);
        if (remove)
        {
            clock.Restart();
            var memory = await RemoveAsync(full);
            AnsiConsole.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"All but 10,000 are removed {clock.Elapsed.TotalSeconds:N0} s after the start; resident {memory:N0} MiB"));
        }

        void Add(string what, Start start) => table.AddRow(
            what, start.Seconds.ToString("N2", CultureInfo.InvariantCulture),
            start.ReadyMiB.ToString("N0", CultureInfo.InvariantCulture), start.SettledMiB.ToString("N0", CultureInfo.InvariantCulture));
    }

    private static async Task RunOnceAsync(string data)
    {
        var start = new ProcessStartInfo("dotnet", [Service, "run", "--count", "1", "--notify", "none", "--json", "--data", data]) { RedirectStandardOutput = true };
        using var run = Process.Start(start)!;
        await run.StandardOutput.ReadToEndAsync();
        await run.WaitForExitAsync();
    }

    private static async Task<Start> StartAsync(string data, bool kill)
    {
        var clock = Stopwatch.StartNew();
        using var service = Serve(data, retention: "");
        await UntilItSaysAsync(service, "Serving from");
        var (seconds, ready) = (clock.Elapsed.TotalSeconds, Resident(service));
        await Task.Delay(Settling);
        var settled = Resident(service);
        await EndAsync(service, kill);
        return new Start(seconds, ready, settled);
    }

    private static async Task<double> RemoveAsync(string data)
    {
        using var service = Serve(data, retention: "10000");
        await UntilItSaysAsync(service, "past run(s) are removed");
        var resident = Resident(service);
        await EndAsync(service, kill: false);
        return resident;
    }

    private static Process Serve(string data, string retention) => Process.Start(new ProcessStartInfo("dotnet")
    {
        RedirectStandardError = true,
        ArgumentList = { Service, "serve", "--data", data },
        Environment =
        {
            ["OtpActors__Http__Url"] = "http://127.0.0.1:0",
            ["OtpActors__Workflow__RetainedRuns"] = retention,
            ["OtpActors__Workflow__Retention"] = "",
        },
    })!;

    private static async Task UntilItSaysAsync(Process service, string text)
    {
        while (await service.StandardError.ReadLineAsync() is { } line)
        {
            if (line.Contains(text, StringComparison.Ordinal))
            {
                _ = service.StandardError.ReadToEndAsync(); // or it would stop at a full pipe
                return;
            }
        }

        throw new InvalidOperationException("The service ended by itself.");
    }

    private static async Task EndAsync(Process service, bool kill)
    {
        if (kill)
        {
            service.Kill();
        }
        else
        {
            using var terminate = Process.Start("kill", ["-TERM", service.Id.ToString(CultureInfo.InvariantCulture)]);
            await terminate.WaitForExitAsync();
        }

        await service.WaitForExitAsync();
    }

    /// <returns>How many events each run has.</returns>
    private static int Fill(string data, int runs)
    {
        var (events, state) = Story(TimeProvider.System.GetUtcNow());
        var serializer = new RunEventSerializer(null!);
        var rows = events.Select(e => (serializer.Manifest(e), serializer.ToBinary(e))).ToList();
        using var journal = Open(Path.Combine(data, "journal.db"));
        using (var transaction = journal.BeginTransaction())
        {
            using var insert = Prepare(journal, """
                INSERT INTO journal (deleted, persistence_id, sequence_number, created, message, identifier, manifest, writer_uuid)
                VALUES (0, $id, $number, $created, $message, $identifier, $manifest, 'bench')
                """, "id", "number", "created", "message", "identifier", "manifest");
            for (var run = 0; run < runs; run++)
            {
                for (var i = 0; i < rows.Count; i++)
                {
                    Execute(insert, RunIds.PersistenceIdOf(IdOf(run)), (long)i + 1, state.EndedAt!.Value.UtcTicks, rows[i].Item2, serializer.Identifier, rows[i].Item1);
                }
            }

            transaction.Commit();
        }

        using var list = Open(Path.Combine(data, "runs.db"));
        using (var transaction = list.BeginTransaction())
        {
            using var insert = Prepare(
                list,
                "INSERT INTO runs (run_id, state, topic, requested_at, ended_at, report, version) VALUES ($id, $state, $topic, $requested, $ended, $report, $version)",
                "id", "state", "topic", "requested", "ended", "report", "version");
            var report = JsonSerializer.Serialize(RunReport.From(state), Json);
            var (requested, ended) = (state.RequestedAt!.Value.ToUnixTimeMilliseconds(), state.EndedAt!.Value.ToUnixTimeMilliseconds());
            for (var run = 0; run < runs; run++)
            {
                Execute(insert, IdOf(run), $"{state.Phase}", state.Spec!.Topic, requested, ended, report, state.Version);
            }

            transaction.Commit();
        }

        return rows.Count;
    }

    private static string IdOf(int run) => string.Create(CultureInfo.InvariantCulture, $"20310517-083000-{run:x6}");

    /// <summary>The tutorial's run, from the request to its end.</summary>
    private static (List<IRunEvent> Events, RunState State) Story(DateTimeOffset now)
    {
        const string id = "run";
        const long records = 4;
        var (state, events) = (RunState.New(id), new List<IRunEvent>());
        var offsets = OffsetMaps.Empty.Add(0, 0);
        var end = OffsetMaps.Empty.Add(0, records);
        var record = new OtpRecord(EmailAddress.Parse("jane.doe@example.com"), OneTimePassword.Parse("1234567"));
        Do(new RunCommands.Request(id, new RunSpec { Topic = "email_topic", Records = new RecordSpec.Sample(record, TimeSpan.FromSeconds(5), records) }));
        Do(new RunCommands.Begin(id));
        Do(new RunCommands.ConfirmTopic(id, 1, TopicOutcome.Exists, 1));
        foreach (var store in StepId.Stores)
        {
            Do(new RunCommands.ConfirmSinkReady(id, StepId.Sink(store), 1, offsets));
        }

        for (var n = 1; n < records; n++)
        {
            Do(new RunCommands.RecordProduced(id, 1, n));
        }

        Do(new RunCommands.CompleteProduction(id, 1, records, end));
        foreach (var store in StepId.Stores)
        {
            Do(new RunCommands.RecordSinkProgress(id, StepId.Sink(store), 1, new SinkProgress(offsets, end, new SinkCounts(records, 1, records - 1, 0))));
            Do(new RunCommands.ConfirmSinkDrained(id, StepId.Sink(store), 1));
            Do(new RunCommands.CompleteCheck(id, StepId.Check(store), 1, new CheckResult(1, 1, [])));
            Do(new RunCommands.CompleteNotifying(id, StepId.Mail(store), 1, new NotifyProgress(records, 1, 0)));
            Do(new RunCommands.CompleteNotifying(id, StepId.Slack(store), 1, new NotifyProgress(records, 1, 0)));
        }

        return state.Outcome == RunOutcome.Completed ? (events, state) : throw new InvalidOperationException($"The story ends {state.Phase}.");

        void Do(IRunCommand command)
        {
            var decision = state.Decide(command, now);
            events.AddRange(decision.Rejection is null ? decision.Events : throw new InvalidOperationException(decision.Rejection));
            state = decision.Events.Aggregate(state, (s, e) => s.Apply(e));
        }
    }

    private static SqliteConnection Open(string file)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString());
        connection.Open();
        return connection;
    }

    private static SqliteCommand Prepare(SqliteConnection connection, string sql, params string[] parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new SqliteParameter($"${parameter}", null));
        }

        return command;
    }

    private static void Execute(SqliteCommand command, params object[] values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i];
        }

        command.ExecuteNonQuery();
    }

    private static double Resident(Process process)
    {
        process.Refresh();
        return process.WorkingSet64 / 1048576.0;
    }

    private static double MiB(string data, string file) => new FileInfo(Path.Combine(data, file)).Length / 1048576.0;

    private static string Service => typeof(JournalBenchmark).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Service").Value!;
}
