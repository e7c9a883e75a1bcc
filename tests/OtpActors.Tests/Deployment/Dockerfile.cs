using System.Text.RegularExpressions;

namespace OtpActors.Tests.Deployment;

/// <summary>The Dockerfile's instructions in their order, each on a line of its own.</summary>
internal sealed partial class Dockerfile
{
    private Dockerfile(IReadOnlyList<(string Name, string Arguments)> instructions) => Instructions = instructions;

    public IReadOnlyList<(string Name, string Arguments)> Instructions { get; }

    /// <summary>The variables of the last stage.</summary>
    public IReadOnlyDictionary<string, string> Environment => LastStage.Where(each => each.Name == "ENV")
        .SelectMany(each => Assignment().Matches(each.Arguments)).ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);

    /// <summary>What the image is made of, after its FROM.</summary>
    public IReadOnlyList<(string Name, string Arguments)> LastStage =>
        [.. Instructions.Skip(Instructions.ToList().FindLastIndex(each => each.Name == "FROM") + 1)];

    /// <summary>What is copied from the repository, and where to.</summary>
    public IReadOnlyList<(IReadOnlyList<string> Sources, string Target)> Copies => [.. Instructions
        .Where(each => each.Name == "COPY" && !each.Arguments.Contains("--from=", StringComparison.Ordinal))
        .Select(each => each.Arguments.Split(' ').Where(word => !word.StartsWith("--", StringComparison.Ordinal)).ToArray()).Select(words => ((IReadOnlyList<string>)words[..^1], words[^1]))];

    public string Last(string instruction) => Instructions.Last(each => each.Name == instruction).Arguments;

    public static Dockerfile Read() => new([.. Repository.Text("Dockerfile").Replace("\\\n", " ", StringComparison.Ordinal).Split('\n')
        .Where(line => line.Trim().Length > 0 && line[0] != '#')
        .Select(line => Blanks().Replace(line.Trim(), " ").Split(' ', 2)).Select(words => (Name: words[0], Arguments: words[1]))]);

    [GeneratedRegex(@"(\w+)=(\S+)")]
    private static partial Regex Assignment();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
