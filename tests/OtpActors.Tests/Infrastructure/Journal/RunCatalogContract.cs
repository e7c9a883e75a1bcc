using System.Text.Json;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Journal;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Journal;

/// <summary>What holds for every list of runs.</summary>
public abstract class RunCatalogContract : IAsyncLifetime
{
    private IRunCatalog _catalog = null!;

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Of an empty list of the test's own.</summary>
    protected abstract Task<IRunCatalog> OpenAsync();

    /// <summary>The same list once more, for reading.</summary>
    protected abstract Task<IReadOnlyList<RunSummary>> ReadBesideAsync(RunFilter filter);

    public async ValueTask InitializeAsync() => _catalog = await OpenAsync();

    public abstract ValueTask DisposeAsync();

    [Fact]
    public async Task The_newest_request_comes_first_and_no_more_come_than_wanted()
    {
        foreach (var (id, minute) in new[] { ("b", 2), ("a", 1), ("c", 3) })
        {
            await _catalog.SaveAsync(Summary(id, RunPhase.Producing, minute));
        }

        (await ListAsync(10)).ShouldBe(["c", "b", "a"]);
        (await ListAsync(2)).ShouldBe(["c", "b"]);
    }

    [Fact]
    public async Task The_oldest_unfinished_request_comes_first()
    {
        await _catalog.SaveAsync(Summary("b", RunPhase.Producing, 2));
        await _catalog.SaveAsync(Summary("done", RunPhase.Completed, 0));
        await _catalog.SaveAsync(Summary("a", RunPhase.Requested, 1));
        (await _catalog.UnfinishedAsync(Cancel)).ShouldBe(["a", "b"]);
    }

    [Fact]
    public async Task The_newest_summary_of_a_run_stands()
    {
        await _catalog.SaveAsync(Summary("a", RunPhase.Producing));
        await _catalog.SaveAsync(Summary("a", RunPhase.Completed));
        var run = (await _catalog.ListAsync(new RunFilter(10), Cancel)).ShouldHaveSingleItem();
        JsonSerializer.Serialize(run).ShouldBe(JsonSerializer.Serialize(Summary("a", RunPhase.Completed)));
    }

    [Fact]
    public async Task A_late_summary_does_not_revive_a_run_that_has_ended()
    {
        await _catalog.SaveAsync(Summary("a", RunPhase.Completed));
        await _catalog.SaveAsync(Summary("a", RunPhase.Producing));
        (await _catalog.UnfinishedAsync(Cancel)).ShouldBeEmpty();
        (await _catalog.ListAsync(new RunFilter(10), Cancel)).Single().State.ShouldBe(RunPhase.Completed);
    }

    [Fact]
    public async Task A_run_that_is_opened_again_is_unfinished_again()
    {
        await _catalog.SaveAsync(Summary("a", RunPhase.Failed));
        var reopened = RunDriver.At(RunPhase.Failed);
        reopened.Do(new RunCommands.RetryStep(RunDriver.RunId, StepId.EnsureTopic));
        await _catalog.SaveAsync(RunSummary.From(reopened.State) with { RunId = "a" });
        (await _catalog.UnfinishedAsync(Cancel)).ShouldBe(["a"]);
    }

    [Fact]
    public async Task The_list_is_filtered_and_paged()
    {
        for (var minute = 0; minute < 6; minute++)
        {
            var run = Summary($"r{minute}", minute % 2 == 0 ? RunPhase.Completed : RunPhase.Producing, minute / 2);
            await _catalog.SaveAsync(run with { Topic = minute < 3 ? "a" : "b" });
        }

        (await ListAsync(new RunFilter(10, States: [RunPhase.Completed]))).ShouldBe(["r4", "r2", "r0"]);
        (await ListAsync(new RunFilter(10, Topic: "b"))).ShouldBe(["r5", "r4", "r3"]);
        (await ListAsync(new RunFilter(10, From: RunDriver.Start.AddMinutes(1), To: RunDriver.Start.AddMinutes(2)))).ShouldBe(["r3", "r2"]);
        (await ListAsync(new RunFilter(10, [RunPhase.Producing], "a", RunDriver.Start, RunDriver.Start.AddMinutes(1)))).ShouldBe(["r1"]);

        var seen = new List<string>();
        RunCursor? after = null;
        while (await _catalog.ListAsync(new RunFilter(2, After: after), Cancel) is { Count: > 0 } page)
        {
            seen.AddRange(page.Select(run => run.RunId));
            after = new RunCursor(page[^1].RequestedAt, page[^1].RunId);
        }

        seen.ShouldBe(["r5", "r4", "r3", "r2", "r1", "r0"]);
    }

