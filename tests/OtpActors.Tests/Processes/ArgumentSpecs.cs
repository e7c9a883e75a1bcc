using Shouldly;
using Xunit;

namespace OtpActors.Tests.Processes;

[Collection(OneAtATime.Name)]
public sealed class ArgumentSpecs : IDisposable
{
    private readonly Workplace _at = new();

    public void Dispose() => _at.Dispose();

    [Theory]
    [InlineData("run --count 0", "--count")]
    [InlineData("run --count many", "--count")]
    [InlineData("run --count 5 --from some.csv", "--from")]
    [InlineData("run --count 5 --email ann@example.com --otp 1", "--email, --otp")]
    [InlineData("run --from some.csv --interval 1s --duration 2s", "--interval, --duration")]
    [InlineData("run --skip-bad", "--from")]
    [InlineData("run --from no-such-file.csv", "no-such-file.csv")]
    [InlineData("run --from .", "directory")]
    [InlineData("run --resume some-run --notify none --topic t", "--topic, --notify")]
    [InlineData("run --resume no-such-run", "no-such-run")]
    [InlineData("run --partitions 0", "--partitions")]
    [InlineData("run --topic a/b", "a/b")]
    [InlineData("run --topic email_topic.dlq", ".dlq")]
    [InlineData("run --topic otp_commands", "belongs to the commands")]
    [InlineData("run --topic otp_commands.dlq", ".dlq")]
    [InlineData("run --email ann", "--email")]
    [InlineData("run --interval 5", "--interval")]
    [InlineData("run --window soon", "--window")]
    [InlineData("run --notify some", "--notify")]
    [InlineData("run --colour", "--colour")]
    [InlineData("runs --limit 0", "--limit")]
    [InlineData("find", "find")]
    [InlineData("fnid ann@example.com", "fnid")]
    public async Task What_is_wrong_is_said_in_a_line_and_nothing_is_made(string arguments, string named)
    {
        var ended = (await _at.RunAsync(arguments.Split(' '))).ShouldExitWith(2).ShouldSay(named);

        ended.ErrorLines.Count(line => !line.StartsWith("See: OtpActors", StringComparison.Ordinal)).ShouldBe(1, ended.ToString());
        ended.Output.ShouldBeEmpty();
        _at.Data.IsThere.ShouldBeFalse();
    }

    [Theory]
    [InlineData("OtpActors__Bogus", "1", "OtpActors:Bogus")]
    [InlineData("OtpActors__Topic__Nmae", "t", "OtpActors:Topic:Nmae")]
    [InlineData("OtpActors__Workflow__Window", "soon", "OtpActors:Workflow:Window")]
    [InlineData("OtpActors__Workflow__Steps__Mail__Attempts", "0", "OtpActors:Workflow:Steps:Mail:Attempts")]
    [InlineData("OtpActors__Stores__Mongo__Provider", "Paper", "OtpActors:Stores:Mongo:Provider")]
    [InlineData("OtpActors__Data", "", "Data")]
    public async Task A_wrong_setting_is_named(string key, string value, string named)
    {
        var ended = await _at.RunBareAsync(["run"], environment: new Dictionary<string, string> { [key] = value });

        ended.ShouldExitWith(2).ShouldSay(named);
        ended.ErrorLines.Count.ShouldBe(1);
        Directory.GetFileSystemEntries(_at.Path).ShouldBeEmpty();
    }

    [Fact]
    public async Task All_that_is_wrong_is_said_at_once_and_nothing_is_made()
    {
        var ended = (await _at.RunBareAsync(["config", "check"], environment: new Dictionary<string, string>
        {
            ["OtpActors__Workflow__Window"] = "canary-soon",
            ["OtpActors__Topic"] = "canary-topic",
            ["OtpActors__Mail__From"] = "canary-nobody",
            ["OtpActors__Mail__Smtp__Port"] = "70000",
        })).ShouldExitWith(2);

        ended.ErrorLines.Count.ShouldBe(4, ended.ToString());
        ended.ShouldSay("OtpActors__Workflow__Window", "OtpActors:Workflow:Window=30s", "OtpActors__Topic", "OtpActors:Mail:From=otp@example.com", "OtpActors:Mail:Smtp:Port must be from 1 to 65535");
        ended.Error.ShouldNotContain("canary");
        Directory.GetFileSystemEntries(_at.Path).ShouldBeEmpty();
        (await _at.RunBareAsync(["config", "check"])).ShouldExitWith(0).Output.Trim().ShouldBe("The settings are valid.");
    }

    [Fact]
    public async Task The_settings_in_force_are_shown_with_their_source_and_without_secrets()
    {
        var environment = new Dictionary<string, string>
        {
            ["OtpActors__Mongo__ConnectionString"] = "mongodb://u:canary@h/d",
            ["OtpActors__Workflow__Window"] = "45s",
            ["OtpActors__Mail__From"] = "Codes <otp@example.com>",
        };
        var said = (await _at.RunBareAsync(["config", "show", "--data", "by-hand"], environment: environment)).ShouldExitWith(0).Output;
        said.ShouldContain("OtpActors:Data = by-hand  (command line)");
        said.ShouldContain("OtpActors:Workflow:Window = 00:00:45  (environment OtpActors__Workflow__Window)");
        said.ShouldContain("OtpActors:Mongo:ConnectionString = ***  (environment OtpActors__Mongo__ConnectionString)");
        said.ShouldContain("OtpActors:Journal:Schema = (not set)  (default)");
        said.ShouldNotContain("canary");

        var json = (await _at.RunBareAsync(["config", "show", "--json"], environment: environment)).ShouldExitWith(0);
        json.Json.GetProperty("settings").GetProperty("Mail").GetProperty("From").GetString().ShouldBe("Codes <otp@example.com>");
        json.Json.GetProperty("sources").GetProperty("OtpActors:Mail:From").GetString().ShouldBe("environment OtpActors__Mail__From");
        json.Output.ShouldNotContain("canary");
        Directory.GetFileSystemEntries(_at.Path).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_nearer_setting_wins()
    {
        (await DataOfAsync([])).ShouldBe(_at.File("data"));

        await File.WriteAllTextAsync(_at.File("appsettings.json"), """{"OtpActors":{"Data":"by-file"}}""", TestContext.Current.CancellationToken);
        (await DataOfAsync([])).ShouldBe(_at.File("by-file"));

        var environment = new Dictionary<string, string> { ["OtpActors__Data"] = "by-environment" };
        (await DataOfAsync([], environment)).ShouldBe(_at.File("by-environment"));
        (await DataOfAsync(["--data", "by-hand"], environment)).ShouldBe(_at.File("by-hand"));
    }

    private async Task<string> DataOfAsync(string[] arguments, Dictionary<string, string>? environment = null)
    {
        const string words = "No runs in ";
        var said = (await _at.RunBareAsync(["runs", .. arguments], environment: environment)).ShouldExitWith(0).Error.ReplaceLineEndings("");
        said.ShouldStartWith(words);
        return said[words.Length..].TrimEnd('.');
    }
}
