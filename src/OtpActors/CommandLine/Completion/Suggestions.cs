using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Globalization;

namespace OtpActors.CommandLine.Completion;

/// <summary>
/// <c>[suggest:POSITION] "LINE"</c>: what may stand at the position of a command line, one word a line. Unlike the
/// library's own action it is silent where nothing can be said, and leaves out short names of options.
/// </summary>
internal sealed class Suggestions(SuggestDirective directive) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parsed)
    {
        var line = parsed.Tokens.LastOrDefault(token => token.Type != TokenType.Directive)?.Value ?? "";
        var asked = parsed.GetResult(directive)?.Values is [var text] ? text : "";
        var position = int.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out var given)
            ? Math.Min(given, line.Length) : line.Length;
        foreach (var word in From(parsed.RootCommandResult.Command, line, position))
        {
            parsed.InvocationConfiguration.Output.WriteLine(word);
        }

        return ExitCodes.Done;
    }

    internal static IReadOnlyList<string> From(Command root, string line, int position)
    {
        try
        {
            return [.. root.Parse(line).GetCompletions(position).Select(item => item.InsertText ?? item.Label)
                .Where(word => !word.StartsWith('-') || word.StartsWith("--", StringComparison.Ordinal))];
        }
        catch (InvalidOperationException)
        {
            return []; // the library cannot tell what --option=VALUE stands for while it is typed
        }
    }
}
