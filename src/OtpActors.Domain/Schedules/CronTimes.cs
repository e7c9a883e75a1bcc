using System.Text.RegularExpressions;
using Cronos;
using OtpActors.Domain.Runs;

namespace OtpActors.Domain.Schedules;

/// <summary>
/// The times that a cron expression gives in a time zone, by Cronos: a time of day that a change of the clocks leaves out
/// comes at the first moment after the gap, and one that comes twice counts the first time; an expression that repeats
/// within the hour (<c>*/30 * * * *</c>) keeps to the time that really passes.
/// </summary>
public sealed partial class CronTimes
{
    public const string Utc = "UTC";
    private const int MaxLength = 200;

    private readonly CronExpression _cron;

    private CronTimes(CronExpression cron, TimeZoneInfo zone) => (_cron, Zone) = (cron, zone);

    public TimeZoneInfo Zone { get; }

    /// <exception cref="RunRequestException">The field <c>cron</c> or <c>timeZone</c> is wrong.</exception>
    public static CronTimes From(string cron, string timeZone) => new(CronOf(cron.Trim()), ZoneOf(timeZone));

    /// <exception cref="RunRequestException">The definition is wrong.</exception>
    public static CronTimes From(ScheduleDefinition definition) => From(definition.Cron, definition.TimeZone);

    /// <summary>The first time after this one; null where none ever comes.</summary>
    public DateTimeOffset? After(DateTimeOffset time) => _cron.GetNextOccurrence(time.ToUniversalTime(), Zone)?.ToUniversalTime();

    /// <summary>The times after <paramref name="from"/> up to <paramref name="to"/>, that one included.</summary>
    public IEnumerable<DateTimeOffset> Between(DateTimeOffset from, DateTimeOffset to)
    {
        for (var time = After(from); time <= to; time = After(time.Value))
        {
            yield return time.Value;
        }
    }

    private static CronExpression CronOf(string text)
    {
        var fields = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length;
        if (text.Length is 0 or > MaxLength || !(text[0] == '@' ? fields == 1 : fields is 5 or 6))
        {
            throw new RunRequestException(
                "cron",
                "must be five fields (minute, hour, day, month, weekday), six with the second in front, or a macro as @daily");
        }

        try
        {
            return CronExpression.Parse(text, fields == 6 ? CronFormat.IncludeSeconds : CronFormat.Standard);
        }
        catch (CronFormatException e)
        {
            throw new RunRequestException("cron", e.Message.TrimEnd('.'));
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // H asks for a seed that nobody gives, and the parser may know more of the kind.
            throw new RunRequestException("cron", "the expression cannot be read: each field takes numbers, names, * , - / ? L W #, and no H");
        }
    }

    private static TimeZoneInfo ZoneOf(string id) => id == Utc ? TimeZoneInfo.Utc
        : ZoneId().IsMatch(id) && TimeZoneInfo.TryFindSystemTimeZoneById(id, out var zone) && zone.HasIanaId ? zone
        : throw new RunRequestException("timeZone", "there is no such time zone; write its IANA id, as Europe/Berlin or UTC");

    [GeneratedRegex(@"\A[A-Za-z][A-Za-z0-9_+-]{0,31}(/[A-Za-z][A-Za-z0-9_+-]{0,31}){0,2}\z")]
    private static partial Regex ZoneId();
}
