using System.Diagnostics;
using System.Globalization;
using System.Text;
using Akka.Actor;
using Akka.Streams;
using Akka.Streams.Dsl;
using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Stores.Embedded;
using OtpActors.Infrastructure.Topics;
using OtpActors.Infrastructure.Topics.Embedded;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Support;

/// <summary>
/// A process that writes without end, printing what was acknowledged, until it is killed in the middle of it.
/// It is this test executable, running one of the explicit tests below.
/// </summary>
public sealed class KilledChild
{
    public const string TopicFile = "killed-topic.db";
    public const string StoreFile = "killed-store.db";
    public const string Topic = "topic";
    public const int Batch = 100;

    private const string DirectoryVariable = "OTPACTORS_TEST_CHILD_DIRECTORY";
    private const string Prefix = "acknowledged ";

    [Fact(Explicit = true)]
    public async Task Appends_until_it_is_killed()
    {
        using var system = ActorSystem.Create("child");
        await using var log = new EmbeddedTopic(Path.Combine(Home, TopicFile));
        await log.EnsureAsync(new TopicSpec(Topic), CancellationToken.None);
        await Source.UnfoldInfinite(0L, from => (from + Batch, (IReadOnlyList<ProducerRecord>)
                [.. Enumerable.Range((int)from, Batch).Select(i => new ProducerRecord(
                    i, null, Encoding.UTF8.GetBytes($"{i}"), DateTimeOffset.UnixEpoch))]))
            .Via(log.ProducerFlow(Topic, "producer"))
            .RunForeach(ack => Acknowledge(ack.NextSequence), system.Materializer());
    }

    [Fact(Explicit = true)]
    public async Task Writes_until_it_is_killed()
    {
        await using var store = new EmbeddedStore(
            new EmbeddedStoreSettings("store", Path.Combine(Home, StoreFile), StoreIdentity.Email),
            TimeProvider.System);
        for (var from = 0L; ; from += Batch)
        {
            await store.WriteAsync([.. Enumerable.Range((int)from, Batch).Select(Record)], CancellationToken.None);
            Acknowledge(from + Batch);
        }
    }

    public static StoreRecord Record(int number) => new(
        EmailAddress.Parse($"user{number}@example.com"), OneTimePassword.Parse($"{number:D6}"),
        new RecordOrigin(Topic, 0, number), DateTimeOffset.UnixEpoch);

    /// <summary>Runs and kills the child; the answer is the last number it acknowledged.</summary>
    public static async Task<long> RunAsync(string test, string directory, int acknowledgements)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            ArgumentList =
            {
                typeof(KilledChild).Assembly.Location, "-explicit", "only", "-noColor",
                "-method", $"{typeof(KilledChild).FullName}.{test}",
            },
            Environment = { [DirectoryVariable] = directory },
            RedirectStandardOutput = true,
        };
        using var child = Process.Start(start)!;
        var (last, count) = (0L, 0);
        while (await child.StandardOutput.ReadLineAsync().Eventually() is { } line)
        {
            if (!line.StartsWith(Prefix, StringComparison.Ordinal))
            {
                continue;
            }

            last = long.Parse(line.AsSpan(Prefix.Length), provider: CultureInfo.InvariantCulture);
            if (++count == acknowledgements)
            {
                child.Kill();
            }
        }

        await child.WaitForExitAsync().Eventually();
        count.ShouldBeGreaterThanOrEqualTo(acknowledgements, "the child ended by itself");
        return last;
    }

    private static string Home => Environment.GetEnvironmentVariable(DirectoryVariable)
        ?? throw new InvalidOperationException("This runs in a child process that another test starts.");

    private static void Acknowledge(long next) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Prefix}{next}"));
}
