using System.CommandLine;

namespace OtpActors.CommandLine.Completion;

/// <summary>The shells that there is a script for.</summary>
internal enum Shell
{
    Bash,
    Zsh,
    Fish,
    Pwsh,
}

/// <summary>
/// <c>completion SHELL</c>: prints a script that completes commands, options and values in that shell. The script asks
/// the program itself, by the directive <c>[suggest:POSITION]</c>, so that it stays right whatever verbs are added.
/// </summary>
internal static class CompletionCommand
{
    public static Command Create()
    {
        var shell = Choices.Argument<Shell>("SHELL", "The shell that takes the script");
        var command = new Command(
            "completion",
            "Prints a script with which a shell completes commands, options and values of the program installed as "
            + "OtpActors.")
        {
            shell,
        }.WithExamples(
            "completion bash > ~/.local/share/bash-completion/completions/OtpActors",
            "completion fish > ~/.config/fish/completions/OtpActors.fish");
        command.SetAction(parsed =>
        {
            Console.Out.Write(ScriptOf(parsed.GetValue(shell)));
            return ExitCodes.Done;
        });
        return command;
    }

    internal static string ScriptOf(Shell shell)
    {
        var name = $"completion.{shell.ToString().ToLowerInvariant()}";
        using var reader = new StreamReader(typeof(CompletionCommand).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is not part of the program."));
        return reader.ReadToEnd();
    }
}
