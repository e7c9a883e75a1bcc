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

    private static readonly Dictionary<string, RunPhase> States = RequestValues.NamesOf<RunPhase>()
        .Where(state => state.Value != RunPhase.New).ToDictionary(StringComparer.OrdinalIgnoreCase);

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
            count + 1, RequestValues.AnyOf(query.State, "state", States), query.Topic, RequestValues.Time(query.From, "from"), RequestValues.Time(query.To, "to"),
            query.Cursor is null ? null : TimeCursor.Parse(query.Cursor) is var (time, id) ? new RunCursor(time, id) : null);
        var found = await list(filter, cancellationToken);
        var page = found.Take(count).Select(run => RunListItem.From(run, run.EndedAt is null ? hold?.Invoke(run.RunId) : null)).ToList();
        return new RunPage(page, found.Count > count ? TimeCursor.From(page[^1].RequestedAt, page[^1].RunId) : null);
    }
}
