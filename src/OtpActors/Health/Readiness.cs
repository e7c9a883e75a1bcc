using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace OtpActors.Health;

/// <summary>
/// The checks of readiness, made once for all who ask within a second: nobody limits how often that is. What changes is one
/// line of the log.
/// </summary>
/// <remarks>Can be called from any thread.</remarks>
internal sealed class Readiness(HealthCheckService checks, TimeProvider time, ILogger<Readiness> log)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, string?> _told = [];
    private Task<HealthReport>? _latest;
    private long _madeAt;

    public Task<HealthReport> ReportAsync()
    {
        lock (_lock)
        {
            if (_latest is null || (_latest.IsCompleted && time.GetElapsedTime(_madeAt) >= Fresh))
            {
                _madeAt = time.GetTimestamp();
                _latest = Task.Run(MakeAsync);
            }

            return _latest;
        }
    }

    private async Task<HealthReport> MakeAsync()
    {
        var report = await checks.CheckHealthAsync();
        foreach (var (name, entry) in report.Entries)
        {
            var fault = entry.Status == HealthStatus.Healthy ? null : entry.Description;
            if (_told.GetValueOrDefault(name) is null == fault is null)
            {
                continue;
            }

            if (fault is not null)
            {
                log.LogWarning("Not ready, {Check}: {Fault}", name, fault);
            }
            else
            {
                log.LogInformation("Ready again: {Check}", name);
            }

            _told[name] = fault;
        }

        return report;
    }
}
