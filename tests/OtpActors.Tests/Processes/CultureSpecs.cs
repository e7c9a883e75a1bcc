using System.Text;
using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Processes;

/// <summary>What the program does is the same in every locale and time zone.</summary>
[Collection(OneAtATime.Name)]
public sealed partial class CultureSpecs : IDisposable
{
    private const string File = "email,otp\nj\u00FCrgen@b\u00FCcher.example,1\nju\u0308rgen@bu\u0308cher.example,2\njane@\uFF25xample.com,3\njane@\u4F8B\u3048\u3002jp,4\n";

    private readonly Workplace _at = new();

    public void Dispose() => _at.Dispose();

    [Theory]
    [InlineData("fa_IR.UTF-8", "Asia/Tehran")]
    [InlineData("th_TH.UTF-8", "Asia/Bangkok")]
    [InlineData("ar_SA.UTF-8", "Pacific/Kiritimati")]
    [InlineData("tr_TR.UTF-8", "Pacific/Niue")]
    [InlineData("C", "UTC")]
    public async Task Ids_and_output_do_not_depend_on_locale_and_time_zone(string locale, string zone)
    {
        await System.IO.File.WriteAllTextAsync(_at.File("people.csv"), File, new UTF8Encoding(false), TestContext.Current.CancellationToken);
        var before = TimeProvider.System.GetUtcNow();
        var ended = (await _at.RunBareAsync(
            ["run", "--from", "people.csv", "--data", _at.Data.Root], environment: new Dictionary<string, string> { ["LC_ALL"] = locale, ["TZ"] = zone })).ShouldExitWith(0);

        var id = Id().Match(ended.Output).Groups["id"].Value;
        var stamp = DateTime.ParseExact(id[..15], "yyyyMMdd-HHmmss", System.Globalization.CultureInfo.InvariantCulture);
        stamp.ShouldBeInRange(before.UtcDateTime.AddSeconds(-1), TimeProvider.System.GetUtcNow().UtcDateTime);
        ended.Output.ShouldAllBe(c => c < 128 || char.GetUnicodeCategory(c) != System.Globalization.UnicodeCategory.DecimalDigitNumber);
        ended.Output.ShouldContain("4 records of 3 addresses, 1 repeating one");
        (await _at.Data.StoreAsync("cassandra")).Select(row => row.Email).Order(StringComparer.Ordinal)
            .ShouldBe(["jane@example.com", "jane@xn--r8jz45g.jp", "j\u00FCrgen@xn--bcher-kva.example"]);
        _at.Data.MailFiles.ShouldAllBe(file => Path.GetFileName(file).StartsWith(id, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("run --count 1")]
    [InlineData("serve")]
    [InlineData("find jane@example.com")]
    public async Task Without_normalization_nothing_is_begun(string arguments)
    {
        var ended = await _at.RunBareAsync(
            [.. arguments.Split(' '), "--data", _at.Data.Root], environment: new Dictionary<string, string> { ["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "1" });
        ended.ShouldExitWith(2).ShouldSay("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "ICU");
        _at.Data.IsThere.ShouldBeFalse();
    }

    [GeneratedRegex("run (?<id>[0-9]{8}-[0-9]{6}-[0-9a-f]{6})")]
    private static partial Regex Id();
}
