using System.CommandLine;
using System.Globalization;
using OtpActors.Api;
using OtpActors.CommandLine.Screens;
using OtpActors.CommandLine.Tables;
using OtpActors.Hosting;

namespace OtpActors.CommandLine.Services;

/// <summary><c>runs [ID]</c>: past and present runs, or one of them. Where no service runs, the list is read from the data directory.</summary>
internal static class RunsCommand
{
    public static Command Create()
    {
        var id = new Argument<string?>("ID") { Description = "One run: its state, steps, counts and timeline.", Arity = ArgumentArity.ZeroOrOne };
        var state = new Option<string?>("--state") { Description = "Only runs in this state; several with commas, as failed,incomplete.", HelpName = "STATE" };
        var topic = new Option<string?>("--topic") { Description = "Only runs on this topic.", HelpName = "NAME" };
        var from = new Option<string?>("--from") { Description = "Requested at this time or later, as 2031-05-17T08:30:00Z.", HelpName = "TIME" };
        var to = new Option<string?>("--to") { Description = "Requested before this time.", HelpName = "TIME" };
        var list = new ListOptions();
        var follow = new Option<bool>("--follow") { Description = "With an ID: follow the run to its end. The exit code is then that of the run." };
        var log = new Option<bool>("--log") { Description = "With an ID: the run's log instead, its last lines, the newest last." };
        Option[] ofLists = [list.Limit, state, topic, from, to, list.Cursor];
        return ServiceVerb.Create("runs", "Lists runs, the newest first; or shows one.", [id, follow, log, .. ofLists], async call =>
        {
            var parsed = call.Parsed;
            if (parsed.GetValue(id) is { } one)
            {
                if (parsed.GetValue(log))
                {
                    ListOptions.Refuse(parsed, "does not go with --log", state, topic, from, to, follow);
                    return await RunLogText.ShowAsync(call, one, list);
                }

                ListOptions.Refuse(parsed, "is for lists: add --log, or leave out the ID", list.Limit, list.Cursor);
                ListOptions.Refuse(parsed, "is for the list of runs: leave it out, or leave out the ID", ofLists);
                return await ShowAsync(call, one, parsed.GetValue(follow));
            }

            ListOptions.Refuse(parsed, "goes with the ID of a run", follow, log);

            var query = new RunQuery(
                parsed.GetValue(state) is { } states ? [states] : null, parsed.GetValue(topic), parsed.GetValue(from), parsed.GetValue(to));
            return await ListAsync(call, query, list);
        }).WithExamples("runs --limit 5", "runs --state failed,incomplete --json", "runs 20310517-083000-a1b2c3", "runs 20310517-083000-a1b2c3 --log");
    }

    private static async Task<int> ListAsync(ServiceCall call, RunQuery query, ListOptions list)
    {
        list.LimitOf(call.Parsed);
        var source = "";
        var page = await call.AskOrReadAsync(
            service =>
            {
                source = $"at {service.Target}";
                return ReadAsync(call, query, list, each => service.ListRunsAsync(each, call.Cancel));
            },
            settings =>
            {
                source = $"in {JournalHosting.PlaceOf(settings)}";
                return ReadAsync(call, query, list, each => RunPages.ReadAsync(
                    each, (filter, cancel) => JournalHosting.ListRunsAsync(settings, filter, cancel), null, call.Cancel));
            });
        return call.Show(page, screen =>
        {
            if (page.Items.Count == 0)
            {
                Terminal.Remark($"No runs {source}.");
                return;
            }

            Write(screen, page.Items);
            list.WriteMore(screen, call.Parsed, page.Next, "older ones");
        });
    }

    private static async Task<RunPage> ReadAsync(ServiceCall call, RunQuery query, ListOptions list, Func<RunQuery, Task<RunPage>> read)
    {
        var (_, items, next) = await list.ReadAsync(
            call.Parsed, RunPages.MaxLimit,
            (limit, cursor) => read(query with { Cursor = cursor, Limit = limit.ToString(CultureInfo.InvariantCulture) }),
            page => (page.Items, page.Next));
        return new RunPage(items, next);
    }

    private static void Write(Screen screen, IReadOnlyList<RunListItem> runs)
    {
        var table = new Table(
            new Column("run"), new Column("state"), new Column("topic", Keep: 1), new Column("requested", Keep: 3),
            new Column("produced", Keep: 5, Right: true), new Column("agree", Keep: 4), new Column("reason", Keep: 2, Flexible: true));
        foreach (var run in runs)
        {
            table.Add(
                run.RunId, run.State, run.Topic, run.RequestedAt, run.Report.Produced, run.EndedAt is null ? null : run.Report.StoresAgree,
                run.Report.Reason);
        }

        table.Write(screen);
    }

    private static async Task<int> ShowAsync(ServiceCall call, string id, bool follow)
    {
        var run = await call.Client.GetRunAsync(id, call.Cancel);
        return follow ? await Following.ToTheEndAsync(call, run) : call.Show(run, screen => RunText.Write(screen, run, TimeProvider.System.GetUtcNow()));
    }
}
