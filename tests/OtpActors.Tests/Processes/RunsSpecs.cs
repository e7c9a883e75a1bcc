using Shouldly;
using Xunit;

namespace OtpActors.Tests.Processes;

[Collection(OneAtATime.Name)]
public sealed class RunsSpecs : IDisposable
{
    private readonly Workplace _at = new();

    public void Dispose() => _at.Dispose();

    [Fact]
    public async Task Where_no_run_came_to_be_there_is_none_to_list()
    {
        (await _at.RunAsync("runs", "--json")).ShouldExitWith(0).Json.GetArrayLength().ShouldBe(0);
        _at.Data.IsThere.ShouldBeFalse();

        // As a process leaves it that is killed when it has made the file, and not yet the table.
        Directory.CreateDirectory(_at.Data.Root);
        await File.WriteAllBytesAsync(_at.Data.File("runs.db"), [], TestContext.Current.CancellationToken);
        (await _at.RunAsync("runs", "--json")).ShouldExitWith(0).Json.GetArrayLength().ShouldBe(0);
    }
}
