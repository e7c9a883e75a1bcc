using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Journal;
using OtpActors.Infrastructure.Storage.Sqlite;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Journal;

public sealed class SqliteRunCatalogSpecs : RunCatalogContract
{
    private readonly TempDirectory _directory = new();
    private SqliteRunCatalog? _catalog;

    private string FileOfRuns => _directory.File("runs.db");

    protected override Task<IRunCatalog> OpenAsync() => Task.FromResult<IRunCatalog>(_catalog = new SqliteRunCatalog(FileOfRuns));

    protected override async Task<IReadOnlyList<RunSummary>> ReadBesideAsync(RunFilter filter)
    {
        await using var reader = new SqliteRunCatalog(FileOfRuns, readOnly: true);
        return await reader.ListAsync(filter, Cancel);
    }

    public override async ValueTask DisposeAsync()
    {
        await _catalog!.DisposeAsync();
        _directory.Dispose();
    }

    /// <summary>What a start asks for costs the same however many runs have ended.</summary>
    [Theory]
    [InlineData("SELECT run_id FROM runs WHERE ended_at IS NULL ORDER BY requested_at, run_id", "runs_unfinished")]
    [InlineData("SELECT ended_at, run_id FROM runs WHERE ended_at IS NOT NULL ORDER BY ended_at DESC, run_id DESC LIMIT 1 OFFSET 9", "runs_ended")]
    public async Task Unfinished_and_expired_runs_are_found_by_an_index(string query, string index)
    {
        await _catalog!.SaveAsync(RunSummary.From(RunDriver.At(RunPhase.Completed).State));
        await using var database = new SqliteDatabase(new SqliteSettings(FileOfRuns));
        var plan = await database.RunAsync(
            session =>
            {
                var steps = new List<string>();
                var rows = session.Statement($"EXPLAIN QUERY PLAN {query}");
                while (rows.Step())
                {
                    steps.Add(rows.Text(3));
                }

                return steps;
            },
            Cancel);
        plan.ShouldHaveSingleItem().ShouldContain($"INDEX {index}");
    }
}
