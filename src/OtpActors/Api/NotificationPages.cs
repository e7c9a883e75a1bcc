using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Channels.Ledger;

namespace OtpActors.Api;

/// <summary>Which notifications to list, in the form of the API's parameters; null leaves one out.</summary>
/// <param name="Run">Of this run.</param>
/// <param name="Channel"><c>mail</c> or <c>slack</c>.</param>
/// <param name="State">In one of these states, as <c>accepted</c>.</param>
/// <param name="Limit">How many at most, 1 to 500.</param>
/// <param name="Cursor">The <c>next</c> of the page before.</param>
public sealed record NotificationQuery(
    string? Run = null, string? Channel = null, IReadOnlyList<string>? State = null, string? Limit = null, string? Cursor = null);

/// <summary>Pages of the ledger: for the API, and for who reads it without a service.</summary>
internal static class NotificationPages
{
    public const int MaxLimit = 500;

    private const int DefaultLimit = 50;

    private static readonly Dictionary<string, NotificationState> States = RequestValues.NamesOf<NotificationState>();

    /// <exception cref="ApiProblemException">A parameter is wrong.</exception>
    public static async Task<NotificationPage> ReadAsync(NotificationQuery query, LedgerReader ledger, CancellationToken cancellationToken)
    {
        var count = (int)RequestValues.Number(query.Limit, "limit", 1, MaxLimit, DefaultLimit);
        if (query.Run is not null && !RunIds.IsLegal(query.Run))
        {
            throw ApiProblemException.BadField("run", "it must be a run's id.");
        }

        if (query.Channel is not (null or ChannelNames.Mail or ChannelNames.Slack))
        {
            throw ApiProblemException.BadField("channel", $"it must be of {ChannelNames.Mail}, {ChannelNames.Slack}.");
        }

        var filter = new LedgerFilter(query.Run, query.Channel, RequestValues.AnyOf(query.State, "state", States));
        var after = query.Cursor is null ? null : TimeCursor.Parse(query.Cursor) is var (time, id) ? new LedgerCursor(time, id) : null;
        var found = await ledger.ListAsync(filter, after, count + 1, cancellationToken);
        var page = found.Take(count).Select(NotificationPage.Item.Of).ToList();
        return new NotificationPage(
            page, after is null ? CountsOf(await ledger.CountAsync(filter, cancellationToken)) : null,
            found.Count > count ? TimeCursor.From(page[^1].LastAt, page[^1].Id) : null);
    }

    private static List<NotificationPage.StateCount> CountsOf(Dictionary<(string Channel, NotificationState State), long> counts) =>
    [
        .. counts.Select(count => new NotificationPage.StateCount(count.Key.Channel, count.Key.State, count.Value))
            .OrderBy(count => count.Channel, StringComparer.Ordinal).ThenBy(count => count.State),
    ];
}
