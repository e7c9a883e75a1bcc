using System.Globalization;
using System.Text;
using System.Text.Json;
using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Journal;
using OtpActors.Infrastructure.Topics;

namespace OtpActors.Api;

/// <summary>Which runs to list, in the form of the API's parameters; null leaves one out.</summary>
/// <param name="State">In one of these states, as <c>completed</c>.</param>
/// <param name="From">Requested at this time or later, as <c>2031-05-17T08:30:00Z</c>.</param>
/// <param name="To">Requested before this time.</param>
/// <param name="Limit">How many at most, 1 to 500.</param>
/// <param name="Cursor">The <c>next</c> of the page before.</param>
public sealed record RunQuery(
    IReadOnlyList<string>? State = null, string? Topic = null, string? From = null, string? To = null, string? Limit = null, string? Cursor = null);

/// <summary>Pages of the list of runs: for the API, and for who reads the list beside it or without a service.</summary>
internal static class RunPages
{
    public const int MaxLimit = 500;

    private const int DefaultLimit = 50;

    /// <summary>As answers spell them.</summary>
    private static readonly Dictionary<string, RunPhase> States = Enum.GetValues<RunPhase>().Where(phase => phase != RunPhase.New)
        .ToDictionary(phase => JsonNamingPolicy.CamelCase.ConvertName(phase.ToString()), StringComparer.OrdinalIgnoreCase);

    /// <param name="list">Reads the list.</param>
    /// <param name="hold">What a run waits for that cannot be journaled now; null where no service is there to know.</param>
    /// <exception cref="ApiProblemException">A parameter is wrong.</exception>
    public static async Task<RunPage> ReadAsync(
        RunQuery query, Func<RunFilter, CancellationToken, Task<IReadOnlyList<RunSummary>>> list,
        Func<string, StepHold?>? hold, CancellationToken cancellationToken)
    {
        var count = (int)RequestValues.Number(query.Limit, "limit", 1, MaxLimit, DefaultLimit);
        if (query.Topic is not null && !TopicRules.IsLegal(query.Topic))
        {
            throw ApiProblemException.BadField("topic", "it must be one topic's name.");
        }

        var filter = new RunFilter(
            count + 1, StatesOf(query.State), query.Topic, RequestValues.Time(query.From, "from"), RequestValues.Time(query.To, "to"),
            query.Cursor is null ? null : PlaceOf(query.Cursor));
        var found = await list(filter, cancellationToken);
        var page = found.Take(count).Select(run => RunListItem.From(run, run.EndedAt is null ? hold?.Invoke(run.RunId) : null)).ToList();
        return new RunPage(page, found.Count > count ? CursorOf(page[^1]) : null);
    }

    /// <summary>Null for all.</summary>
    private static List<RunPhase>? StatesOf(IReadOnlyList<string>? names) => names is null or [] ? null
        : [.. names.SelectMany(each => each.Split(',')).Select(name => States.TryGetValue(name, out var state) ? state
            : throw ApiProblemException.BadField("state", $"it must be of {string.Join(", ", States.Keys)}.")).Distinct()];

    private static string CursorOf(RunListItem last) => Convert.ToBase64String(
        Encoding.UTF8.GetBytes($"{last.RequestedAt.ToUnixTimeMilliseconds()}:{last.RunId}")).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    private static RunCursor PlaceOf(string cursor)
    {
        var buffer = new byte[cursor.Length];
        var padded = cursor.Replace('-', '+').Replace('_', '/').PadRight((cursor.Length + 3) / 4 * 4, '=');
        var parts = Convert.TryFromBase64String(padded, buffer, out var length)
            ? Encoding.UTF8.GetString(buffer, 0, length).Split(':', 2)
            : [];
        return parts.Length == 2 && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var ms)
            && ms <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? new RunCursor(DateTimeOffset.FromUnixTimeMilliseconds(ms), parts[1])
            : throw ApiProblemException.BadField("cursor", "it must be the next of the page before.");
    }
}
