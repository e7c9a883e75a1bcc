using System.Diagnostics;
using System.Globalization;
using OtpActors.Tests.Processes;
using Shouldly;
using Repository = OtpActors.Tests.Deployment.Repository;

namespace OtpActors.Tests.CommandLine.Golden;

/// <summary>A real terminal (tmux), with the program in it. It ends with the test, and so does what runs in it.</summary>
internal sealed class TmuxTerminal : IAsyncDisposable
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    private readonly string _tmux = Repository.Require("tmux");
    private readonly string _socket;
    private readonly string _exit;

    private TmuxTerminal(string directory) =>
        (_socket, _exit) = (System.IO.Path.Combine(directory, "tmux"), System.IO.Path.Combine(directory, "exit-code"));

    /// <summary>Starts the program in a terminal of this size, below a line with the command. Skips where tmux is absent.</summary>
    public static async Task<TmuxTerminal> StartAsync(
        string directory, int width, int height, string[] arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var terminal = new TmuxTerminal(directory);
        string Word(string text) => $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'";
        var command = string.Join(' ', OtpActorsProcess.Command.Concat(arguments).Select(Word));
        var settings = string.Concat((environment ?? new Dictionary<string, string>()).Select(own => $"{own.Key}={Word(own.Value)} "));
        File.Delete(terminal._exit);

        // The shell lives on after Ctrl-C, and after the program, so that the terminal does; its last file says that all is written.
        var script = $"trap : INT; printf '%s\\n' {Word($"$ OtpActors {string.Join(' ', arguments)}")}; {settings}{command}; "
            + $"printf %s $? > {Word(terminal._exit)}.new; mv {Word(terminal._exit)}.new {Word(terminal._exit)}; exec sleep 600";
        await terminal.DoAsync(
            ["new-session", "-d", "-x", $"{width}", "-y", $"{height}", "-c", directory, $"exec sh -c {Word(script)}"]);
        return terminal;
    }

    /// <summary>Everything that is and was on the screen, top first, as wide as the terminal breaks it.</summary>
    public async Task<IReadOnlyList<string>> LinesAsync() =>
        [.. (await DoAsync(["capture-pane", "-p", "-S", "-"])).TrimEnd('\n').Split('\n')];

    /// <summary>Lines that have left the screen at the top.</summary>
    public async Task<int> ScrollbackAsync() =>
        int.Parse(await DoAsync(["display-message", "-p", "#{history_size}"]), CultureInfo.InvariantCulture);

    public Task ResizeAsync(int width, int height) => DoAsync(["resize-window", "-x", $"{width}", "-y", $"{height}"]);

    public Task PressAsync(string key) => DoAsync(["send-keys", key]);

    /// <summary>Waits until lines like these are there.</summary>
    public async Task<IReadOnlyList<string>> UntilAsync(Func<IReadOnlyList<string>, bool> condition)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            var lines = await LinesAsync();
            if (condition(lines))
            {
                return lines;
            }

            (Stopwatch.GetElapsedTime(began) < OtpActorsProcess.Bound).ShouldBeTrue($"not what is waited for:\n{string.Join('\n', lines)}");
            await Task.Delay(PollInterval);
        }
    }

    /// <summary>Waits for the program's end.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> EndAsync()
    {
        await UntilAsync(_ => File.Exists(_exit));
        return int.Parse(await File.ReadAllTextAsync(_exit), CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync() => await DoAsync(["kill-server"]);

    private async Task<string> DoAsync(string[] arguments)
    {
        var start = new ProcessStartInfo(_tmux, ["-u", "-S", _socket, "-f", "/dev/null", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        OtpActorsProcess.OnlyOwnSettings(start.Environment);
        foreach (var own in new[] { "TMUX", "NO_COLOR" })
        {
            start.Environment.Remove(own);
        }

        using var process = Process.Start(start)!;
        var said = await process.StandardOutput.ReadToEndAsync();
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0, error);
        return said;
    }
}
