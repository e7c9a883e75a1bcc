using Akka.Actor;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Runs;
using OtpActors.Steps;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Runs;

public class RunRegistrySpecs : RunKit
{
    private readonly IActorRef _registry;

    public RunRegistrySpecs() => _registry = NewRegistry();

    [Fact]
    public async Task A_run_is_journaled_and_listed_before_it_is_promised_and_then_begins()
    {
        await StartAsync("a");
        Catalog["a"].ShouldNotBeNull();
        (await TopicAdmin.NextAsync<TopicAdmin.Begin>()).RunId.ShouldBe("a");
    }

    [Fact]
    public async Task A_run_waits_for_the_one_before_it_on_its_topic()
    {
        await StartAsync("a");
        await StartAsync("b");
        await StartAsync("c");
        await StartAsync("other", RunDriver.Spec with { Topic = "other_topic" });
        (await BegunAsync(2)).ShouldBe(["a", "other"], ignoreOrder: true);
        (await StateAsync("b")).Phase.ShouldBe(RunPhase.Requested);

        await DoAsync(new RunCommands.Cancel("a", "enough"));
        (await BegunAsync(1)).ShouldBe(["b"]);
        await DoAsync(new RunCommands.Cancel("c", "never mind"));
        await DoAsync(new RunCommands.Cancel("b", "enough"));
        await StartAsync("d");
        (await BegunAsync(1)).ShouldBe(["d"]);
    }

    [Fact]
    public async Task A_run_that_is_to_be_skipped_is_cancelled_where_its_topic_is_taken()
    {
        await StartAsync("a");
        await StartAsync("b", overlap: OverlapPolicy.Skip);
        var skipped = await StateAsync("b");
        (skipped.Outcome, skipped.Reason).ShouldBe((RunOutcome.Cancelled, "run a holds topic email_topic"));
        (await StateAsync("a")).IsTerminal.ShouldBeFalse();
    }

    [Fact]
    public async Task A_run_can_take_its_topic_over()
    {
        await StartAsync("a");
        await StartAsync("b");
        await StartAsync("c", overlap: OverlapPolicy.CancelOther);
        (await BegunAsync(2)).ShouldBe(["a", "c"]);
        (await StateAsync("a")).Reason.ShouldBe("run c takes topic email_topic over");
        (await StateAsync("b")).Outcome.ShouldBe(RunOutcome.Cancelled);
    }

    [Fact]
    public async Task The_same_id_twice_is_one_run_and_both_are_answered()
    {
        var (first, second) = (CreateTestProbe(), CreateTestProbe());
        _registry.Tell(new RunRegistry.Start("a", RunDriver.Spec), first);
        _registry.Tell(new RunRegistry.Start("a", RunDriver.Spec with { Topic = "another" }), second);
        (await first.NextAsync<RunReplies.Accepted>()).State.Spec!.Topic.ShouldBe("email_topic");
        (await second.NextAsync<RunReplies.Accepted>()).State.Spec!.Topic.ShouldBe("email_topic");
        (await StartAsync("a")).State.Spec!.Topic.ShouldBe("email_topic");

        await StartAsync("b");
        (await BegunAsync(1)).ShouldBe(["a"]);
        TopicAdmin.HasMessages.ShouldBeFalse();
    }

    [Fact]
    public async Task A_run_that_ended_is_opened_again_and_holds_its_topic()
    {
        await StartAsync("a");
        await BegunAsync(1);
        await DoAsync(new RunCommands.Cancel("a", "enough"));

        (await RetryAsync<RunReplies.Accepted>("a", StepId.EnsureTopic)).State.IsTerminal.ShouldBeFalse();
        (await BegunAsync(1)).ShouldBe(["a"]);
        await StartAsync("b");
        (await StateAsync("b")).BeganAt.ShouldBeNull("the topic is taken again");
        await DoAsync(new RunCommands.Cancel("a", "enough"));
        (await BegunAsync(1)).ShouldBe(["b"]);
        (await RetryAsync<RunReplies.Refused>("a", StepId.EnsureTopic)).Reason.ShouldBe("run b holds topic email_topic: retry when it is over");
    }

    [Fact]
    public async Task A_retry_in_vain_keeps_no_topic()
    {
        await StartAsync("a");
        await BegunAsync(1);
        await DoAsync(new RunCommands.Cancel("a", "enough"));
        (await RetryAsync<RunReplies.Refused>("a", StepId.Produce)).Reason.ShouldContain("not reached");
        (await RetryAsync<RunRegistry.NotFound>("nobody", StepId.Produce)).RunId.ShouldBe("nobody");
        await StartAsync("b");
        (await BegunAsync(1)).ShouldBe(["b"]);
    }

    [Fact]
    public async Task A_step_of_a_run_that_goes_on_is_retried()
    {
        await StartAsync("a");
        await TopicAdmin.NextAsync<TopicAdmin.Begin>();
        TopicAdmin.Reply(new RunCommands.FailAttempt("a", StepId.EnsureTopic, 1, "no broker"));
        await RetryAsync<RunReplies.Accepted>("a", StepId.EnsureTopic);
        (await TopicAdmin.NextAsync<TopicAdmin.Begin>()).Attempt.ShouldBe(2);
    }

    private Task<T> RetryAsync<T>(string runId, StepId step) => AskAsync<T>(new RunRegistry.RetryStep(runId, step), _registry);

    [Fact]
    public async Task A_run_that_nobody_knows_is_not_resumed() =>
        (await AskAsync<RunRegistry.NotFound>(new RunRegistry.Resume("a"), _registry)).RunId.ShouldBe("a");

