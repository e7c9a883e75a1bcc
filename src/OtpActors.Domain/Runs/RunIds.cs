using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace OtpActors.Domain.Runs;

/// <summary>
/// The ids of runs. A trigger that can come twice gives the same id both times, and the same id is the same run: that is
/// all it takes for one trigger to make one run, across processes too.
/// </summary>
public static partial class RunIds
{
    /// <summary>Sorts by time, is short enough to type, and does not repeat.</summary>
    public static string New(TimeProvider time) =>
        $"{Second(time.GetUtcNow())}-{RandomNumberGenerator.GetHexString(6, lowercase: true)}";

    /// <summary>The run of a caller's idempotency key.</summary>
    public static string OfKey(string key) =>
        $"http-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, 12))}";

    /// <summary>The run of a command in a topic.</summary>
    public static string OfCommand(string topic, int partition, long offset) =>
        string.Create(CultureInfo.InvariantCulture, $"{topic}-{partition}-{offset}");

    /// <summary>The run of a schedule at one of its times.</summary>
    public static string OfSchedule(string schedule, DateTimeOffset time) => $"{schedule}-{Second(time)}";

    /// <summary>The run's name in the journal.</summary>
    public static string PersistenceIdOf(string runId) => $"run-{runId}";

    /// <summary>In the calendar and digits that every process writes: an id is a promise across all of them.</summary>
    private static string Second(DateTimeOffset time) => time.UtcDateTime.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);

    /// <summary>Whether the text can be a run's id at all: it names files and actors.</summary>
    public static bool IsLegal(string? id) => id is not null && Legal().IsMatch(id);

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,299}\z")]
    private static partial Regex Legal();
}
