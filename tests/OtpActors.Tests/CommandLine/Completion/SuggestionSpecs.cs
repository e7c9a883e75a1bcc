using OtpActors.CommandLine;
using OtpActors.CommandLine.Completion;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.CommandLine.Completion;

public sealed class SuggestionSpecs
{
    [Theory]
    [InlineData("noti", "notifications")]
    [InlineData("config ", "--help check show")]
    [InlineData("help config ", "--help check show")]
    [InlineData("runs --li", "--limit")]
    [InlineData("run --notify ", "all none")]
    [InlineData("completion ", "--help bash fish pwsh zsh")]
    [InlineData("run --notify=a", "")]
    [InlineData("run --topic ", "")]
    [InlineData("kubernetes --", "--help --version")]
    public void What_may_come_next_is_suggested(string line, string words) =>
        string.Join(' ', Suggestions.From(Cli.Create(), line, line.Length)).ShouldBe(words);

    [Fact]
    public void Verbs_and_no_short_names_are_suggested_at_the_beginning()
    {
        var words = Suggestions.From(Cli.Create(), "", 0);
        words.ShouldContain("runs");
        words.ShouldContain("--version");
        words.ShouldNotContain("-v");
    }
}