    [Fact]
    public async Task Of_the_runs_of_an_earlier_process_the_interrupted_one_gets_its_topic_and_the_others_follow_by_age()
    {
        foreach (var id in new[] { "oldest", "older", "interrupted" })
        {
            await DoAsync(new RunCommands.Request(id, RunDriver.Spec));
            Pass(TimeSpan.FromSeconds(1));
        }

        foreach (var id in new[] { "oldest", "older" })
        {
            await Catalog.SaveAsync(RunSummary.From(await StateAsync(id)));
        }

        await Catalog.SaveAsync(RunSummary.From(await DoAsync(new RunCommands.Begin("interrupted"))));
        (await BegunAsync(1)).ShouldBe(["interrupted"]);

        // The interrupted run, and the oldest, are slow to be found.
        var slow = new TaskCompletionSource();
        Catalog.Gate = summary => summary.RunId != "older" ? slow.Task : Task.CompletedTask;
        var registry = NewRegistry();
        (await AskAsync<RunRegistry.Unfinished>(new RunRegistry.ResumeAll(), registry)).RunIds.ShouldBe(["oldest", "older", "interrupted"]);
        var rest = Task.WhenAll(Resume("interrupted"), Resume("oldest"));
        var listener = CreateTestProbe();
        Sys.EventStream.Subscribe(listener, typeof(RunNotices.Resumed));
        await Resume("older");
        listener.HasMessages.ShouldBeFalse();
        slow.SetResult();
        await rest;
        (await listener.NextAsync<RunNotices.Resumed>()).Count.ShouldBe(3);
        (await StateAsync("older")).Phase.ShouldBe(RunPhase.Requested);
        (await StateAsync("oldest")).Phase.ShouldBe(RunPhase.Requested);

        await DoAsync(new RunCommands.Cancel("interrupted", "enough"));
        (await BegunAsync(1)).ShouldBe(["oldest"]);

        Task Resume(string id) => AskAsync<RunReplies.Accepted>(new RunRegistry.Resume(id), registry);
    }

    [Fact]
    public async Task Where_no_run_is_unfinished_that_is_told_at_once()
    {
        var listener = CreateTestProbe();
        Sys.EventStream.Subscribe(listener, typeof(RunNotices.Resumed));
        (await AskAsync<RunRegistry.Unfinished>(new RunRegistry.ResumeAll(), _registry)).RunIds.ShouldBeEmpty();
        (await listener.NextAsync<RunNotices.Resumed>()).Count.ShouldBe(0);
    }

    [Fact]
    public async Task A_run_of_an_earlier_process_begins_where_no_other_has_the_topic()
    {
        await Catalog.SaveAsync(RunSummary.From(await DoAsync(new RunCommands.Request("a", RunDriver.Spec))));
        await Catalog.SaveAsync(RunSummary.From(new RunDriver().Do(new RunCommands.Request("never-journaled", RunDriver.Spec)).State));
        var listener = CreateTestProbe();
        Sys.EventStream.Subscribe(listener, typeof(RunNotices.Resumed));
        await AskAsync<RunRegistry.Unfinished>(new RunRegistry.ResumeAll(), _registry);
        (await BegunAsync(1)).ShouldBe(["a"]);
        (await listener.NextAsync<RunNotices.Resumed>()).Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_run_that_ends_while_it_is_listed_does_not_hold_its_topic()
    {
        var (listing, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        Catalog.Gate = summary =>
        {
            listing.TrySetResult();
            return summary is { RunId: "a", EndedAt: null } ? gate.Task : Task.CompletedTask;
        };
        var start = StartAsync("a");
        await listing.Task;
        await DoAsync(new RunCommands.Cancel("a", "enough"));
        await StateAsync("a"); // its end has been told
        gate.SetResult();
        await start;

        await StartAsync("b");
        (await BegunAsync(1)).ShouldBe(["b"]);
    }

    [Fact]
    public async Task A_run_that_cannot_be_journaled_or_listed_is_not_promised()
    {
        Catalog.Gate = _ => Task.FromException(new IOException("the disk is full"));
        (await AskAsync<RunReplies.Unavailable>(new RunRegistry.Start("a", RunDriver.Spec), _registry)).Reason
            .ShouldBe("the list of runs cannot be written: the disk is full");

        Catalog.Gate = _ => Task.CompletedTask;
        await ScriptAsync(ScriptedJournal.Way.Fail);
        (await AskAsync<RunReplies.Unavailable>(new RunRegistry.Start("b", RunDriver.Spec), _registry)).Reason
            .ShouldBe("the journal cannot be written: the disk is full");
    }

    private IActorRef NewRegistry()
    {
        var (runs, catalog) = (Runs, Catalog);
        return Sys.ActorOf(Props.Create(() => new RunRegistry(runs, catalog)));
    }

    private Task<RunReplies.Accepted> StartAsync(string runId, RunSpec? spec = null, OverlapPolicy overlap = OverlapPolicy.Wait) =>
        AskAsync<RunReplies.Accepted>(new RunRegistry.Start(runId, spec ?? RunDriver.Spec, overlap), _registry);

    /// <summary>The next runs that begin.</summary>
    private async Task<List<string>> BegunAsync(int count)
    {
        var begun = new List<string>();
        while (begun.Count < count)
        {
            begun.Add((await TopicAdmin.NextAsync<TopicAdmin.Begin>()).RunId);
        }

        return begun;
    }
}
