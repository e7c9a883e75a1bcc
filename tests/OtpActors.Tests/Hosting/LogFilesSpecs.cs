using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Journal;
using OtpActors.Infrastructure.Storage;
using OtpActors.Telemetry;
using OtpActors.Tests.Api;
using OtpActors.Tests.Fakes;
using Serilog.Events;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Hosting;

public sealed class LogFilesSpecs : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Files_of_the_log_are_limited_in_size_and_number_and_the_audit_loses_no_line()
    {
        const int lines = 4_000;
        var options = new OtpActorsOptions { Data = _directory.File("data"), Log = { MaxFileBytes = 65_536, MaxFiles = 3 } };
        using (var data = DataDirectory.Open(options.Data))
        using (var host = OtpActorsHost.Build(options, data, LogEventLevel.Fatal))
        {
            var logs = host.Services.GetRequiredService<ILoggerFactory>();
            var (audit, other) = (logs.CreateLogger(AuditTrail.Category), logs.CreateLogger("Other"));
            for (var i = 0; i < lines; i++)
            {
                audit.LogInformation("Audited {Number}", i);
                other.LogInformation("Something else {Number} {Text}", i, new string('x', 100));
            }
        }

        var written = Directory.GetFiles(Path.Combine(options.Data, "logs"));
        var log = written.Where(file => Path.GetFileName(file).StartsWith("otpactors-", StringComparison.Ordinal)).ToList();
        log.Count.ShouldBe(3);
        log.ShouldAllBe(file => new FileInfo(file).Length < 65_536 + 1_024);
        var kept = written.Where(file => Path.GetFileName(file).StartsWith("audit-", StringComparison.Ordinal)).SelectMany(File.ReadAllLines).ToList();
        kept.Count.ShouldBe(lines);
        kept[0].ShouldEndWith("Audited 0");
        kept[^1].ShouldEndWith($"Audited {lines - 1}");
    }

    [Fact]
    public void The_least_level_does_not_silence_the_audit()
    {
        var options = new OtpActorsOptions { Data = _directory.File("data"), LogLevel = LogEventLevel.Fatal };
        using (var data = DataDirectory.Open(options.Data))
        using (var host = OtpActorsHost.Build(options, data, LogEventLevel.Fatal))
        {
            host.Services.GetRequiredService<ILoggerFactory>().CreateLogger(AuditTrail.Category).LogInformation("Audited");
        }

        AuditOf(options).ShouldContain("Audited");
    }

    [Fact]
    public async Task Who_changes_what_is_audited_and_who_reads_is_not()
    {
        string audit;
        await using (var service = await ApiService.StartAsync(Keys.Set))
        {
            var id = (await service.PostAsync("/api/runs", """{"interval":"50ms","duration":"1h"}""", Keys.Operator)).ShouldBe(202)["runId"].GetString();
            (await service.PostAsync($"/api/runs/{id}/cancel", null, Keys.Reader)).Status.ShouldBe(403);
            (await service.GetAsync("/api/runs", Keys.Reader)).ShouldBe(200);
            (await service.PostAsync("/api/otps", """{"email":"ann@example.com"}""", Keys.Operator)).ShouldBe(201);
            (await service.PostAsync($"/api/runs/{id}/cancel", null, Keys.Operator)).ShouldBe(200);
            (await service.GetAsync("/api/otps/ann@example.com?reveal=true", Keys.Auditor)).ShouldBe(200);
            (await service.PostAsync("/api/runs", "{}", "otp_nobody")).Status.ShouldBe(401);
            await service.StopAsync();
            audit = AuditOf(service.Options);
            audit.ShouldContain($"Run {id} is requested by Http");
            audit.ShouldContain($"The key operator at 127.0.0.1: POST /api/runs of /api/runs/{id}, 202");
            audit.ShouldContain($"The key operator at 127.0.0.1: POST /api/runs/{{id}}/cancel of {id}, 200");
            audit.ShouldContain($"The key reader at 127.0.0.1: POST /api/runs/{{id}}/cancel of {id}, 403");
            audit.ShouldContain($"Run {id} ended: Cancelled");
        }

        audit.ShouldContain("Password revealed");
        audit.ShouldContain("a***@example.com");
        audit.ShouldNotContain("ann@example.com");
        audit.ShouldNotContain("GET /api/runs");
        audit.ShouldNotContain("POST /api/otps");
    }

    [Fact]
    public async Task A_request_that_fails_here_is_logged_with_its_method_and_route()
    {
        await using var service = await ApiService.StartAsync(replace: services => services.AddSingleton(BrokenCatalog.Make()));
        (await service.GetAsync("/api/runs?limit=7")).Status.ShouldBe(500);
        await service.StopAsync();

        service.Data.Logs.ShouldMatch(@"\[ERR\] +GET /api/runs failed");
        service.Data.Logs.ShouldNotContain("limit=7");
    }

    /// <summary>A list of runs that cannot be listed, for a reason that nobody thought of.</summary>
    public class BrokenCatalog : DispatchProxy
    {
        private readonly FakeCatalog _catalog = new();

        internal static IRunCatalog Make() => Create<IRunCatalog, BrokenCatalog>();

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.Name == nameof(IRunCatalog.ListAsync)
            ? throw new InvalidOperationException("broken")
            : targetMethod.Invoke(_catalog, args);
    }

    private static string AuditOf(OtpActorsOptions options) =>
        File.ReadAllText(Directory.GetFiles(Path.Combine(options.Data, "logs"), "audit-*").ShouldHaveSingleItem());
}
