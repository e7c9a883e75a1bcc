using System.Text;
using OtpActors.Domain.Runs;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Processes;

[Collection(OneAtATime.Name)]
public sealed class InputFileSpecs : IDisposable
{
    private readonly Workplace _at = new();

    private DataContent Data => _at.Data;

    public void Dispose() => _at.Dispose();

    [Fact]
    public async Task Json_lines_are_told_by_their_content()
    {
        _at.Write("some.txt", """{"email":"ann@example.com","otp":"0001"}""", "", """{"otp":"0002","email":"bob@example.com"}""");

        (await RunAsync("some.txt")).ShouldExitWith(0).Report.Produced.ShouldBe(2);

        foreach (var store in StepId.Stores)
        {
            (await Data.StoreAsync(store)).ShouldBe([("ann@example.com", "0001"), ("bob@example.com", "0002")], ignoreOrder: true);
        }
    }

    [Fact]
    public async Task A_repeated_address_is_legal_and_told_of()
    {
        _at.Write("again.csv", "email,otp", "ann@example.com,1", "bob@example.com,2", "ann@example.com,3");

        var ended = (await _at.RunAsync("run", "--from", "again.csv")).ShouldExitWith(0);

        ended.Output.ShouldContain("3 records of 2 addresses, 1 repeating one");
        // Cassandra keeps one password an address, MongoDB each.
        (await Data.StoreAsync("cassandra")).ShouldBe([("ann@example.com", "1"), ("bob@example.com", "2")], ignoreOrder: true);
        (await Data.StoreAsync("mongo")).Count.ShouldBe(3);
        (await Data.RunsAsync()).Single().Report.Input.ShouldBe(new RunReport.InputPart(3, 2, 1, 0));
    }

    [Fact]
    public async Task Nothing_behind_a_carriage_return_is_lost_and_the_rows_add_up()
    {
        await File.WriteAllTextAsync(
            _at.File("mixed.csv"), "email,otp\nann@example.com,1\rbob@example.org,2\r\n\ncat@example.org,\"3\r4\"\rdan@example.org,5", TestContext.Current.CancellationToken);

        (await RunAsync("mixed.csv")).ShouldExitWith(2).ShouldSay("5 rows = 3 records + 1 bad line + 1 blank line", "line 5: a line break");
        var ended = (await _at.RunAsync("run", "--from", "mixed.csv", "--skip-bad")).ShouldExitWith(0);
        ended.Output.ShouldContain("5 rows = 3 records + 1 bad line + 1 blank line");
        foreach (var store in StepId.Stores)
        {
            (await Data.StoreAsync(store)).ShouldBe([("ann@example.com", "1"), ("bob@example.org", "2"), ("dan@example.org", "5")], ignoreOrder: true);
        }
    }

    [Fact]
    public async Task Bad_lines_refuse_the_file_unless_they_are_to_be_skipped()
    {
        _at.Write("some.csv", "email,otp", "ann@example.com,1", "nobody,2", "bob@example.com,", "cy@example.com,4");

        var refused = (await RunAsync("some.csv")).ShouldExitWith(2).ShouldSay("line 3:", "line 4:", "--skip-bad");
        refused.Json.GetProperty("outcome").GetString().ShouldBe("refused");
        refused.Json.GetProperty("lines").EnumerateArray().Select(line => line.GetProperty("line").GetInt32()).ShouldBe([3, 4]);
        await ShouldBeUntouchedAsync();

        var report = (await RunAsync("some.csv", "--skip-bad")).ShouldExitWith(0).Report;
        report.Produced.ShouldBe(2);
        report.Input.ShouldBe(new RunReport.InputPart(2, 2, 0, 2));
        (await Data.StoreAsync("mongo")).ShouldBe([("ann@example.com", "1"), ("cy@example.com", "4")], ignoreOrder: true);
    }

    [Theory]
    [InlineData(null, "There is no file")]
    [InlineData("", "is empty")]
    [InlineData("email,otp\n", "no records")]
    [InlineData("email,otp\nann@example.com,\u00e9\n", "not UTF-8")]
    [InlineData("name;word\nann;1\n", "email,otp")]
    [InlineData("[{\"email\":\"ann@example.com\",\"otp\":\"1\"}]", "JSON array")]
    public async Task A_file_that_cannot_be_used_is_refused(string? content, string reason)
    {
        if (content is not null)
        {
            await File.WriteAllBytesAsync(_at.File("input"), Encoding.Latin1.GetBytes(content), TestContext.Current.CancellationToken);
        }

        var refused = (await RunAsync("input")).ShouldExitWith(2).ShouldSay(reason);

        refused.Json.GetProperty("reason").GetString().ShouldNotBeNull().ShouldContain(reason);
        await ShouldBeUntouchedAsync();
    }

    private Task<Ended> RunAsync(string file, params string[] more) => _at.RunAsync(["run", "--from", file, "--json", .. more]);

    private async Task ShouldBeUntouchedAsync()
    {
        Data.TopicCount.ShouldBe(0);
        (await Data.RunsAsync()).ShouldBeEmpty();
        Directory.Exists(Data.File("inputs")).ShouldBe(Data.IsThere);
        if (Data.IsThere)
        {
            Directory.GetFiles(Data.File("inputs")).ShouldBeEmpty();
        }
    }
}
