using OtpActors.Tests.Processes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.CommandLine.Golden;

/// <summary>What <c>run</c> shows in a real terminal, and leaves in it.</summary>
[Collection(OneAtATime.Name)]
public sealed class RunScreenSpecs : IDisposable
{
    private readonly TempDirectory _at = new();

    public void Dispose() => _at.Dispose();

    [Theory]
    [InlineData(80, 24)]
    [InlineData(120, 40)]
    [InlineData(40, 20)]
    public async Task A_run_leaves_one_picture_and_its_summary(int width, int height)
    {
        await using var terminal = await StartAsync(width, height, "run", "--interval", "100ms", "--duration", "400ms");
        (await terminal.EndAsync()).ShouldBe(0);

        await ShouldBeAsync(terminal, height, $"run-{width}x{height}");
    }

    [Fact]
    public async Task In_a_pipe_there_are_lines_alone()
    {
        await using var process = OtpActorsProcess.Start(_at.Path, ["run", "--interval", "100ms", "--duration", "400ms", "--data", "data"]);
        var ended = (await process.EndAsync()).ShouldExitWith(0);

        ended.Error.ShouldBeEmpty();
        ended.Output.ShouldNotContain("\e");
        GoldenScreen.ShouldBe(ended.Output.TrimEnd('\n').Split('\n'), "run-piped");
    }

    [Theory]
    [InlineData(80, 24)]
    [InlineData(120, 40)]
    [InlineData(40, 20)]
    public async Task While_it_goes_on_there_is_one_picture_and_when_it_is_interrupted_how_to_go_on(int width, int height)
    {
        await using var terminal = await StartAsync(width, height, "run", "--interval", "1h", "--duration", "4h");
        var name = $"{width}x{height}";
        var data = new DataContent(_at.File("data"));
        await terminal.UntilAsync(_ => DataContent.Groups.Keys.All(store => data.Committed(store) == 1)); // and so it is counted
        if (width >= 60)
        {
            await terminal.UntilAsync(lines => lines.Count(line => line.Contains(" 1 read")) == 2 && lines.Any(line => line.Contains(" 1 of ")));
            await ShouldBeAsync(terminal, height, $"run-live-{name}");
        }

        await terminal.PressAsync("C-c");
        (await terminal.EndAsync()).ShouldBe(1);
        await ShouldBeAsync(terminal, height, $"run-interrupted-{name}");
    }

    [Fact]
    public async Task A_screen_that_grows_and_comes_back_still_has_one_picture()
    {
        await using var terminal = await StartAsync(80, 24, "run", "--interval", "1h", "--duration", "4h");
        await terminal.UntilAsync(lines => lines.Any(line => line.Contains(" 1 of ")));
        await terminal.ResizeAsync(120, 40);
        var wide = await terminal.UntilAsync(lines => lines.Any(line => line.EndsWith(" 1 read · 1 inserted", StringComparison.Ordinal) && line.Length > 85));

        wide.Count(line => line.StartsWith("run 2", StringComparison.Ordinal)).ShouldBe(1);
        wide.Count(line => line.StartsWith("produce ", StringComparison.Ordinal)).ShouldBe(1);
        (await terminal.ScrollbackAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task A_dumb_terminal_is_given_lines_and_no_control_sequences()
    {
        await using var terminal = await StartAsync(
            80, 24, ["run", "--interval", "100ms", "--duration", "400ms"], new Dictionary<string, string> { ["TERM"] = "dumb" });
        (await terminal.EndAsync()).ShouldBe(0);

        await ShouldBeAsync(terminal, 24, "run-dumb-80x24");
    }

    private Task<TmuxTerminal> StartAsync(int width, int height, params string[] arguments) => StartAsync(width, height, arguments, null);

    private Task<TmuxTerminal> StartAsync(int width, int height, string[] arguments, IReadOnlyDictionary<string, string>? environment) =>
        TmuxTerminal.StartAsync(_at.Path, width, height, [.. arguments, "--data", "data"], environment);

    /// <summary>All that is there, the scrollback included, and nothing above but what had no room on the screen.</summary>
    private static async Task ShouldBeAsync(TmuxTerminal terminal, int height, string name)
    {
        var lines = await terminal.LinesAsync();
        (await terminal.ScrollbackAsync()).ShouldBe(Math.Max(0, lines.Count + 1 - height));
        GoldenScreen.ShouldBe(lines, name);
    }
}
