using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OtpActors.Infrastructure.Storage;
using OtpActors.Lifecycle;

namespace OtpActors.Health;

/// <summary>Whether the data directory's files are what they were, and whether its disk takes a durable write and has room.</summary>
internal sealed class DataCheck(DataDirectory data, DataWatch watch) : IHealthCheck
{
    /// <summary>Below this the disk counts as full: a write-ahead log may take as much before it is cut.</summary>
    internal const long Floor = 16 * 1024 * 1024;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (watch.Check() is { } lost)
        {
            return HealthCheckResult.Unhealthy(lost);
        }

        if (data.FreeBytes is { } free && free < Floor)
        {
            return HealthCheckResult.Unhealthy(string.Create(
                CultureInfo.InvariantCulture,
                $"the disk that holds {data.Root} is full: {free / (1024 * 1024)} MiB are free and "
                + $"{Floor / (1024 * 1024)} MiB are required; free space"));
        }

        try
        {
            await WriteAsync(Path.Combine(data.Root, ".write-check"), cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return HealthCheckResult.Unhealthy($"nothing can be written to {data.Root}: {e.Message.TrimEnd('.')}");
        }
    }

    private static async Task WriteAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            await stream.WriteAsync(new byte[4096], cancellationToken);
            stream.Flush(flushToDisk: true);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
