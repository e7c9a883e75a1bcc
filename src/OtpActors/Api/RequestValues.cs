using System.Globalization;
using OtpActors.Topics;
using OtpActors.Triggers;

namespace OtpActors.Api;

/// <summary>Reads what comes beside a body; what is wrong is a problem that names its field and does not repeat it.</summary>
internal static class RequestValues
{
    private const int MaxKeyLength = 200;

    /// <exception cref="ApiProblemException">It is no key.</exception>
    public static string? IdempotencyKey(string? key) =>
        key is not null && (key.Length is 0 or > MaxKeyLength || key.Any(c => c is <= ' ' or > '~'))
            ? throw ApiProblemException.BadField("Idempotency-Key", $"1 to {MaxKeyLength} visible ASCII characters are wanted.")
            : key;

    /// <exception cref="ApiProblemException">It is none, or out of bounds.</exception>
    public static long Number(string? text, string field, long least, long most, long otherwise) =>
        text is null ? otherwise
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most ? number
        : throw ApiProblemException.BadField(field, most == long.MaxValue ? $"a number from {least} on is wanted." : $"a number from {least} to {most} is wanted.");

    /// <exception cref="ApiProblemException">It is neither true nor false.</exception>
    public static bool Flag(string? text, string field) => text switch
    {
        null or "false" => false,
        "true" => true,
        _ => throw ApiProblemException.BadField(field, "true or false is wanted."),
    };

    /// <exception cref="ApiProblemException">It is no time.</exception>
    public static DateTimeOffset? Time(string? text, string field) =>
        text is null ? null
        : Instants.TryParse(text, out var time) ? time
        : throw ApiProblemException.BadField(field, "a time is wanted, as 2031-05-17T08:30:00Z.");

    /// <exception cref="ApiProblemException">No topic can have the name.</exception>
    public static string TopicName(string text) =>
        TopicRules.IsLegal(text) ? text : throw ApiProblemException.UnknownTopic();
}
