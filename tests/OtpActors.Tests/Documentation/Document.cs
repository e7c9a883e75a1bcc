using System.Text.RegularExpressions;
using OtpActors.Tests.Deployment;

namespace OtpActors.Tests.Documentation;

/// <summary>A Markdown file of the repository, as its readers use it: what they copy into a shell, and what it shows them.</summary>
internal sealed partial class Document(string path)
{
    public static IReadOnlyList<string> All { get; } =
        ["README.md", .. Directory.GetFiles(Repository.File("docs"), "*.md").Select(file => $"docs/{Path.GetFileName(file)}").Order(StringComparer.Ordinal)];

    private readonly string _text = Repository.Text(path).ReplaceLineEndings("\n");

    /// <summary>The lines of every block that is marked <c>sh</c>, without comments; a line that is continued is one.</summary>
    public IReadOnlyList<string> Commands => [.. Blocks("sh").SelectMany(block => block.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n'))
        .Select(line => Comment().Replace(line, "").Trim()).Where(line => line.Length > 0)];

    /// <summary>The blocks without a mark: what a terminal shows.</summary>
    public IReadOnlyList<string> Shown => [.. Blocks("")];

    /// <summary>Every call of the program: of a block's line, or between backticks.</summary>
    public IReadOnlyList<string> Calls => [.. Commands.Select(line => CallInLine().Match(line)).Where(match => match.Success)
        .Concat(CallInText().Matches(_text)).Select(match => match.Groups["arguments"].Value.Trim())];

    private IEnumerable<string> Blocks(string mark) =>
        Fence().Matches(_text).Where(match => match.Groups["mark"].Value == mark).Select(match => match.Groups["body"].Value);

    [GeneratedRegex(@"^```(?<mark>[a-z]*)\n(?<body>.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"(^|\s)#\s.*$")]
    private static partial Regex Comment();

    [GeneratedRegex(@"((^|\s|/app/)OtpActors |--project src/OtpActors -- )(?<arguments>.*)$")]
    private static partial Regex CallInLine();

    [GeneratedRegex(@"`OtpActors (?<arguments>[^`]+)`")]
    private static partial Regex CallInText();
}
