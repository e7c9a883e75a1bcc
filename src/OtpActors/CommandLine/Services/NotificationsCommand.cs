using System.CommandLine;
using System.Globalization;
using OtpActors.Api;
using OtpActors.CommandLine.Screens;
using OtpActors.CommandLine.Tables;
using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Channels.Ledger;
using OtpActors.Infrastructure.Storage;

namespace OtpActors.CommandLine.Services;

/// <summary>
/// <c>notifications [RUNID]</c>: what became of mails and posts. Where no service runs, the ledger of the data directory is read.
/// </summary>
internal static class NotificationsCommand
{
    public static Command Create()
    {
        var run = new Argument<string?>("RUNID") { Description = "Only those of one run.", Arity = ArgumentArity.ZeroOrOne };
        var channel = new Option<string?>("--channel")
        {
            Description = "Only mails, or only posts.",
            HelpName = $"{ChannelNames.Mail}|{ChannelNames.Slack}",
            CompletionSources = { ChannelNames.Mail, ChannelNames.Slack },
        };
        var state = new Option<string?>("--state") { Description = "Only those in this state; several with commas, as failed,uncertain.", HelpName = "STATE" };
        state.CompletionSources.Add([.. Choices.Names<NotificationState>()]);
        var list = new ListOptions();
        return ServiceVerb.Create(
            "notifications", "Lists mails and posts with what became of each, the newest first; addresses are masked.",
            [run, list.Limit, channel, state, list.Cursor],
            call => ListAsync(
                call, new NotificationQuery(
                    call.Parsed.GetValue(run), call.Parsed.GetValue(channel), call.Parsed.GetValue(state) is { } states ? [states] : null),
                list)).WithExamples("notifications --state failed,uncertain", "notifications 20310517-083000-a1b2c3 --json");
    }

    private static async Task<int> ListAsync(ServiceCall call, NotificationQuery query, ListOptions list)
    {
        list.LimitOf(call.Parsed);
        var source = "";
        var page = await call.AskOrReadAsync(
            service =>
            {
                source = $"at {service.Target}";
                return ReadAsync(call, query, list, each => service.ListNotificationsAsync(each, call.Cancel));
            },
            async settings =>
            {
                using var data = DataDirectory.OpenReadOnly(settings.Data);
                source = $"in {data.Root}";
                await using var ledger = new LedgerReader(data.NotificationsFile);
                return await ReadAsync(call, query, list, each => NotificationPages.ReadAsync(each, ledger, call.Cancel));
            });
        return call.Show(page, screen =>
        {
            if (page.Items.Count == 0)
            {
                var of = $"{(query.Channel is null && query.State is null ? "" : " of this kind")}{(query.Run is null ? "" : $" of run {query.Run}")}";
                Terminal.Remark($"No notifications{of} {source}.");
                return;
            }

            Write(screen, page, ofOneRun: query.Run is not null);
            list.WriteMore(screen, call.Parsed, page.Next, "older ones");
        });
    }

    private static async Task<NotificationPage> ReadAsync(
        ServiceCall call, NotificationQuery query, ListOptions list, Func<NotificationQuery, Task<NotificationPage>> read)
    {
        var (first, items, next) = await list.ReadAsync(
            call.Parsed, NotificationPages.MaxLimit,
            (limit, cursor) => read(query with { Cursor = cursor, Limit = limit.ToString(CultureInfo.InvariantCulture) }),
            page => (page.Items, page.Next));
        return first with { Items = items, Next = next };
    }

    private static void Write(Screen screen, NotificationPage page, bool ofOneRun)
    {
        var table = new Table(
            new Column("run", Keep: ofOneRun ? 0 : Column.Always), new Column("store", Keep: 5), new Column("channel", Keep: 6), new Column("to"),
            new Column("state"), new Column("tries", Keep: 2, Right: true), new Column("last", Keep: 1), new Column("reply", Keep: 3, Flexible: true));
        foreach (var entry in page.Items)
        {
            table.Add(entry.RunId, entry.Store, entry.Channel, entry.To, entry.State, entry.Tries, entry.LastAt, entry.Reply);
        }

        table.Write(screen);
        foreach (var channel in (page.Counts ?? []).GroupBy(count => count.Channel))
        {
            Terminal.Remark($"{channel.Key}: {string.Join(", ", channel.Select(count => $"{Texts.Number(count.Count)} {count.State}"))}");
        }
    }
}
