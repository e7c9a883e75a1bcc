using OtpActors.CommandLine;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.CommandLine;

public class TextsSpecs
{
    [Theory]
    [InlineData(0, "0.00 s")]
    [InlineData(-1, "0.00 s")]
    [InlineData(0.124, "0.12 s")]
    [InlineData(9.996, "10.0 s")]
    [InlineData(59.94, "59.9 s")]
    [InlineData(59.96, "1 min 00 s")]
    [InlineData(3599.6, "1 h 00 min")]
    [InlineData(3725, "1 h 02 min")]
    [InlineData(86_400 * 1.5, "1 d 12 h")]
    public void Times_are_as_exact_as_they_are_short(double seconds, string text) =>
        Texts.Duration(TimeSpan.FromSeconds(seconds)).ShouldBe(text);

    [Theory]
    [InlineData(0, "0 s")]
    [InlineData(0.1, "1 s")]
    [InlineData(61, "1 min 01 s")]
    [InlineData(601, "11 min")]
    [InlineData(3_600, "1 h 00 min")]
    public void Guessed_times_are_whole(double seconds, string text) => Texts.Roughly(TimeSpan.FromSeconds(seconds)).ShouldBe(text);

    [Fact]
    public void The_longest_time_has_its_words()
    {
        Texts.Duration(TimeSpan.MaxValue).ShouldEndWith(" h");
        Texts.Roughly(TimeSpan.MaxValue).ShouldEndWith(" h");
    }

    [Theory]
    [InlineData(0, "0 addresses")]
    [InlineData(1, "1 address")]
    [InlineData(1_000, "1,000 addresses")]
    public void One_is_no_plural(long count, string text) => Texts.Count(count, "address", "addresses").ShouldBe(text);

    [Theory]
    [InlineData("dotnet|run|-c|Release|--project|src/OtpActors|--|run|--count|5", "run|--count|5", "dotnet run -c Release --project src/OtpActors --")]
    [InlineData("/usr/bin/dotnet|run|--project|my app|run", "run", "dotnet run --project 'my app' --")]
    [InlineData("dotnet|run|--|run|--otp|-", "run|--otp|-", "dotnet run --")]
    [InlineData("dotnet|exec|OtpActors.dll|run", "run", null)]
    [InlineData("dotnet|run|--project|other", "run", null)]
    [InlineData("dotnet", "run", null)]
    [InlineData("bash", "run", null)]
    [InlineData("", "run", null)]
    [InlineData(null, "run", null)]
    public void Started_by_dotnet_run_it_is_started_so_again(string? parent, string own, string? again)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "its shell quotes otherwise");
        Invocation.OfParent(parent?.Replace('|', '\0') + '\0', own.Split('|')).ShouldBe(again);
    }

    [Theory]
    [InlineData("OtpActors run --resume some-run", 40, "  OtpActors run --resume some-run")]
    [InlineData("OtpActors run --resume some-run", 20, "  OtpActors run \\|  --resume \\|  some-run")]
    [InlineData("OtpActors run --resume some-run --data 'my data'", 20, "  OtpActors run --resume some-run --data 'my data'")]
    public void A_command_to_copy_is_one_command_on_a_narrow_screen_too(string command, int width, string lines)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "its shell has another way");
        Invocation.Fit(command, width, indent: 2).ReplaceLineEndings("|").ShouldBe(lines);
    }

    [Theory]
    [InlineData("./data", "./data")]
    [InlineData("my data", "'my data'")]
    [InlineData("$HOME", "'$HOME'")]
    [InlineData("~x", "'~x'")]
    [InlineData("it's", @"'it'\''s'")]
    [InlineData("", "''")]
    public void An_argument_is_quoted_where_a_shell_would_change_it(string argument, string quoted)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "its shell quotes otherwise");
        Invocation.Quoted(argument).ShouldBe(quoted);
    }
}
