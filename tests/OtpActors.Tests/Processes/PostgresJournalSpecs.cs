using System.Text.RegularExpressions;
using Npgsql;
using OtpActors.Domain.Runs;
using OtpActors.Tests.Api;
using OtpActors.Tests.Servers.Postgres;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Processes;

/// <summary>The program with its journal and its list of runs in PostgreSQL and everything else embedded.</summary>
[Collection(OneAtATime.Name)]
public sealed class PostgresJournalSpecs(PostgresServers servers) : IAsyncLifetime
{
    private readonly Workplace _at = new();
    private PostgresDatabase _database = null!;

    private DataContent Data => _at.Data;

    public async ValueTask InitializeAsync() => _database = await servers.DatabaseAsync();

    public async ValueTask DisposeAsync()
    {
        _at.Dispose();
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_run_that_is_killed_again_and_again_completes_and_is_listed()
    {
        const int records = 20_000;
        const int notified = 100;
        string? runId = null;
        Func<bool>[] moments = [() => Data.TopicCount > 2_000, () => Data.StoreCount("mongo") > 5_000, () => Data.MailFiles.Count > 20];
        foreach (var moment in moments)
        {
            await using var process = Start(runId is null
                ? ["run", "--count", $"{records}", "--notify", $"{notified}", "--json"]
                : ["run", "--resume", runId, "--json"]);
            (await process.UntilAsync(moment)).ShouldBeTrue();
            process.Kill();
            await process.EndAsync();
            runId ??= (await RunsAsync()).ShouldHaveSingleItem().RunId;
        }

        var report = (await RunAsync("run", "--resume", runId!, "--json")).ShouldExitWith(0).Report;
        (report.Outcome, report.StoresAgree, Data.TopicCount).ShouldBe(("Completed", true, records));
        report.Stores.Select(store => (store.Read, store.Inserted, store.Skipped)).ShouldBe([(records, records, 0), (records, records, 0)]);
        (Data.MailFiles.Count, Data.SlackFiles.Count).ShouldBe((2 * notified, 2 * notified));
        var run = (await RunsAsync()).ShouldHaveSingleItem();
        (run.RunId, run.State).ShouldBe((runId, RunPhase.Completed));

        // All of it lies there and nothing of it here.
        File.Exists(Data.File("journal.db")).ShouldBeFalse();
        File.Exists(Data.File("runs.db")).ShouldBeFalse();
        (await _database.ScalarAsync("SELECT count(*) FROM journal")).ShouldBeOfType<long>().ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task A_second_service_on_the_same_journal_is_refused_and_tables_are_made_in_the_schema()
    {
        var schema = new Dictionary<string, string>(_database.Settings) { ["OtpActors__Journal__Schema"] = "otp" };
        await using var service = OtpActorsProcess.Start(_at.Path, ["serve", "--data", Data.Root], environment: schema);
        (await service.UntilItSaysAsync("Serving from")).ShouldBeTrue();

        var refused = (await _at.RunBareAsync(["run", "--count", "1", "--data", _at.File("other"), "--json"], environment: schema)).ShouldExitWith(1);
        refused.ShouldSay($"the journal is in use by OtpActors process {service.Id} on ");
        refused.ErrorLines.Count.ShouldBe(1);

        (await _at.RunBareAsync(["run", "--count", "3", "--notify", "none", "--data", _at.File("other"), "--json"], environment: _database.Settings))
            .ShouldExitWith(0); // in another schema
        (await _database.ScalarAsync("SELECT count(*) FROM public.runs")).ShouldBe(1L);
        (await _database.ScalarAsync("SELECT count(*) FROM otp.runs")).ShouldBe(0L);
        service.HasExited.ShouldBeFalse();
    }

    [Fact]
    public async Task What_is_wrong_with_the_connection_is_said_in_a_line_without_the_password()
    {
        const string canary = "canary-wr0ng";
        await RefusedAsync(c => c.Password = canary, "does not let user", "Journal:ConnectionString");
        await RefusedAsync(c => c.Database = "absent", "has no database 'absent'", "create it");
        await RefusedAsync(c => c.Port = 1, "127.0.0.1:1 cannot be reached", "Journal:ConnectionString");
        await RefusedAsync(c => c.Host = "no.such.host.invalid", "no.such.host.invalid", "cannot be reached");

        var role = $"otpactors_test_{Guid.NewGuid():N}";
        await _database.OnServerAsync($"CREATE ROLE {role} LOGIN PASSWORD '{canary}'");
        try
        {
            await RefusedAsync(c => (c.Username, c.Password) = (role, canary), $"refuses user '{role}'", "permission denied for schema public");
        }
        finally
        {
            await _database.OnServerAsync($"DROP ROLE {role}");
        }

        async Task RefusedAsync(Action<NpgsqlConnectionStringBuilder> change, params string[] says)
        {
            var connection = new NpgsqlConnectionStringBuilder(_database.ConnectionString);
            change(connection);
            var settings = new Dictionary<string, string>(_database.Settings) { ["OtpActors__Journal__ConnectionString"] = connection.ConnectionString };
            foreach (var command in new[] { "serve", "run", "runs" })
            {
                if (command == "runs" && connection.Username!.StartsWith("otpactors_test_", StringComparison.Ordinal) && connection.Password == canary)
                {
                    continue; // it may read: there is nothing
                }

                var ended = (await _at.RunBareAsync([command, "--data", Data.Root], environment: settings)).ShouldExitWith(1);
                ended.ShouldSay(says);
                ended.ErrorLines.Count.ShouldBe(1, ended.ToString());
                (ended.Error + ended.Output + Data.Logs).ShouldNotContain("canary", Case.Sensitive);
            }
        }
    }

    [Fact]
    public async Task A_run_whose_server_goes_waits_and_goes_on_by_itself()
    {
        await using var server = await PostgresServers.OwnAsync();
        await using var database = await PostgresDatabase.CreateAsync(server.ConnectionString);
        const int records = 20_000;
        await using var process = OtpActorsProcess.Start(
            _at.Path, ["run", "--count", $"{records}", "--notify", "none", "--json", "--data", Data.Root], environment: database.Settings);
        (await process.UntilAsync(() => Data.TopicCount > 0)).ShouldBeTrue();
        await server.StopAsync();
        (await process.UntilItSaysAsync("The journal cannot be written since")).ShouldBeTrue();
        process.HasExited.ShouldBeFalse();
        await server.StartAgainAsync();

        var ended = (await process.EndAsync()).ShouldExitWith(0);
        var report = ended.Report;
        report.Stores.Select(store => (store.Read, store.Inserted, store.Missing)).ShouldBe([(records, records, 0), (records, records, 0)]);
        report.Steps.ShouldAllBe(step => step.Attempts <= 1, "an outage costs no attempt");
        (ended.Error + ended.Output + Data.Logs).ShouldNotContain(PostgresServer.Password, Case.Sensitive);
        var listed = (await _at.RunBareAsync(["runs", "--json"], environment: database.Settings)).ShouldExitWith(0).Items;
        listed.ShouldHaveSingleItem().GetProperty("state").GetString().ShouldBe("Completed", StringCompareShould.IgnoreCase);
    }

    [Fact]
    public async Task A_service_whose_server_goes_says_so_refuses_what_it_cannot_keep_and_goes_on_with_its_runs()
    {
        await using var server = await PostgresServers.OwnAsync();
        await using var database = await PostgresDatabase.CreateAsync(server.ConnectionString);
        await using var service = await ServiceProcess.StartAsync(
            _at, [.. database.Settings.Select(setting => (setting.Key["OtpActors__".Length..], setting.Value))]);
        var runId = (await service.PostAsync("/api/runs", """{"interval":"200ms","duration":"4s"}""")).ShouldBe(202).Json
            .GetProperty("runId").GetString()!;
        await service.UntilAsync(runId, run => run.Json.GetProperty("report").GetProperty("produced").GetInt64() > 2);
        await server.StopAsync();

        (await service.Process.UntilItSaysAsync("The journal cannot be written since")).ShouldBeTrue();
        var ready = (await service.GetAsync("/healthz/ready")).ShouldBe(503);
        ready.Json.GetProperty("checks").GetProperty("journal").GetProperty("detail").GetString()!.ShouldStartWith("the journal cannot be written since");
        foreach (var answer in new[]
        {
            await service.PostAsync("/api/runs", "{}"),
            await service.PostAsync("/api/runs", "{}", idempotencyKey: "again"),
            await service.PostAsync($"/api/runs/{runId}/cancel"),
            await service.GetAsync("/api/runs"),
        })
        {
            answer.ShouldBe(503).Json.GetProperty("code").GetString().ShouldBe("not_now");
        }

        var waiting = await service.UntilAsync(runId, run => run.Json.TryGetProperty("hold", out _));
        waiting.Json.GetProperty("hold").GetProperty("waitsFor").GetString().ShouldBe("journal");
        waiting.Json.GetProperty("hold").GetProperty("reason").GetString()!.ShouldContain("PostgreSQL");
        MetricOf(await service.GetAsync("/metrics"), "otpactors_journal_out").ShouldBe("1");

        await server.StartAgainAsync();
        var done = await service.UntilAsync(runId, run => run.Json.GetProperty("state").GetString()!.Equals("completed", StringComparison.OrdinalIgnoreCase));
        done.Json.TryGetProperty("hold", out _).ShouldBeFalse();
        done.Json.GetProperty("report").GetProperty("steps").EnumerateArray().ShouldAllBe(step => step.GetProperty("attempts").GetInt32() == 1);
        (await service.PostAsync("/api/runs", """{"count":3,"notify":"none"}""", idempotencyKey: "again")).ShouldBe(202);
        (await service.GetAsync("/healthz/ready")).ShouldBe(200);
        MetricOf(await service.GetAsync("/metrics"), "otpactors_journal_out").ShouldBe("0");
    }

    [Fact]
    public async Task Past_runs_are_removed_from_it()
    {
        for (var n = 0; n < 3; n++)
        {
            (await RunAsync("run", "--count", "2", "--notify", "none", "--json")).ShouldExitWith(0);
        }

        var settings = new Dictionary<string, string>(_database.Settings) { ["OtpActors__Workflow__RetainedRuns"] = "1" };
        await using var service = OtpActorsProcess.Start(_at.Path, ["serve", "--data", Data.Root], environment: settings);
        (await service.UntilItSaysAsync("2 past run(s) are removed")).ShouldBeTrue();
        (await _database.ScalarAsync("SELECT count(*) FROM runs")).ShouldBe(1L);
        (await _database.ScalarAsync("SELECT count(DISTINCT persistence_id) FROM journal WHERE persistence_id LIKE 'run-%'")).ShouldBe(1L);
    }

    private static string MetricOf(Answer metrics, string name) =>
        Regex.Match(metrics.ShouldBe(200).Text, $@"^{name}(\{{[^}}]*\}})? (?<value>\S+)", RegexOptions.Multiline).Groups["value"].Value;

    private OtpActorsProcess Start(string[] arguments) =>
        OtpActorsProcess.Start(_at.Path, [.. arguments, "--data", Data.Root], environment: _database.Settings);

    private Task<Ended> RunAsync(params string[] arguments) =>
        _at.RunBareAsync([.. arguments, "--data", Data.Root], environment: _database.Settings);

    private async Task<List<(string RunId, RunPhase State)>> RunsAsync() =>
        [.. (await RunAsync("runs", "--json")).ShouldExitWith(0).Items
            .Select(run => (run.GetProperty("runId").GetString()!, Enum.Parse<RunPhase>(run.GetProperty("state").GetString()!, ignoreCase: true)))];
}
