using System.ComponentModel;

namespace OtpActors.Domain.Runs;

/// <summary>
/// A run as somebody asks for it, in whatever way it comes. What is left out takes the settings' default; nothing at all
/// asks for the tutorial's run. the trigger checks it.
/// </summary>
/// <remarks>No record: its text would show the password.</remarks>
public class RunRequest
{
    private OverlapPolicy? _overlap;

    [Description("The topic, created if it is absent. Default: email_topic.")]
    public string? Topic { get; init; }

    [Description("Partitions of a topic that is created: 1 to 1000. Default: 1.")]
    public int? Partitions { get; init; }

    [Description("The one address to produce again and again. Default: sample_email@my_email.com.")]
    public string? Email { get; init; }

    [Description("Its password: 1 to 128 characters. Default: 1234567.")]
    public string? Otp { get; init; }

    [Description("The time between two records of the one address, as 500ms, 5s, 2m, 1h, 00:00:05 or PT5S. Default: 5s.")]
    public TimeSpan? Interval { get; init; }

    [Description("From the first to the last record of the one address, both included. Default: 20s.")]
    public TimeSpan? Duration { get; init; }

    [Description("Instead of one address: this many generated ones, with random passwords.")]
    public long? Count { get; init; }

    [Description("Instead of one address: these records, at most 10,000.")]
    public IReadOnlyList<OtpInput>? Records { get; init; }

    [Description("How long the sinks may store nothing more before the checks begin all the same. Default: 30s.")]
    public TimeSpan? Window { get; init; }

    [Description("Mail and post \"all\" addresses found in a store, \"none\", or the first N. Default: 100.")]
    public NotifyLimit? Notify { get; init; }

    [Description("The run is ended as timed out this long after it began. Default: never.")]
    public TimeSpan? Deadline { get; init; }

    [Description("What becomes of the run where its topic is taken by another: wait, skip or cancelOther. Default: wait.")]
    public OverlapPolicy? Overlap { get => _overlap; init => _overlap = value; }

    /// <summary>The same request with another policy.</summary>
    public RunRequest With(OverlapPolicy overlap)
    {
        var copy = (RunRequest)MemberwiseClone();
        copy._overlap = overlap;
        return copy;
    }
}

/// <summary>An address and its password.</summary>
/// <remarks>No record: its text would show the password.</remarks>
public sealed class OtpInput
{
    [Description("The address.")]
    public string? Email { get; init; }

    [Description("Its password: 1 to 128 characters. Left out, one of 7 random digits is made.")]
    public string? Otp { get; init; }
}

/// <summary>How many addresses a store are notified.</summary>
/// <param name="Addresses">Null for all.</param>
public sealed record NotifyLimit(long? Addresses)
{
    /// <summary><c>all</c>, <c>none</c> or a number.</summary>
    public static bool TryParse(string? text, out NotifyLimit? limit)
    {
        limit = text switch
        {
            "all" => new NotifyLimit((long?)null),
            "none" => new NotifyLimit(0),
            _ => long.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var n)
                ? new NotifyLimit(n)
                : null,
        };
        return limit is not null;
    }
}

/// <summary>A run's request cannot be carried out as it is.</summary>
/// <param name="field">The field, as JSON names it.</param>
/// <param name="message">What is wrong with it; never holds a password.</param>
public sealed class RunRequestException(string field, string message) : Exception(message)
{
    public string Field { get; } = field;
}
