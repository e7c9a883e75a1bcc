using System.Globalization;
using System.Text.Json;
using OtpActors.Domain.Times;
using OtpActors.Infrastructure.Topics;

namespace OtpActors.Api;

/// <summary>Reads what comes beside a body; what is wrong is a problem that names its field and does not repeat it.</summary>
internal static class RequestValues
{
    private const int MaxKeyLength = 200;

    /// <exception cref="ApiProblemException">It is no key.</exception>
    public static string? IdempotencyKey(string? key) =>
        key is not null && (key.Length is 0 or > MaxKeyLength || key.Any(c => c is <= ' ' or > '~'))
            ? throw ApiProblemException.BadField("Idempotency-Key", $"it must be 1 to {MaxKeyLength} visible ASCII characters.")
            : key;

    /// <exception cref="ApiProblemException">It is none, or out of bounds.</exception>
    public static long Number(string? text, string field, long least, long most, long otherwise) =>
        text is null ? otherwise
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most ? number
        : throw ApiProblemException.BadField(field, most == long.MaxValue ? $"it must be a number from {least} on." : $"it must be a number from {least} to {most}.");

    /// <exception cref="ApiProblemException">It is neither true nor false.</exception>
    public static bool Flag(string? text, string field) => text switch
    {
        null or "false" => false,
        "true" => true,
        _ => throw ApiProblemException.BadField(field, "it must be true or false."),
    };

    /// <exception cref="ApiProblemException">It is neither oldest nor newest.</exception>
    public static bool IsNewestFirst(string? order) => order switch
    {
        null or "oldest" => false,
        "newest" => true,
        _ => throw ApiProblemException.BadField("order", "it must be oldest or newest."),
    };

    /// <exception cref="ApiProblemException">It is no time.</exception>
    public static DateTimeOffset? Time(string? text, string field) =>
        text is null ? null
        : Instants.TryParse(text, out var time) ? time
        : throw ApiProblemException.BadField(field, "it must be a time with its offset, as 2031-05-17T08:30:00Z.");

    /// <summary>Values of an enum by their names, as answers spell them; letters may be of either case.</summary>
    public static Dictionary<string, T> NamesOf<T>() where T : struct, Enum => Enum.GetValues<T>()
        .ToDictionary(value => JsonNamingPolicy.CamelCase.ConvertName(value.ToString()), StringComparer.OrdinalIgnoreCase);

    /// <summary>Several of a few values, with commas between or repeated; null for all of them.</summary>
    /// <exception cref="ApiProblemException">One is unknown.</exception>
    public static List<T>? AnyOf<T>(IReadOnlyList<string>? names, string field, IReadOnlyDictionary<string, T> known) => names is null or [] ? null
        : [.. names.SelectMany(each => each.Split(',')).Select(name => known.TryGetValue(name, out var value) ? value
            : throw ApiProblemException.BadField(field, $"it must be of {string.Join(", ", known.Keys)}.")).Distinct()];

    /// <summary>The cursor of a page that begins there.</summary>
    public static string CursorOf(RecordPosition place) => string.Create(CultureInfo.InvariantCulture, $"{place.Partition}-{place.Offset}");

    /// <exception cref="ApiProblemException">It is no cursor of records.</exception>
    public static RecordPosition Place(string cursor, string field) =>
        cursor.Split('-') is [var partition, var offset]
        && int.TryParse(partition, NumberStyles.None, CultureInfo.InvariantCulture, out var p) && p <= TopicEndpoints.MaxPartition
        && long.TryParse(offset, NumberStyles.None, CultureInfo.InvariantCulture, out var o)
            ? new RecordPosition(p, o)
            : throw ApiProblemException.BadField(field, "it must be the next of the page before.");

    /// <exception cref="ApiProblemException">No topic can have the name.</exception>
    public static string TopicName(string text) =>
        TopicRules.IsLegal(text) ? text : throw ApiProblemException.UnknownTopic();
}
