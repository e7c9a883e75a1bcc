using System.Runtime.Versioning;
using OtpActors.CommandLine.Completion;
using OtpActors.Tests.Deployment;
using OtpActors.Tests.Processes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.CommandLine.Completion;

/// <summary>The scripts in the shells that they are for, with the program on the path; PowerShell's is only looked at.</summary>
[Collection(OneAtATime.Name)]
[UnsupportedOSPlatform("windows")]
public sealed class ShellSpecs : IDisposable
{
    private readonly TempDirectory _directory = new();

    public ShellSpecs()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "it is a matter of these shells");
        var program = _directory.File("OtpActors");
        File.WriteAllText(
            program, $"#!/bin/sh\nexec '{OtpActorsProcess.DotnetHost}' exec '{OtpActorsProcess.Program}' \"$@\"\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        File.WriteAllText(_directory.File("people.csv"), "email,otp");
    }

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("noti", "notifications")]
    [InlineData("config ", "check show")]
    [InlineData("runs --li", "--limit")]
    [InlineData("run --count 5 --notify ", "all none")]
    [InlineData("find jane@example.com --re", "--reveal")]
    [InlineData("run --from peo", "")]
    public async Task Bash_completes(string typed, string words)
    {
        var line = $"OtpActors {typed}";
        var said = await RunAsync("bash", "-c", $$"""
            source <(OtpActors completion bash)
            COMP_LINE='{{line}}' COMP_POINT={{line.Length}}
            read -r -a COMP_WORDS <<< "$COMP_LINE"
            [[ $COMP_LINE == *' ' ]] && COMP_WORDS+=('')
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _OtpActors
            echo "${COMPREPLY[*]}"
            complete -p OtpActors
            """);

        // What is not known here is a file's name, by the option that the shell has for that.
        said.ReplaceLineEndings("\n").ShouldBe($"{words}\ncomplete -o default -F _OtpActors OtpActors\n");
    }

    [Theory]
    [InlineData("noti", "OtpActors notifications ")]
    [InlineData("runs --li", "OtpActors runs --limit ")]
    [InlineData("run --count 5 --notify al", "OtpActors run --count 5 --notify all ")]
    [InlineData("run --from peo", "OtpActors run --from people.csv ")]
    public async Task Zsh_completes(string typed, string line)
    {
        // A terminal of its own, since zsh completes nowhere else; the bound key shows the line that has come of it.
        var said = await RunAsync("zsh", "-f", "-c", $$"""
            zmodload zsh/zpty
            zpty shell zsh -f -i
            zpty -w shell 'PS1=; autoload -U compinit && compinit -u -D; source <(OtpActors completion zsh)
              show() { print -r -- "[[$BUFFER]]"; BUFFER=; zle accept-line }; zle -N show; bindkey "^X" show; print rea""dy'
            zpty -r shell answer '*ready*'
            zpty -w -n shell $'OtpActors {{typed}}\t\C-x'
            zpty -r shell answer '*\]\]*'
            print -r -- "$answer"
            zpty -d shell
            """);

        said.ShouldContain($"[[{line}]]");
    }

    [Theory]
    [InlineData("noti", "notifications")]
    [InlineData("config ", "check show")]
    [InlineData("runs --li", "--limit")]
    [InlineData("run --count 5 --notify ", "all none")]
    [InlineData("run --from peo", "people.csv")]
    public async Task Fish_completes(string typed, string words)
    {
        var said = await RunAsync(
            "fish", "--no-config", "-c", $"OtpActors completion fish | source; complete -C 'OtpActors {typed}'");

        said.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(each => each.Split('\t')[0])
            .ShouldBe(words.Split(' '));
    }

    [Fact]
    public void Each_shell_has_its_script_that_asks_the_program()
    {
        foreach (var shell in Enum.GetValues<Shell>())
        {
            CompletionCommand.ScriptOf(shell).ShouldContain("[suggest:");
        }
    }

    private async Task<string> RunAsync(string shell, params string[] arguments)
    {
        var path = $"{_directory.Path}:{Environment.GetEnvironmentVariable("PATH")}";
        var (exitCode, said) = await Repository.RunAsync(
            Repository.Require("env"),
            ["-C", _directory.Path, $"HOME={_directory.Path}", $"PATH={path}", Repository.Require(shell), .. arguments]);
        exitCode.ShouldBe(0, said);
        return said;
    }
}
