using System.ComponentModel.DataAnnotations;

namespace OtpActors.Hosting;

/// <summary>The files under <c>logs/</c> of the data directory. The least level is <see cref="OtpActorsOptions.LogLevel"/>.</summary>
public sealed class LogOptions
{
    /// <summary>A log file that is as large is followed by another one, in bytes. Default 64 MiB.</summary>
    [Range(65_536, 1_073_741_824)]
    public long MaxFileBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>Log files that are kept, the newest: one begins with each day, and where one is full. Default 16.</summary>
    [Range(1, 10_000)]
    public int MaxFiles { get; set; } = 16;

    /// <summary>
    /// How long audit files are kept, one for each month; null for ever. Neither their size nor the level ever drops a line of
    /// them. Default 365 days.
    /// </summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "36500.00:00:00")]
    public TimeSpan? AuditRetention { get; set; } = TimeSpan.FromDays(365);
}
