using OtpActors.Api;
using OtpActors.Client;
using OtpActors.Domain.Runs;
using OtpActors.Tests.Api;
using OtpActors.Triggers;
using OtpActors.Triggers.Schedules;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Client;

/// <summary>The typed client against the service itself.</summary>
[Collection(OneService.Name)]
public sealed class ServiceClientSpecs
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_run_is_started_once_followed_listed_and_shown()
    {
        await using var service = await ApiService.StartAsync();
        var client = service.Client();
        var request = new RunRequest { Count = 20, Notify = new NotifyLimit(2), Window = TimeSpan.FromSeconds(10) };

        var (run, again) = await client.StartRunAsync(request, "today", Cancel);
        (run.State, run.Request.Count, run.Request.Window, again).ShouldBe((run.State, 20, TimeSpan.FromSeconds(10), false));
        (await client.StartRunAsync(request, "today", Cancel)).ShouldSatisfyAllConditions(
            second => second.Run.RunId.ShouldBe(run.RunId), second => second.Again.ShouldBeTrue());

        var events = await FollowAsync(client, run.RunId, null);
        var shown = await client.GetRunAsync(run.RunId, Cancel);
        events.OfType<RunEvent.Happened>().Select(each => each.Fact).ShouldBe(shown.Timeline);
        var last = events.OfType<RunEvent.Progressed>().Last().Progress;
        (last.State, last.Version, last.Report.Produced).ShouldBe((RunPhase.Completed, shown.Version, 20));
        (shown.State, shown.Report.Outcome, shown.Report.StoresAgree).ShouldBe((RunPhase.Completed, "Completed", true));

        var facts = shown.Timeline.Select(fact => fact.Id).ToList();
        (await FollowAsync(client, run.RunId, facts[^3])).OfType<RunEvent.Happened>()
            .Select(each => each.Fact.Id).ShouldBe(facts[^2..]);
        (await FollowAsync(client, run.RunId, facts[^1])).ShouldBeEmpty();

        await client.StartRunAsync(new RunRequest { Count = 1, Notify = new NotifyLimit(0), Topic = "other" }, null, Cancel);
        var page = await client.ListRunsAsync(new RunQuery(Limit: "1"), Cancel);
        page.Items.ShouldHaveSingleItem().Topic.ShouldBe("other");
        (await client.ListRunsAsync(new RunQuery(Limit: "1", Cursor: page.Next), Cancel)).Items.ShouldHaveSingleItem().RunId.ShouldBe(run.RunId);
        (await client.ListRunsAsync(new RunQuery(["completed", "failed"], "email_topic", "2020-01-01T00:00:00Z"), Cancel)).Items
            .ShouldHaveSingleItem().Report.Produced.ShouldBe(20);
    }

    [Fact]
    public async Task A_run_is_paused_resumed_cancelled_and_retried()
    {
        await using var service = await ApiService.StartAsync();
        var client = service.Client();
        var (run, _) = await client.StartRunAsync(
            new RunRequest { Interval = TimeSpan.FromMinutes(1), Duration = TimeSpan.FromHours(1) }, null, Cancel);
        await service.UntilAsync(run.RunId, "producing");

        (await client.PauseRunAsync(run.RunId, Cancel)).State.ShouldBe(RunPhase.Paused);
        (await client.ResumeRunAsync(run.RunId, Cancel)).State.ShouldBe(RunPhase.Producing);
        await client.CancelRunAsync(run.RunId, Cancel);
        await service.UntilAsync(run.RunId, "cancelled");
        (await client.RetryStepAsync(run.RunId, "produce", Cancel)).Timeline.ShouldContain(fact => fact.What == "reopened");
        await client.CancelRunAsync(run.RunId, Cancel);
    }

    [Fact]
    public async Task Records_are_published_found_listed_and_redriven()
    {
        await using var service = await ApiService.StartAsync(Keys.Set);
        var local = service.Client(ServiceTarget.Resolve(null, null, _ => null, () => service.Options.Data));
        var records = new PublishRequest { Records = [new OtpInput { Email = "ann+1@example.com", Otp = "0042" }] };

        (await local.PublishAsync(records, "once", Cancel)).ShouldBe(new PublishedDocument("email_topic", 1, false));
        (await local.PublishAsync(records, "once", Cancel)).ShouldBe(new PublishedDocument("email_topic", 1, true));
        await local.StartRunAsync(new RunRequest { Count = 1, Notify = new NotifyLimit(0) }, "run", Cancel);
        var run = await local.StartRunAsync(new RunRequest { Count = 1, Notify = new NotifyLimit(0) }, "run", Cancel);
        await FollowAsync(local, run.Run.RunId, null);
        (await local.FindAsync("ann+1@example.com", true, Cancel)).Stores.Select(store => (store.Found, store.Otp)).ShouldBe([(true, "0042"), (true, "0042")]);
        (await local.FindAsync("ann+1@example.com", false, Cancel)).Stores.ShouldAllBe(store => store.Otp == "***");

        (await local.ListTopicsAsync(10, null, Cancel)).Items.ShouldContain(topic => topic.Topic == "email_topic" && topic.Kind == TopicKind.Records);
        (await local.GetTopicAsync("email_topic", Cancel)).Groups.ShouldAllBe(group => group.Lag == 0);
        (await local.ListRecordsAsync("email_topic", new RecordQuery(0, 0, 1, "oldest"), Cancel)).Items.ShouldHaveSingleItem().Email.ShouldBe("a***@example.com");
        (await local.ListDeadLettersAsync(null, new RecordQuery(Order: "newest"), Cancel)).Items.ShouldBeEmpty();
        (await local.RedriveAsync(new RedriveRequest { All = true }, Cancel)).ShouldSatisfyAllConditions(
            done => done.Redriven.ShouldBe(0), done => done.Next.ShouldBeNull());
    }

    [Fact]
    public async Task Schedules_are_made_changed_triggered_and_removed()
    {
        await using var service = await ApiService.StartAsync();
        var client = service.Client();
        var form = new ScheduleForm
        {
            Cron = "0 2 * * *",
            CatchUp = TimeSpan.FromHours(2),
            Request = new RunRequest { Count = 1, Notify = new NotifyLimit(0) },
        };

        var (schedule, created) = await client.PutScheduleAsync("nightly", form, Cancel);
        (schedule.Cron, schedule.CatchUp, schedule.Request.Count, created).ShouldBe(("0 2 * * *", TimeSpan.FromHours(2), 1, true));
        (await client.PutScheduleAsync("nightly", form, Cancel)).Created.ShouldBeFalse();
        (await client.CreateScheduleAsync(new ScheduleForm { Name = "hourly", Cron = "@hourly" }, Cancel)).Next.Count.ShouldBe(5);
        (await client.ListSchedulesAsync(Cancel)).Items.Select(each => each.Name).ShouldBe(["daily", "hourly", "nightly"]);
        (await client.PauseScheduleAsync("nightly", Cancel)).Enabled.ShouldBeFalse();
        (await client.ResumeScheduleAsync("nightly", Cancel)).Enabled.ShouldBeTrue();
        var run = await client.TriggerScheduleAsync("nightly", Cancel);
        (await client.GetScheduleAsync("nightly", Cancel)).LastRunId.ShouldBe(run.RunId);
        await client.DeleteScheduleAsync("nightly", Cancel);
        (await Should.ThrowAsync<ServiceException>(() => client.GetScheduleAsync("nightly", Cancel))).Code.ShouldBe("unknown_schedule");
    }

    [Fact]
    public async Task Settings_and_health_are_shown()
    {
        await using var service = await ApiService.StartAsync();
        var client = service.Client();

        (await client.GetConfigAsync(Cancel))["Http"]!["Url"]!.GetValue<string>().ShouldStartWith("http://127.0.0.1:");
        (await client.GetLiveAsync(Cancel)).Status.ShouldBe("live");
        var ready = await client.GetReadyAsync(Cancel);
        ready.Status.ShouldBe("ready");
        ready.Checks!.Values.ShouldAllBe(check => check.Status == "healthy");
    }

    [Fact]
    public async Task A_problem_is_the_services_own_sentence()
    {
        await using var service = await ApiService.StartAsync(Keys.Set);

        var unknown = await Should.ThrowAsync<ServiceException>(() => service.Client(Keys.Reader).GetRunAsync("none", Cancel));
        (unknown.Fault, unknown.Code, unknown.Field, unknown.Title, unknown.IsCallersFault).ShouldBe((ServiceFault.Refused, "unknown_run", "id", "Not found", true));
        unknown.Message.ShouldBe("There is no run 'none'. GET /api/runs lists them.");

        var scope = await Should.ThrowAsync<ServiceException>(() => service.Client(Keys.Reader).CancelRunAsync("none", Cancel));
        (scope.Code, scope.Message).ShouldBe(("not_allowed", "This key may not do that. Its scopes are in OtpActors:Http:ApiKeys."));

        var keyless = await Should.ThrowAsync<ServiceException>(() => service.Client().ListRunsAsync(new RunQuery(), Cancel));
        keyless.Message.ShouldBe(
            "A valid API key is required. Put the key into a file and name that with --api-key-file or OTPACTORS_API_KEY_FILE, "
            + "or the key into OTPACTORS_API_KEY.");

        var wrong = await Should.ThrowAsync<ServiceException>(() => service.Client("otp_wrong").ListRunsAsync(new RunQuery(), Cancel));
        wrong.Message.ShouldStartWith("A valid API key is required. The key that was sent is unknown there");
        wrong.ToString().ShouldNotContain("otp_wrong");

        var field = await Should.ThrowAsync<ServiceException>(() => service.Client(Keys.Operator).StartRunAsync(new RunRequest { Count = 0 }, null, Cancel));
        (field.Code, field.Field).ShouldBe(("bad_field", "count"));
        foreach (var name in new[] { ".", "..", "a/b", "a?b", "a#b", "%2e%2e" })
        {
            (await Should.ThrowAsync<ServiceException>(() => service.Client(Keys.Reader).GetRunAsync(name, Cancel))).IsCallersFault.ShouldBeTrue(name);
        }
    }

    [Fact]
    public async Task A_reader_that_may_make_no_more_requests_waits_as_long_as_it_is_told()
    {
        await using var service = await ApiService.StartAsync(options =>
        {
            Keys.Set(options);
            options.Http.RequestsPerSecond = 1;
        });
        var client = service.Client(Keys.Reader);
        for (var n = 0; n < 3; n++)
        {
            await client.ListRunsAsync(new RunQuery(), Cancel); // the third comes beyond what is taken in a second
        }
    }

    private static async Task<List<RunEvent>> FollowAsync(ServiceClient client, string id, long? after)
    {
        var events = new List<RunEvent>();
        await foreach (var each in client.FollowRunAsync(id, after, Cancel))
        {
            events.Add(each);
        }

        return events;
    }
}
