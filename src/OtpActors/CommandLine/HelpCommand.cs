using System.CommandLine;
using System.CommandLine.Completions;

namespace OtpActors.CommandLine;

/// <summary><c>help [VERB …]</c>: the same as <c>VERB … --help</c>.</summary>
internal static class HelpCommand
{
    /// <param name="root">The command line whose verbs are explained.</param>
    public static Command Create(RootCommand root)
    {
        var verbs = new Argument<string[]>("VERB")
        {
            Description = "The command to explain; none for the whole program.",
            HelpName = "VERB",
            Arity = ArgumentArity.ZeroOrMore,
        };
        verbs.CompletionSources.Add(context => Known(root, context.ParseResult.GetValue(verbs) ?? [])
            .Command.Subcommands.Select(command => new CompletionItem(command.Name)));
        verbs.Validators.Add(result =>
        {
            var (within, unknown) = Known(root, [.. result.Tokens.Select(token => token.Value)]);
            if (unknown is not null)
            {
                result.AddError(Mistakes.UnknownCommand(unknown, within));
            }
        });
        var command = new Command("help", "Shows the help of a command.") { verbs }
            .WithExamples("help run", "help config show");
        command.SetAction(parsed =>
            root.Parse([.. parsed.GetValue(verbs) ?? [], "--help"]).Invoke(parsed.InvocationConfiguration));
        return command;
    }

    /// <summary>The command that the words lead to, and the first word that leads nowhere.</summary>
    private static (Command Command, string? Unknown) Known(Command root, IReadOnlyList<string> words)
    {
        var command = root;
        foreach (var word in words)
        {
            if (command.Subcommands.FirstOrDefault(each => each.Name == word) is not { } next)
            {
                return (command, word);
            }

            command = next;
        }

        return (command, null);
    }
}
