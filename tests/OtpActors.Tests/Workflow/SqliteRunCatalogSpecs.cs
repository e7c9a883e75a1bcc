using System.Text.Json;
using OtpActors.Tests.Fakes;
using OtpActors.Workflow;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Workflow;

public sealed class SqliteRunCatalogSpecs : IAsyncLifetime
{
    private readonly TempDirectory _directory = new();
    private readonly SqliteRunCatalog _catalog;

    public SqliteRunCatalogSpecs() => _catalog = new SqliteRunCatalog(_directory.File("runs.db"));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _catalog.DisposeAsync();
        _directory.Dispose();
    }

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
        await _catalog.SaveAsync(RunSummary.Of(reopened.State) with { RunId = "a" });
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

        (await ListAsync(new RunFilter(10, State: RunPhase.Completed))).ShouldBe(["r4", "r2", "r0"]);
        (await ListAsync(new RunFilter(10, Topic: "b"))).ShouldBe(["r5", "r4", "r3"]);
        (await ListAsync(new RunFilter(10, From: RunDriver.Start.AddMinutes(1), To: RunDriver.Start.AddMinutes(2)))).ShouldBe(["r3", "r2"]);
        (await ListAsync(new RunFilter(10, RunPhase.Producing, "a", RunDriver.Start, RunDriver.Start.AddMinutes(1)))).ShouldBe(["r1"]);

        var seen = new List<string>();
        RunPlace? after = null;
        while (await _catalog.ListAsync(new RunFilter(2, After: after), Cancel) is { Count: > 0 } page)
        {
            seen.AddRange(page.Select(run => run.RunId));
            after = new RunPlace(page[^1].RequestedAt, page[^1].RunId);
        }

        seen.ShouldBe(["r5", "r4", "r3", "r2", "r1", "r0"]);
    }

    [Fact]
    public async Task The_list_can_be_read_beside_the_service()
    {
        await _catalog.SaveAsync(Summary("a", RunPhase.Producing));
        await using var reader = new SqliteRunCatalog(_directory.File("runs.db"), readOnly: true);
        (await reader.ListAsync(new RunFilter(10), Cancel)).ShouldHaveSingleItem().RunId.ShouldBe("a");
    }

    [Fact]
    public void A_run_that_nobody_requested_has_no_summary() =>
        Should.Throw<ArgumentException>(() => RunSummary.Of(RunState.New("a")));

    private Task<IEnumerable<string>> ListAsync(int limit) => ListAsync(new RunFilter(limit));

    private async Task<IEnumerable<string>> ListAsync(RunFilter filter) => (await _catalog.ListAsync(filter, Cancel)).Select(run => run.RunId);

    private static RunSummary Summary(string id, RunPhase phase, int minute = 0) =>
        RunSummary.Of(RunDriver.At(phase).State) with { RunId = id, RequestedAt = RunDriver.Start.AddMinutes(minute) };
}
