using Microsoft.Extensions.DependencyInjection;
using OtpActors.Api;
using OtpActors.Domain.Notifications;
using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Channels.Ledger;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Api;

/// <summary>What became of mails and posts.</summary>
[Collection(OneService.Name)]
public sealed class NotificationSpecs
{
    [Fact]
    public async Task A_run_s_mails_and_posts_are_listed_masked_the_newest_first_with_their_counts()
    {
        await using var service = await ApiService.StartAsync();
        (await service.GetAsync("/api/notifications")).ShouldBe(200)["items"].GetArrayLength().ShouldBe(0); // before the first
        var id = await service.StartRunAsync("""{"email":"ann@example.com","otp":"canary-0042","interval":"1ms","duration":"2ms"}""");
        await service.UntilAsync(id, "completed");

        var page = (await service.GetAsync($"/api/notifications?run={id}")).ShouldBe(200);
        page.Text.ShouldNotContain("ann@");
        page.Text.ShouldNotContain("canary");
        var items = page["items"].EnumerateArray().ToList();
        items.Select(item => $"{item.GetProperty("store")} {item.GetProperty("channel")} {item.GetProperty("to")} {item.GetProperty("state")} {item.GetProperty("tries")}")
            .Order(StringComparer.Ordinal).ShouldBe(
            [
                "cassandra mail a***@example.com accepted 1", "cassandra slack a***@example.com accepted 1",
                "mongo mail a***@example.com accepted 1", "mongo slack a***@example.com accepted 1",
            ]);
        items.Select(item => item.GetProperty("lastAt").GetDateTimeOffset()).ShouldBeInOrder(SortDirection.Descending);
        page["counts"].GetRawText().ShouldBe(
            """[{"channel":"mail","state":"accepted","count":2},{"channel":"slack","state":"accepted","count":2}]""");
    }

    [Fact]
    public async Task The_list_is_filtered_and_paged()
    {
        await using var service = await ApiService.StartAsync();
        await WriteAsync(service, "run-1", ChannelNames.Mail, SendOutcome.Accepted, 3);
        await WriteAsync(service, "run-1", ChannelNames.Slack, SendOutcome.Uncertain, 2);
        await WriteAsync(service, "run-2", ChannelNames.Mail, SendOutcome.Refused, 2);

        var all = Ids(await service.GetAsync("/api/notifications"));
        all.Count.ShouldBe(7);
        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = (await service.GetAsync($"/api/notifications?limit=3{(cursor is null ? "" : $"&cursor={cursor}")}")).ShouldBe(200);
            page.Json.TryGetProperty("counts", out _).ShouldBe(cursor is null);
            seen.AddRange(Ids(page));
            cursor = page.Json.TryGetProperty("next", out var next) ? next.GetString() : null;
        }
        while (cursor is not null);

        seen.ShouldBe(all);
        foreach (var (query, count) in new[]
        {
            ("run=run-1", 5), ("run=run-2", 2), ("run=none", 0), ("channel=mail", 5), ("channel=slack&run=run-1", 2), ("state=failed", 2),
            ("state=failed,uncertain", 4), ("state=Accepted&state=failed", 5), ("state=accepted&run=run-2", 0), ("state=intent,deferred", 0),
        })
        {
            var page = (await service.GetAsync($"/api/notifications?{query}")).ShouldBe(200);
            Ids(page).Count.ShouldBe(count, query);
            page["counts"].EnumerateArray().Sum(each => each.GetProperty("count").GetInt64()).ShouldBe(count, query);
        }

        var client = await service.Client().ListNotificationsAsync(
            new NotificationQuery("run-1", ChannelNames.Slack, ["uncertain", "failed"], "1"), TestContext.Current.CancellationToken);
        (client.Items.ShouldHaveSingleItem().State, client.Counts!.ShouldHaveSingleItem().Count).ShouldBe((NotificationState.Uncertain, 2));
        client.Next.ShouldNotBeNull();
    }

    [Theory]
    [InlineData("run=a%20b", "run")]
    [InlineData("channel=fax", "channel")]
    [InlineData("channel=Mail", "channel")]
    [InlineData("state=sent", "state")]
    [InlineData("state=1", "state")]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=501", "limit")]
    [InlineData("cursor=AAAA", "cursor")]
    public async Task A_filter_that_is_none_is_named(string query, string field)
    {
        await using var service = await ApiService.StartAsync();
        (await service.GetAsync($"/api/notifications?{query}")).ShouldBeProblem(400, "bad_field", field);
    }

    private static List<string> Ids(Answer page) =>
        [.. page.ShouldBe(200)["items"].EnumerateArray().Select(item => item.GetProperty("id").GetString()!)];

    private static async Task WriteAsync(ApiService service, string run, string channel, SendOutcome outcome, int count)
    {
        var ledger = service.Services.GetRequiredService<NotificationLedger>();
        for (var n = 0; n < count; n++)
        {
            var to = EmailAddress.Parse($"user{n}@example.com");
            var notification = new Notification(NotificationId.For(run, "mongo", channel, to), run, "mongo", channel, to);
            await ledger.BeginAsync(notification, 1);
            await ledger.EndAsync(notification.Id, new SendResult(outcome, "its reply"));
        }
    }
}
