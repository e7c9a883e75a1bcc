using OtpActors.CommandLine;
using OtpActors.Domain.Runs;
using OtpActors.Tests.Deployment;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Processes;

/// <summary>Where standard output and standard error lead to is nothing that a run depends on.</summary>
[Collection(OneAtATime.Name)]
public sealed class StandardStreamSpecs : IDisposable
{
    private const string Run = "run --interval 50ms --duration 200ms";

    /// <summary>Starts the program in a terminal of its own, which goes away once something was shown.</summary>
    private const string Terminal = """
        import os, pty, select, sys
        process, terminal = pty.fork()
        if process == 0:
            os.environ['TERM'] = 'xterm-256color'
            os.execv(sys.argv[1], sys.argv[1:])
        os.read(terminal, 1)
        os.close(terminal)
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
        """;

    private readonly Workplace _at = new();

    private DataContent Data => _at.Data;

    public void Dispose() => _at.Dispose();

    [Theory]
    [InlineData("{0} > /dev/full")]
    [InlineData("{0} > /dev/full 2>&1")]
    [InlineData("{0} --json > /dev/full")]
    [InlineData("{0} >&-")]
    [InlineData("{0} 2>&-")]
    [InlineData("{0} >&- 2>&-")]
    [InlineData("{0} <&- >&- 2>&-")]
    [InlineData("set -o pipefail; {0} | head -n 1")]
    [InlineData("set -o pipefail; {0} | true")]
    [InlineData("set -o pipefail; {0} 2>&1 | true")]
    public async Task A_run_goes_on_to_its_end_and_its_exit_code_says_how_it_went(string command)
    {
        var (exitCode, said) = await ShellAsync(command, Run);

        exitCode.ShouldBe(0, said);
        said.ShouldNotContain("Unhandled");
        await ShouldBeDoneAsync(5);
    }

    [Theory]
    [InlineData("runs --json > /dev/full")]
    [InlineData("runs --json >&-")]
    public async Task What_does_nothing_but_show_fails_where_that_is_lost(string command)
    {
        var (exitCode, said) = await ShellAsync("{0} " + command.Split(' ', 2)[1], command.Split(' ')[0]);
        exitCode.ShouldBe(1, said);
        said.ShouldContain("standard output cannot be written");
    }

    [Theory]
    [InlineData("{0} > /dev/full", 1)]
    [InlineData("{0} >&-", 1)]
    [InlineData("{0} > /dev/full 2>&1", 1)]
    [InlineData("{0} 2>&-", 0)]
    [InlineData("set -o pipefail; {0} | true", null)]
    public async Task Help_and_the_like_end_in_order_where_they_cannot_be_read(string command, int? expected)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "it is a matter of shells");
        foreach (var shown in new[] { "--help", "help run", "run --help", "--version", "completion bash", "'[suggest:2]' ru" })
        {
            var program = $"'{OtpActorsProcess.DotnetHost}' exec '{OtpActorsProcess.Program}' {shown}";
            var (exitCode, said) = await Repository.RunAsync(
                Repository.Require("bash"), ["-c", command.Replace("{0}", program, StringComparison.Ordinal)]);

            // Whether a reader that leaves does so before all is written is its own business.
            (expected is { } code ? exitCode == code : exitCode is 0 or 1).ShouldBeTrue($"{shown}: {exitCode} {said}");
            said.ShouldNotContain("Unhandled");
        }
    }

    [Fact]
    public async Task A_run_that_is_refused_is_refused_without_its_output_too() =>
        (await ShellAsync("{0} --from nobody.csv > /dev/full 2>&1", "run")).ExitCode.ShouldBe(2);

    [Fact]
    public async Task A_terminal_that_goes_away_ends_no_run()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such terminals");
        var (exitCode, said) = await Repository.RunAsync(Repository.Require("python3"), [
            "-c", Terminal, OtpActorsProcess.DotnetHost, "exec", OtpActorsProcess.Program, .. Run.Split(' '), "--data", Data.Root]);

        exitCode.ShouldBe(0, said);
        await ShouldBeDoneAsync(5);
    }

    [Fact]
    public async Task Neither_a_hang_up_nor_a_broken_pipe_ends_a_run()
    {
        Signals.SkipUnlessSent(Signal.HangUp);
        await using var run = _at.Start("run", "--interval", "100ms", "--duration", "1s");
        (await run.UntilAsync(() => Data.TopicCount > 0)).ShouldBeTrue();
        run.Send(Signal.HangUp);
        run.Send(Signal.BrokenPipe);

        (await run.EndAsync()).ShouldExitWith(0);
        await ShouldBeDoneAsync(11);
    }

    [Fact]
    public async Task A_limit_of_open_files_that_is_too_low_is_said_at_the_start_and_one_that_is_enough_is_enough()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such limit");
        var (exitCode, said) = await ShellAsync("ulimit -n 100; {0}", Run);
        (exitCode, said.Trim()).ShouldBe((1, OpenFiles.ComplaintOf(["run"], 100)));
        said.ShouldContain("ulimit -n 512");
        Data.IsThere.ShouldBeFalse();

        (exitCode, said) = await ShellAsync($"ulimit -n {OpenFiles.ForCommands}; {{0}}", Run);
        exitCode.ShouldBe(0, said);
    }

    [Theory]
    [InlineData("", 1_024)]
    [InlineData("serve", 1_024)]
    [InlineData("--data d", 1_024)]
    [InlineData("run", 512)]
    [InlineData("health", 512)]
    public void The_service_needs_more_open_files_than_a_command(string arguments, int needed)
    {
        var words = arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        OpenFiles.ComplaintOf(words, (ulong)needed).ShouldBeNull();
        OpenFiles.ComplaintOf(words, (ulong)needed - 1).ShouldNotBeNull().ShouldContain($"OtpActors needs {needed}");
    }

    private async Task ShouldBeDoneAsync(int records)
    {
        (await Data.RunsAsync()).ShouldHaveSingleItem().State.ShouldBe(RunPhase.Completed);
        (Data.TopicCount, Data.StoreCount("cassandra"), Data.StoreCount("mongo")).ShouldBe((records, 1, 1));
    }

    /// <param name="command">As a shell takes it; <c>{0}</c> stands for the program with its arguments.</param>
    private Task<(int ExitCode, string Said)> ShellAsync(string command, string arguments)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "it is a matter of shells");
        var program = $"'{OtpActorsProcess.DotnetHost}' exec '{OtpActorsProcess.Program}' {arguments} --data '{Data.Root}'";
        return Repository.RunAsync(Repository.Require("bash"), ["-c", command.Replace("{0}", program, StringComparison.Ordinal)]);
    }
}
