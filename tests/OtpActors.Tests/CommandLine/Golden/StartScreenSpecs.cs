using OtpActors.Api;
using OtpActors.Tests.Processes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.CommandLine.Golden;

/// <summary>What <c>start</c> shows in a real terminal: the picture of <c>run</c>, of a run in the service.</summary>
[Collection(OneAtATime.Name)]
public sealed class StartScreenSpecs : IAsyncLifetime
{
    private readonly TempDirectory _at = new();
    private OtpActorsProcess? _service;

    public async ValueTask InitializeAsync()
    {
        _service = OtpActorsProcess.Start(_at.Path, ["serve", "--data", "data"]);
        (await _service.UntilAsync(() => File.Exists(_at.File($"data/{ServiceFile.Name}")))).ShouldBeTrue(_service.ErrorSoFar);
    }

    public async ValueTask DisposeAsync()
    {
        await _service!.DisposeAsync();
        _at.Dispose();
    }

    [Theory]
    [InlineData(80, 24)]
    [InlineData(120, 40)]
    [InlineData(40, 20)]
    public async Task A_run_in_the_service_leaves_one_picture_and_its_summary(int width, int height)
    {
        await using var terminal = await StartAsync(width, height, "--interval", "100ms", "--duration", "400ms");
        (await terminal.EndAsync()).ShouldBe(0);

        await ShouldBeAsync(terminal, height, $"start-{width}x{height}");
    }

    [Fact]
    public async Task In_a_pipe_there_are_lines_alone()
    {
        await using var process = OtpActorsProcess.Start(_at.Path, ["start", "--interval", "100ms", "--duration", "400ms", "--data", "data"]);
        var ended = (await process.EndAsync()).ShouldExitWith(0);

        ended.Error.ShouldBeEmpty();
        ended.Output.ShouldNotContain("\e");
        GoldenScreen.ShouldBe(ended.Output.TrimEnd('\n').Split('\n'), "start-piped");
    }

    [Theory]
    [InlineData(80, 24)]
    [InlineData(40, 20)]
    public async Task While_it_goes_on_there_is_one_picture_and_when_it_is_left_how_to_come_back(int width, int height)
    {
        await using var terminal = await StartAsync(width, height, "--interval", "1h", "--duration", "4h");
        if (width >= 60)
        {
            await terminal.UntilAsync(lines => lines.Count(line => line.Contains(" 1 read")) == 2 && lines.Any(line => line.Contains(" 1 of ")));
            await ShouldBeAsync(terminal, height, $"start-live-{width}x{height}");
        }
        else
        {
            await terminal.UntilAsync(lines => lines.Any(line => line.StartsWith("ensure-topic", StringComparison.Ordinal)));
        }

        await terminal.PressAsync("C-c");
        (await terminal.EndAsync()).ShouldBe(1);
        await ShouldBeAsync(terminal, height, $"start-left-{width}x{height}");
    }

    private Task<TmuxTerminal> StartAsync(int width, int height, params string[] arguments) =>
        TmuxTerminal.StartAsync(_at.Path, width, height, ["start", .. arguments, "--data", "data"]);

    private static async Task ShouldBeAsync(TmuxTerminal terminal, int height, string name)
    {
        var lines = await terminal.LinesAsync();
        (await terminal.ScrollbackAsync()).ShouldBe(Math.Max(0, lines.Count + 1 - height));
        GoldenScreen.ShouldBe(lines, name);
    }
}