    [Fact]
    public async Task The_list_can_be_read_beside_the_service()
    {
        await _catalog.SaveAsync(Summary("a", RunPhase.Producing));
        (await ReadBesideAsync(new RunFilter(10))).ShouldHaveSingleItem().RunId.ShouldBe("a");
    }

    [Fact]
    public async Task Ids_are_in_the_order_of_their_bytes()
    {
        foreach (var id in new[] { "b", "B", "a", "Z", "_", "a-b", "a.b", "ab" })
        {
            await _catalog.SaveAsync(Summary(id, RunPhase.Producing));
        }

        (await ListAsync(10)).ShouldBe(["b", "ab", "a.b", "a-b", "a", "_", "Z", "B"]);
        (await ListAsync(new RunFilter(10, After: new RunCursor(RunDriver.Start, "a.b")))).ShouldBe(["a-b", "a", "_", "Z", "B"]);
        (await _catalog.UnfinishedAsync(Cancel)).ShouldBe(["B", "Z", "_", "a", "a-b", "a.b", "ab", "b"]);
    }

    [Fact]
    public async Task Runs_that_ended_too_long_ago_or_are_too_many_need_not_be_kept()
    {
        await _catalog.SaveAsync(Summary("goes-on", RunPhase.Producing, -100));
        for (var minute = 0; minute < 6; minute++)
        {
            await _catalog.SaveAsync(Summary($"r{minute}", RunPhase.Failed) with { EndedAt = RunDriver.Start.AddMinutes(minute / 2) });
        }

        (await ExpiredAsync(new RunExpiry(10, RunDriver.Start.AddMinutes(1), null))).ShouldBe(["r0", "r1"]);
        (await ExpiredAsync(new RunExpiry(10, null, 3))).ShouldBe(["r0", "r1", "r2"]);
        (await ExpiredAsync(new RunExpiry(10, RunDriver.Start.AddMinutes(1), 3))).ShouldBe(["r0", "r1", "r2"]);
        (await ExpiredAsync(new RunExpiry(10, RunDriver.Start.AddMinutes(2), 5))).ShouldBe(["r0", "r1", "r2", "r3"]);
        (await ExpiredAsync(new RunExpiry(10, null, 6))).ShouldBeEmpty();
        (await ExpiredAsync(new RunExpiry(10, RunDriver.Start, 100))).ShouldBeEmpty();
        (await ExpiredAsync(new RunExpiry(10, null, null))).ShouldBeEmpty();

        var page = await _catalog.ExpiredAsync(new RunExpiry(2, null, 1), Cancel);
        page.ShouldBe([new EndedRun(RunDriver.Start, "r0"), new EndedRun(RunDriver.Start, "r1")]);
        (await ExpiredAsync(new RunExpiry(2, null, 1, page[^1]))).ShouldBe(["r2", "r3"]);
        (await ExpiredAsync(new RunExpiry(2, null, 1, page[0]))).ShouldBe(["r1", "r2"]);
    }

    [Fact]
    public async Task Runs_are_taken_off_the_list()
    {
        foreach (var id in new[] { "a", "b", "c" })
        {
            await _catalog.SaveAsync(Summary(id, RunPhase.Completed));
        }

        await _catalog.RemoveAsync(["a", "c", "never-was"]);
        (await ListAsync(10)).ShouldBe(["b"]);
        await _catalog.RemoveAsync([]);
        await _catalog.SaveAsync(Summary("a", RunPhase.Requested));
        (await ListAsync(10)).ShouldBe(["b", "a"]);
    }

    [Fact]
    public void A_run_that_nobody_requested_has_no_summary() =>
        Should.Throw<ArgumentException>(() => RunSummary.From(RunState.New("a")));

    private async Task<IEnumerable<string>> ExpiredAsync(RunExpiry expiry) =>
        (await _catalog.ExpiredAsync(expiry, Cancel)).Select(run => run.RunId);

    private Task<IEnumerable<string>> ListAsync(int limit) => ListAsync(new RunFilter(limit));

    private async Task<IEnumerable<string>> ListAsync(RunFilter filter) => (await _catalog.ListAsync(filter, Cancel)).Select(run => run.RunId);

    private static RunSummary Summary(string id, RunPhase phase, int minute = 0) =>
        RunSummary.From(RunDriver.At(phase).State) with { RunId = id, RequestedAt = RunDriver.Start.AddMinutes(minute) };
}
