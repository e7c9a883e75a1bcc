using OtpActors.CommandLine;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.CommandLine;

public sealed class MistakeSpecs
{
    [Theory]
    [InlineData("rnus", "'rnus' is not a command. Did you mean 'runs'?")]
    [InlineData("notif", "'notif' is not a command. Did you mean 'notifications'?")]
    [InlineData("kubernetes", "'kubernetes' is not a command.")]
    [InlineData("config shwo", "'shwo' is not a command of config. Did you mean 'show'?")]
    [InlineData("config", "config needs one of its commands: check, show.")]
    [InlineData("runs --limti 3", "'--limti' is not an option of runs. Did you mean '--limit'?")]
    [InlineData("repair mongo --dryrun", "'--dryrun' is not an option of repair mongo. Did you mean '--dry-run'?")]
    [InlineData("runs --hlep", "'--hlep' is not an option of runs. Did you mean '--help'?")]
    [InlineData("runs -x", "'-x' is not an option of runs.")]
    [InlineData("runs 20310517-083000-a1b2c3 today", "'today' is one word too many for runs.")]
    [InlineData("retry 20310517-083000-a1b2c3 --jsno", "'--jsno' is not an option of retry. Did you mean '--json'?")]
    [InlineData("help rusn", "'rusn' is not a command. Did you mean 'run' or 'runs'?")]
    [InlineData("help config cehck", "'cehck' is not a command of config. Did you mean 'check'?")]
    [InlineData("completion bahs", "SHELL: 'bahs' is not one of bash, zsh, fish, pwsh. Did you mean 'bash'?")]
    [InlineData("run --notify noen", "--notify takes all, none or a number of addresses, not 'noen'. Did you mean 'none'?")]
    [InlineData("run --notify=noen", "--notify takes all, none or a number of addresses, not 'noen'. Did you mean 'none'?")]
    [InlineData("runs --limit", "Required argument missing for option: '--limit'.")]
    public void What_is_wrong_is_said_in_one_line_with_what_was_likely_meant(string line, string said) =>
        Mistakes.Describe(Cli.Create().Parse(line)).ShouldBe(said);

    [Fact]
    public void What_begins_with_a_dash_is_an_argument_behind_two() =>
        Mistakes.Describe(Cli.Create().Parse("find -- -jane@example.com")).ShouldBeNull();

    [Fact]
    public void A_value_may_begin_with_an_at_sign() =>
        Cli.Create().Parse(["schedules", "set", "nightly", "--cron", "@daily", "--count", "5"], Cli.Parsing).Errors.ShouldBeEmpty();

    [Theory]
    [InlineData("runs", "runs", 0)]
    [InlineData("rnus", "runs", 1)]
    [InlineData("rns", "runs", 1)]
    [InlineData("ruuns", "runs", 1)]
    [InlineData("tuns", "runs", 1)]
    [InlineData("", "runs", 4)]
    [InlineData("find", "runs", 3)]
    public void Slips_are_characters_missing_added_replaced_or_swapped(string typed, string meant, int slips) =>
        Nearest.Slips(typed, meant).ShouldBe(slips);

    [Theory]
    [InlineData("1.0.0+0a1b2c", "OtpActors 1.0.0, revision 0a1b2c")]
    [InlineData("1.0.0", "OtpActors 1.0.0")]
    public void The_version_says_the_revision_where_it_is_known(string informational, string said) =>
        ProgramVersion.From(informational).ShouldBe(said);
}
