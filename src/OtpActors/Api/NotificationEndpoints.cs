using System.ComponentModel;
using Microsoft.AspNetCore.Http.HttpResults;
using OtpActors.Infrastructure.Channels.Ledger;

namespace OtpActors.Api;

/// <summary><c>/api/notifications</c>: what became of mails and posts; looks only.</summary>
internal static class NotificationEndpoints
{
    public static void MapNotifications(this RouteGroupBuilder api) =>
        api.MapGet("/notifications", ListAsync).Needs(ApiScope.Read).WithTags("Notifications")
            .WithSummary("List mails and posts with what became of each, the newest first")
            .WithDescription(
                "From the ledger, which has an entry before a message is sent, and how that ended after it. Addresses are masked. A run "
                + "that is unknown, or was removed, has none.")
            .ProducesProblem(400).ProducesProblem(503);

    private static async Task<Ok<NotificationPage>> ListAsync(
        LedgerReader ledger, CancellationToken cancellationToken,
        [Description("Only those of this run.")] string? run = null,
        [Description("Only mail, or only slack.")] string? channel = null,
        [Description("Only those in this state, as accepted or uncertain; several with commas between, or repeated.")] string[]? state = null,
        [Description("How many at most, 1 to 500. Default: 50.")] string? limit = null,
        [Description("The next of the page before.")] string? cursor = null) =>
        TypedResults.Ok(await NotificationPages.ReadAsync(new NotificationQuery(run, channel, state, limit, cursor), ledger, cancellationToken));
}

/// <summary>Mails and posts, the newest first.</summary>
/// <param name="Next">The cursor of the next page; null on the last.</param>
public sealed record NotificationPage(
    IReadOnlyList<NotificationPage.Item> Items,
    [property: Description("How many there are of each channel and state, on further pages too. On the first page alone.")]
    IReadOnlyList<NotificationPage.StateCount>? Counts, string? Next)
{
    /// <param name="Id">Stays the same from try to try; a mail has it in its Message-Id.</param>
    public sealed record Item(
        string Id, string RunId, [property: Description("The store whose check found the address.")] string Store,
        [property: Description("mail or slack.")] string Channel, [property: Description("The address, masked.")] string To,
        [property: Description(Item.OfState)] NotificationState State,
        [property: Description("How often it was tried.")] int Tries,
        [property: Description("Tries of which nobody can say that they did not arrive: two may be two messages.")] int MayHaveArrived,
        [property: Description("The other side's last reply, or the reason; empty before the first.")] string Reply,
        DateTimeOffset FirstAt, DateTimeOffset LastAt)
    {
        internal const string OfState = "intent: under way, or the process ended while it was; accepted: the other side took it; failed: refused for good; "
            + "uncertain: nobody knows whether it arrived; deferred: not taken, to be tried again.";

        public static Item Of(LedgerEntry entry) => new(
            entry.Id, entry.RunId, entry.Store, entry.Channel, entry.Address, entry.State, entry.Tries, entry.MayHaveArrived, entry.Reply,
            entry.FirstAt, entry.LastAt);
    }

    public sealed record StateCount(string Channel, NotificationState State, long Count);
}
