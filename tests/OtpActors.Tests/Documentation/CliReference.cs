using System.CommandLine;
using System.Text;
using System.Text.Json;
using OtpActors.CommandLine;
using OtpActors.CommandLine.Services;
using OtpActors.Tests.CommandLine.Services;

namespace OtpActors.Tests.Documentation;

/// <summary>Writes <c>docs/cli.md</c>: each command of the program, its options, its examples, and what it printed when it was run.</summary>
/// <param name="description">The API's OpenAPI document.</param>
internal sealed class CliReference(RootCommand root, IReadOnlyList<VerbExample> examples, JsonElement description)
{
    private const string Intro = """
        # The command line

        The verbs of `OtpActors`. This page is made by the tests, which run each example that is shown with its output: ids, times, lengths of time
        and ports in it are made the same ones, and … stands for the rest. Lists are shown with their columns aligned; in a file or a pipe they are separated by tabs.
        Exit codes: 0 done, 1 not done or not all of it, 2 wrong arguments, settings or input.

        ## Options of the verbs that ask a service

        A service of the same user and data directory is found by itself, and needs no key.
        """;

    private static readonly Option[] Common = [ServiceVerb.Server, Cli.Data, ServiceVerb.ApiKeyFile, ServiceVerb.Json, ServiceVerb.Timeout];

    private readonly StringBuilder _text = new();

    public string Write()
    {
        _text.Append(Intro.ReplaceLineEndings("\n")).Append("\n\n");
        Rows(Common.Select(Row));
        foreach (var command in Below(root))
        {
            Section(command);
        }

        return _text.ToString().TrimEnd('\n') + "\n";
    }

    private static IEnumerable<Command> Below(Command command) =>
        command.Subcommands.Where(each => !each.Hidden).SelectMany(each => Below(each).Prepend(each));

    private void Section(Command command)
    {
        var name = Mistakes.NameOf(command);
        Add($"\n{(command.Parents.First() is RootCommand ? "##" : "###")} `{name}`\n\n{Cell(command.Description)}\n");
        var asksService = Common.All(command.Options.Contains);
        var options = command.Options.Where(option => !option.Hidden && option.Name != "--help" && !(asksService && Common.Contains(option)));
        var rows = command.Arguments.Where(argument => !argument.Hidden).Select(Row).Concat(options.Select(Row)).ToList();
        if (rows.Count > 0)
        {
            _text.Append('\n');
            Rows(rows);
        }

        if (asksService)
        {
            _text.Append("\nAnd the [options of the verbs that ask a service](#options-of-the-verbs-that-ask-a-service).\n");
        }

        var run = examples.Where(example => example.Verb == name).ToList();
        var others = Examples.From(command).Where(example => run.TrueForAll(each => each.Line != example)).ToList();
        if (others.Count > 0)
        {
            Block("sh", string.Join('\n', others.Select(example => $"OtpActors {example}")));
        }

        foreach (var example in run)
        {
            Block("sh", $"OtpActors {example.Line}");
            Block(example.Output.StartsWith('{') ? "json" : "", string.Join('\n', Aligned(example.Output.Split('\n'))));
        }

        Documents(run);
    }

    /// <summary>What <c>--json</c> prints, by the names of the API's description.</summary>
    private void Documents(List<VerbExample> run)
    {
        var documents = run.SelectMany(example => example.Operations).Distinct()
            .Select(operation => (Operation: operation, Document: DocumentOf(operation))).Where(each => each.Document is not null).ToList();
        if (documents.Count > 0)
        {
            _text.Append("\n`--json`: ")
                .AppendJoin(", ", documents.Select(each => $"`{each.Document}` of `{each.Operation}`")).Append(".\n");
        }
    }

    private string? DocumentOf(string operation)
    {
        var (method, path) = (operation.Split(' ')[0], operation.Split(' ')[1]);
        return description.GetProperty("paths").TryGetProperty(path, out var methods)
            && methods.TryGetProperty(method.ToLowerInvariant(), out var described)
            ? described.GetProperty("responses").EnumerateObject().Where(answer => answer.Name.StartsWith('2')).Select(answer => NameIn(answer.Value))
                .FirstOrDefault(name => name is not null)
            : null;
    }

    private static string? NameIn(JsonElement answer) =>
        answer.TryGetProperty("content", out var content) && content.TryGetProperty("application/json", out var json)
        && json.GetProperty("schema").TryGetProperty("$ref", out var reference)
            ? reference.GetString()!.Split('/')[^1]
            : null;

    private void Rows(IEnumerable<(string Name, string Text)> rows)
    {
        _text.Append("| | |\n|---|---|\n");
        foreach (var (name, text) in rows)
        {
            Add($"| `{Cell(name)}` | {Cell(text)} |\n");
        }
    }

    private static (string Name, string Text) Row(Argument argument) =>
        (argument.Arity.MinimumNumberOfValues == 0 ? $"[{argument.Name}]" : argument.Name, argument.Description ?? "");

    private static (string Name, string Text) Row(Option option) =>
        ($"{string.Join(", ", option.Aliases.Prepend(option.Name))}{(option.HelpName is { } value ? $" {value}" : "")}",
            $"{option.Description}{(option.Required ? " [required]" : "")}");

    private static string Cell(string? text) => (text ?? "").Replace("|", "\\|", StringComparison.Ordinal);

    private void Block(string mark, string text) => Add($"\n```{mark}\n{text}\n```\n");

    private void Add(string text) => _text.Append(text);

    /// <summary>Columns that are separated by tabs, as <c>column -t</c> shows them.</summary>
    private static List<string> Aligned(string[] lines)
    {
        var rows = lines.Select(line => line.Split('\t')).ToList();
        var widths = Enumerable.Range(0, rows.Max(row => row.Length))
            .Select(column => rows.Where(row => row.Length > 1).Select(row => row.ElementAtOrDefault(column)?.Length ?? 0).DefaultIfEmpty().Max()).ToList();
        return [.. rows.Select(row => row.Length == 1 ? row[0] : string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd())];
    }
}
