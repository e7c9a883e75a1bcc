using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;

namespace OtpActors.CommandLine;

/// <summary>What is wrong with a command line, in one line, with what was likely meant.</summary>
internal static class Mistakes
{
    /// <summary>The first mistake: the others follow from an unknown word, or show when the first is mended. Null for none.</summary>
    public static string? Describe(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        return OptionAsArgument(parsed) is { } option ? Unknown(option, command)
            : parsed.UnmatchedTokens is [var unknown, ..] ? Unknown(unknown, command)
            : parsed.Errors.Count == 0 ? null
            : parsed.Errors[0].SymbolResult is CommandResult && command is { Action: null, Subcommands.Count: > 0 }
                ? Incomplete(command)
            : OneLine(parsed.Errors[0]);
    }

    /// <summary>Names the command as it is typed, from the verb on; empty for the program itself.</summary>
    public static string NameOf(Command command) => command is RootCommand ? ""
        : $"{command.Parents.OfType<Command>().Select(NameOf).FirstOrDefault()} {command.Name}".TrimStart();

    public static string UnknownCommand(string word, Command within) =>
        $"'{word}' is not a command{(within is RootCommand ? "" : $" of {NameOf(within)}")}."
        + Nearest.Hint(word, within.Subcommands.Where(each => !each.Hidden).Select(each => each.Name));

    /// <summary>The library takes an unknown option for an argument where one may follow; what begins so comes after <c>--</c>.</summary>
    private static string? OptionAsArgument(ParseResult parsed)
    {
        var before = parsed.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash).Select(token => token.Value).ToHashSet();
        return parsed.CommandResult.Command.Arguments
            .SelectMany(argument => parsed.GetResult(argument)?.Tokens ?? [])
            .Select(token => token.Value)
            .FirstOrDefault(word => word.Length > 1 && word.StartsWith('-') && before.Contains(word));
    }

    private static string Unknown(string word, Command command) =>
        word.StartsWith('-')
            ? $"'{word}' is not an option{(command is RootCommand ? "" : $" of {NameOf(command)}")}."
                + Nearest.Hint(word, OptionsOf(command))
        : command.Subcommands.Count > 0 ? UnknownCommand(word, command)
        : $"'{word}' is one word too many for {NameOf(command)}.";

    private static string Incomplete(Command command) =>
        $"{NameOf(command)} needs one of its commands: "
        + $"{string.Join(", ", command.Subcommands.Select(each => each.Name))}.";

    /// <summary>The library's message, and what was likely meant where the value is one of a few.</summary>
    private static string OneLine(ParseError error)
    {
        var message = string.Join(' ', error.Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        Symbol? asked = error.SymbolResult switch
        {
            OptionResult option => option.Option,
            ArgumentResult argument => argument.Argument,
            _ => null,
        };
        return asked is not null && error.SymbolResult!.Tokens is [.., var typed] && !message.EndsWith('?')
            ? message + Nearest.Hint(typed.Value, asked.GetCompletions(CompletionContext.Empty).Select(item => item.Label))
            : message;
    }

    private static IEnumerable<string> OptionsOf(Command command) => command.Options
        .Concat(command.Parents.OfType<Command>().SelectMany(parent => parent.Options.Where(option => option.Recursive)))
        .Where(option => !option.Hidden).Select(option => option.Name);
}
