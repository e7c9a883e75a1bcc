using Akka.Actor;
using Akka.TestKit;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Runs;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Runs;

public class RunRetentionSpecs : RunKit
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private readonly Remains _remains = new();
    private readonly TestProbe _sweeps;

    public RunRetentionSpecs()
    {
        _sweeps = CreateTestProbe();
        Sys.EventStream.Subscribe(_sweeps, typeof(RunNotices.Removed));
    }

    [Fact]
    public async Task Runs_that_ended_long_ago_are_removed_at_the_start_and_every_hour()
    {
        await EndedAsync("a");
        Clock.Advance(Day);
        await EndedAsync("b");
        await DoAsync(new RunCommands.Request("goes-on", RunDriver.Spec with { Topic = "other" }));
        Clock.Advance((29 * Day) + TimeSpan.FromSeconds(1));
        Start(30 * Day, null);
        await SweptAsync(1);
        (await KeptAsync("a")).Events.ShouldBeEmpty();
        Catalog["a"].ShouldBeNull();
        _remains.Removed.ShouldBe(["a"]);
        (await KeptAsync("b")).Events.ShouldNotBeEmpty();

        Clock.Advance(Day - TimeSpan.FromHours(2));
        Pass(TimeSpan.FromHours(1));
        await SweptAsync(0);
        Pass(TimeSpan.FromHours(1));
        await SweptAsync(1);
        _remains.Removed.ShouldBe(["a", "b"]);
        Catalog["goes-on"].ShouldNotBeNull();
        (await StateAsync("goes-on")).Phase.ShouldBe(RunPhase.Requested);
    }

    [Fact]
    public async Task Of_more_runs_than_are_kept_the_oldest_go()
    {
        foreach (var run in new[] { "a", "b", "c", "d" })
        {
            await EndedAsync(run);
            Clock.Advance(TimeSpan.FromSeconds(1));
        }

        Start(null, 2);
        await SweptAsync(2);
        _remains.Removed.ShouldBe(["a", "b"], ignoreOrder: true);
    }

    [Fact]
    public async Task More_runs_than_a_batch_are_removed_in_one_sweep()
    {
        const int count = (2 * RunRetention.BatchSize) + 5;
        for (var n = 0; n < count; n++)
        {
            await EndedAsync($"run-{n:000}");
        }

        Clock.Advance(2 * Day);
        Start(Day, null);
        await SweptAsync(count);
        _remains.Batches.ShouldBe([50, 50, 5]);
    }

    [Fact]
    public async Task A_run_that_was_opened_again_is_kept_though_the_list_says_it_ended()
    {
        await EndedAsync("a");
        await EndedAsync("b");
        var listed = Catalog["a"]!;
        await DoAsync(new RunCommands.RetryStep("a", StepId.EnsureTopic));
        await Catalog.SaveAsync(listed);
        Clock.Advance(2 * Day);
        Start(Day, null);
        await SweptAsync(1);
        _remains.Removed.ShouldBe(["b"]);
        Catalog["a"].ShouldNotBeNull();
        (await StateAsync("a")).Phase.ShouldBe(RunPhase.EnsuringTopic);
    }

    [Fact]
    public async Task What_is_cut_short_is_finished_the_next_time()
    {
        await EndedAsync("a");
        Clock.Advance(2 * Day);
        _remains.Failure = new IOException("the disk is full");
        Start(Day, null);
        await SweptAsync(0);
        (await KeptAsync("a")).Events.ShouldBeEmpty();
        Catalog["a"].ShouldNotBeNull("what the list does not name is never found again");

        _remains.Failure = null;
        Pass(TimeSpan.FromHours(1));
        await SweptAsync(1);
        Catalog["a"].ShouldBeNull();
    }

    [Fact]
    public async Task Where_nothing_is_to_be_removed_nothing_is()
    {
        await EndedAsync("a");
        Clock.Advance(1_000 * Day);
        Start(null, null);
        Pass(TimeSpan.FromHours(3));
        (await KeptAsync("a")).Events.ShouldNotBeEmpty();
        _sweeps.HasMessages.ShouldBeFalse();
    }

    private IActorRef Start(TimeSpan? age, int? count)
    {
        var (runs, catalog, remains, clock) = (Runs, Catalog, _remains, Clock);
        return Sys.ActorOf(Props.Create(() => new RunRetention(runs, catalog, remains, age, count, clock)));
    }

    private async Task SweptAsync(long removed) => (await _sweeps.NextAsync<RunNotices.Removed>()).Runs.ShouldBe(removed);

    private async Task EndedAsync(string runId)
    {
        await DoAsync(new RunCommands.Request(runId, RunDriver.Spec));
        await DoAsync(new RunCommands.Begin(runId));
        var ended = await DoAsync(new RunCommands.Cancel(runId, "enough"));
        await Catalog.SaveAsync(RunSummary.From(ended));
    }

    private sealed class Remains : IRunArtifacts
    {
        private readonly List<IReadOnlyCollection<string>> _batches = [];

        public IOException? Failure { get; set; }

        public IEnumerable<string> Removed => _batches.SelectMany(batch => batch);

        public IEnumerable<int> Batches => _batches.Select(batch => batch.Count);

        public Task RemoveAsync(IReadOnlyCollection<string> runIds)
        {
            if (Failure is not null)
            {
                return Task.FromException(Failure);
            }

            _batches.Add(runIds);
            return Task.CompletedTask;
        }
    }
}
