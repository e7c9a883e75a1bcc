using System.Globalization;
using System.Security.Cryptography;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Processes;

[Collection(OneAtATime.Name)]
public sealed class CrashSpecs(ITestOutputHelper output) : IDisposable
{
    /// <summary>Set it to have the moments of a run again.</summary>
    private const string SeedVariable = "OTPACTORS_TEST_SEED";

    private const int Records = 20_000;
    private const int Notified = 200;

    private readonly Workplace _at = new();

    private DataContent Data => _at.Data;

    public void Dispose() => _at.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task Killed_at_random_moments_nothing_is_lost_or_doubled(int partitions)
    {
        var random = new Random(Seed() + partitions);
        string? runId = null;
        var sent = new Dictionary<string, string>();
        foreach (var (moment, reached) in Moments(random))
        {
            await using var process = Start(runId, partitions);
            var alive = await reached(process);
            process.Kill();
            await process.EndAsync();

            // A process that is killed before its run is journaled leaves none, and another is started.
            runId ??= (await Data.RunsAsync()).SingleOrDefault()?.RunId;
            output.WriteLine(
                $"killed at {moment}{(alive ? "" : " (over before)")}: topic {Data.TopicCount}, stores {Data.StoreCount("cassandra")} and "
                + $"{Data.StoreCount("mongo")}, mails {Data.MailFiles.Count}, posts {Data.SlackFiles.Count}, run {runId ?? "none"}");
            ShouldStayAsTheyAre(sent);
        }

        await using var last = Start(runId, partitions);
        var ended = (await last.EndAsync()).ShouldExitWith(0);

        ShouldStayAsTheyAre(sent);
        await Data.ShouldHoldAsync(ended.Report, Records, Notified);
    }

    private OtpActorsProcess Start(string? runId, int partitions) => runId is null
        ? _at.Start("run", "--count", $"{Records}", "--partitions", $"{partitions}", "--notify", $"{Notified}", "--json")
        : _at.Start("run", "--resume", runId, "--json");

    /// <summary>Moments by the clock, and some that only a run can know: in the midst of each step's work.</summary>
    private IEnumerable<(string Name, Func<OtpActorsProcess, Task<bool>> Reached)> Moments(Random random)
    {
        yield return Clock(300, 2_000);
        yield return Growth("records in the topic", () => Data.TopicCount, Records);
        yield return Growth("rows in Cassandra", () => Data.StoreCount("cassandra"), Records);
        yield return Growth("mails", () => Data.MailFiles.Count, 2 * Notified);
        yield return Growth("posts", () => Data.SlackFiles.Count, 2 * Notified);

        (string, Func<OtpActorsProcess, Task<bool>>) Clock(int from, int to)
        {
            var wait = TimeSpan.FromMilliseconds(random.Next(from, to));
            return ($"{wait.TotalMilliseconds} ms", process => process.StaysAsync(wait));
        }

        (string, Func<OtpActorsProcess, Task<bool>>) Growth(string what, Func<long> count, int all)
        {
            var some = random.NextInt64(Math.Min(count() + 1, all), all);
            return ($"{some} {what}", process => process.UntilAsync(() => count() >= some));
        }
    }

    /// <summary>What was sent once is not sent again, which would show as a file that was written anew.</summary>
    private void ShouldStayAsTheyAre(Dictionary<string, string> sent)
    {
        var now = Data.MailFiles.Concat(Data.SlackFiles).ToDictionary(
            file => file,
            file => $"{File.GetLastWriteTimeUtc(file):O} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))}");
        foreach (var (file, mark) in sent)
        {
            now.ShouldContainKeyAndValue(file, mark);
        }

        foreach (var (file, mark) in now)
        {
            sent[file] = mark;
        }
    }

    private int Seed()
    {
        var given = Environment.GetEnvironmentVariable(SeedVariable);
        var seed = given is null ? RandomNumberGenerator.GetInt32(1_000_000) : int.Parse(given, CultureInfo.InvariantCulture);
        output.WriteLine($"{SeedVariable}={seed}");
        return seed;
    }
}
