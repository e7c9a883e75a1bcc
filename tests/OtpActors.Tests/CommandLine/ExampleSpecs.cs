using System.CommandLine;
using OtpActors.CommandLine;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.CommandLine;

public sealed class ExampleSpecs
{
    public static TheoryData<string> Commands => [.. All(Cli.Create()).Select(Mistakes.NameOf)];

    [Theory]
    [MemberData(nameof(Commands))]
    public void Each_command_has_two_examples_that_it_takes_and_shows_at_the_end_of_its_help(string name)
    {
        var root = Cli.Create();
        var command = All(root).Single(each => Mistakes.NameOf(each) == name);
        var examples = Examples.From(command);

        examples.Distinct().Count().ShouldBeGreaterThanOrEqualTo(2);
        foreach (var example in examples)
        {
            $"{example} ".ShouldStartWith(name.Length == 0 ? "" : $"{name} ");
            var words = example.Split('|', '>')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            root.Parse(words).Errors.ShouldBeEmpty(example);
        }

        var help = HelpOf(root, name);
        help[(help.IndexOf("Examples:", StringComparison.Ordinal) + "Examples:".Length)..].Split(Environment.NewLine)
            .Where(line => line.Length > 0).Take(examples.Count)
            .ShouldBe(examples.Select(example => $"  {Invocation.Program} {example}"));
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Help_before_a_command_is_the_same_as_after_it(string name)
    {
        var root = Cli.Create();
        using var output = new StringWriter();
        root.Parse($"help {name}").Invoke(new InvocationConfiguration { Output = output }).ShouldBe(ExitCodes.Done);

        output.ToString().ShouldBe(HelpOf(root, name));
    }

    [Fact]
    public void The_whole_help_says_what_exit_codes_mean() =>
        HelpOf(Cli.Create(), "").ShouldContain($"Exit codes:{Environment.NewLine}  0  done");

    private static string HelpOf(RootCommand root, string name)
    {
        using var output = new StringWriter();
        root.Parse($"{name} --help").Invoke(new InvocationConfiguration { Output = output }).ShouldBe(ExitCodes.Done);
        return output.ToString();
    }

    private static IEnumerable<Command> All(Command command) => command.Subcommands.SelectMany(All).Prepend(command);
}
