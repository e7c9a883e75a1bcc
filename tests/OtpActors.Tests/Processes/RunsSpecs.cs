using Shouldly;
using Xunit;

namespace OtpActors.Tests.Processes;

[Collection(OneAtATime.Name)]
public sealed class RunsSpecs : IDisposable
{
    private readonly Workplace _at = new();

    public void Dispose() => _at.Dispose();

    [Fact]
    public async Task Past_runs_are_removed_with_what_belongs_to_them_and_their_mails_stay()
    {
        for (var n = 0; n < 3; n++)
        {
            (await _at.RunAsync("run", "--count", "2", "--notify", "1", "--json")).ShouldExitWith(0);
        }

        var (mails, posts) = (_at.Data.MailFiles, _at.Data.SlackFiles);
        (mails.Count, posts.Count).ShouldBe((6, 6));
        await using var service = OtpActorsProcess.Start(
            _at.Path, ["serve", "--data", _at.Data.Root],
            environment: new Dictionary<string, string> { ["OtpActors__Workflow__RetainedRuns"] = "1" });
        (await service.UntilItSaysAsync("2 past run(s) are removed")).ShouldBeTrue();

        var left = (await _at.RunAsync("runs", "--json")).ShouldExitWith(0).Items.ShouldHaveSingleItem().GetProperty("runId").GetString();
        _at.Data.MailFiles.ShouldBe(mails);
        _at.Data.SlackFiles.Count.ShouldBe(2);
        _at.Data.SlackFiles.ShouldAllBe(file => file.Contains(left!));
        _at.Data.JournaledRuns.ShouldBe([$"run-{left}"]);
        (await _at.RunAsync("notifications", "--json")).ShouldExitWith(0).Items
            .ShouldAllBe(entry => entry.GetProperty("runId").GetString() == left);
    }

    [Fact]
    public async Task Where_no_run_came_to_be_there_is_none_to_list()
    {
        (await _at.RunAsync("runs", "--json")).ShouldExitWith(0).Items.ShouldBeEmpty();
        _at.Data.IsThere.ShouldBeFalse();

        // As a process leaves it that is killed when it has made the file, and not yet the table.
        Directory.CreateDirectory(_at.Data.Root);
        await File.WriteAllBytesAsync(_at.Data.File("runs.db"), [], TestContext.Current.CancellationToken);
        (await _at.RunAsync("runs", "--json")).ShouldExitWith(0).Items.ShouldBeEmpty();
    }
}
