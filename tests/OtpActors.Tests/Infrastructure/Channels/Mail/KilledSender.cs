using System.Diagnostics;
using System.Globalization;
using OtpActors.Infrastructure.Channels.Ledger;
using OtpActors.Tests.Fakes;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Channels.Mail;

/// <summary>A process that mails is killed at random moments between its words with the server; the next one goes on.</summary>
public sealed class KilledSender(ITestOutputHelper output)
{
    private const string DirectoryVariable = "OTPACTORS_TEST_CHILD_DIRECTORY";
    private const string PortVariable = "OTPACTORS_TEST_CHILD_PORT";
    private const int Kills = 50;
    private const int Addresses = 1_500;

    /// <summary>The child: this test executable, running this explicit test.</summary>
    [Fact(Explicit = true)]
    public async Task Mails_until_it_is_killed()
    {
        var home = Environment.GetEnvironmentVariable(DirectoryVariable)
            ?? throw new InvalidOperationException("This runs in a child process that another test starts.");
        var port = int.Parse(Environment.GetEnvironmentVariable(PortVariable)!, CultureInfo.InvariantCulture);
        await using var kit = new SmtpKit(SmtpKit.Plain(port) with { Connections = 4 }, directory: home);
        await Parallel.ForAsync(
            0, Addresses, new ParallelOptions { MaxDegreeOfParallelism = 16 },
            async (i, _) => await kit.SendAsync($"user{i}@example.com"));
    }

    [Fact]
    public async Task Killed_between_any_two_words_nobody_gets_more_than_two_mails_and_those_under_one_id()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        output.WriteLine($"seed {seed}");
        using var directory = new TempDirectory();
        await using var server = new FakeSmtpServer();
        for (var kill = 0; kill < Kills; kill++)
        {
            (await RunAsync(server, directory.Path, (Moments[random.Next(Moments.Length)], random.Next(1, 12), random.Next(0, 3_000))))
                .ShouldBeTrue("the child was over before it could be killed");
        }

        (await RunAsync(server, directory.Path, null)).ShouldBeFalse();

        await using var ledger = new NotificationLedger(Path.Combine(directory.Path, "notifications.db"), TimeProvider.System);
        var entries = (await ledger.ListAsync("run1", Addresses + 1, SmtpKit.Stop)).ToDictionary(entry => entry.Id + "@otpactors");
        entries.Count.ShouldBe(Addresses);
        var mails = server.Seen.GroupBy(seen => seen.Recipient).ToDictionary(
            seen => seen.Key,
            seen => seen.Select(mail => mail.Content.Split("\r\n").Single(l => l.StartsWith("Message-Id:", StringComparison.OrdinalIgnoreCase))).ToList());
        foreach (var (address, ids) in mails)
        {
            ids.Distinct().Count().ShouldBe(1, address);
            var entry = entries[ids[0].Split('<', '>')[1]];
            ids.Count.ShouldBeLessThanOrEqualTo(2, address);
            ids.Count.ShouldBeLessThanOrEqualTo(entry.MayHaveArrived, address);
        }

        foreach (var entry in entries.Values)
        {
            (entry.State == NotificationState.Accepted || entry is { State: NotificationState.Uncertain, MayHaveArrived: 2 })
                .ShouldBeTrue(entry.ToString());
        }

        entries.Values.Count(entry => entry.State == NotificationState.Accepted).ShouldBeLessThanOrEqualTo(mails.Count);
        var (twice, doubtful) = (mails.Count(mail => mail.Value.Count == 2), entries.Values.Count(entry => entry.MayHaveArrived == 2));
        output.WriteLine($"{twice} addresses have two mails, {doubtful} may have; {entries.Values.Count(e => e.State == NotificationState.Uncertain)} end as uncertain");
        doubtful.ShouldBeGreaterThan(0, "no kill fell between a send and its record");
    }

    /// <summary>When the server is asked, and once more right after it has acknowledged a mail.</summary>
    private static readonly SmtpMoment?[] Moments = [SmtpMoment.Mail, SmtpMoment.Rcpt, SmtpMoment.Data, SmtpMoment.Content, null, null];

    /// <param name="at">The moment, the how manyth of it, and microseconds after it; null to let the child end.</param>
    /// <returns>Whether it was killed.</returns>
    private static async Task<bool> RunAsync(FakeSmtpServer server, string directory, (SmtpMoment? Moment, int Count, int Micros)? at)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            ArgumentList =
            {
                typeof(KilledSender).Assembly.Location, "-explicit", "only", "-noColor",
                "-method", $"{typeof(KilledSender).FullName}.{nameof(Mails_until_it_is_killed)}",
            },
            Environment = { [DirectoryVariable] = directory, [PortVariable] = server.Port.ToString(CultureInfo.InvariantCulture) },
            RedirectStandardOutput = true,
        };
        using var child = Process.Start(start)!;
        var (left, killed) = (at?.Count ?? 0, false);
        server.Script = (moment, recipient) =>
        {
            if (at is { } when && moment == (when.Moment ?? SmtpMoment.Content) && Interlocked.Decrement(ref left) == 0)
            {
                killed = true;
                if (when.Moment is null)
                {
                    _ = Task.Run(() => KillAfter(child, when.Micros), CancellationToken.None); // the reply goes out meanwhile
                }
                else
                {
                    child.Kill();
                }
            }

            return null;
        };
        await child.StandardOutput.ReadToEndAsync(SmtpKit.Stop).Eventually();
        await child.WaitForExitAsync(SmtpKit.Stop).Eventually();
        (killed || child.ExitCode == 0).ShouldBeTrue("the child failed by itself");
        return killed;
    }

    private static void KillAfter(Process child, int micros)
    {
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began).TotalMicroseconds < micros)
        {
            // no timer is this fine
        }

        child.Kill();
    }
}
