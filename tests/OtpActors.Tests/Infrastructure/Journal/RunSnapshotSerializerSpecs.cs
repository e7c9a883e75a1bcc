using System.Text;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Journal;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Journal;

public class RunSnapshotSerializerSpecs
{
    /// <summary>The serializer asks nothing of its system.</summary>
    private static readonly RunSnapshotSerializer Serializer = new(null!);

    /// <summary>Between them they have a value in every field.</summary>
    private static readonly Dictionary<string, RunSnapshot> Version1 = new()
    {
        ["requested"] = RunDriver.At(RunPhase.Requested).State.ToSnapshot(),
        ["paused"] = Paused().ToSnapshot(),
        ["failed"] = Failed().ToSnapshot(),
        ["held"] = Held().ToSnapshot(),
        ["mending"] = Mending().ToSnapshot(),
        ["completed"] = RunDriver.At(RunPhase.Completed).State.ToSnapshot(),
    };

    public static TheoryData<string> Names => [.. Version1.Keys];

    [Fact]
    public void Every_field_is_in_a_golden_file()
    {
        foreach (var property in typeof(RunSnapshot).GetProperties())
        {
            Version1.Values.ShouldContain(snapshot => property.GetValue(snapshot) != null, property.Name);
        }

        // What a state has of its own, and not from its other parts.
        var kept = typeof(RunSnapshot).GetProperties().Select(p => p.Name).ToList();
        typeof(RunState).GetProperties().Where(p => p.SetMethod is not null).Select(p => p.Name).ShouldBeSubsetOf(kept);
        Directory.GetFiles(Golden).Select(Path.GetFileNameWithoutExtension).ShouldBe(Version1.Keys, ignoreOrder: true);
    }

    [Theory, MemberData(nameof(Names))]
    public void A_snapshot_is_written_as_version_1_was(string name) =>
        Encoding.UTF8.GetString(Serializer.ToBinary(Version1[name])).ShouldBe(Read(name));

    [Theory, MemberData(nameof(Names))]
    public void A_snapshot_of_version_1_is_read(string name)
    {
        Serializer.Manifest(Version1[name]).ShouldBe("run:1");
        var read = (RunSnapshot)Serializer.FromBinary(Encoding.UTF8.GetBytes(Read(name)), "run:1");
        Encoding.UTF8.GetString(Serializer.ToBinary(RunState.From(read).ToSnapshot())).ShouldBe(Read(name));
    }

    [Fact]
    public void A_snapshot_of_a_newer_version_is_a_clear_error() =>
        Should.Throw<ArgumentException>(() => Serializer.FromBinary("{}"u8.ToArray(), "run:2"))
            .Message.ShouldContain("'run:2', which this version does not know: it was written by a newer one");

    [Fact]
    public void What_is_no_snapshot_has_no_form() => Should.Throw<ArgumentException>(() => Serializer.Manifest("text"));

    [Fact]
    public void A_run_that_nobody_requested_has_none() =>
        Should.Throw<InvalidOperationException>(() => RunState.New("a").ToSnapshot());

    [Fact]
    public void The_password_is_in_the_journal_and_never_in_text()
    {
        Encoding.UTF8.GetString(Serializer.ToBinary(Version1["requested"])).ShouldContain(RunDriver.Password);
        Version1["requested"].ToString().ShouldNotContain(RunDriver.Password);
    }

    private static RunState Paused()
    {
        var run = RunDriver.At(RunPhase.Draining);
        run.Do(Say.Progress(Say.CassandraSink, 0, 4, counts: new SinkCounts(4, 2, 1, 1)), Say.Drained(Say.MongoSink), Say.Checked(StoreNames.Mongo, 9));
        run.Now += TimeSpan.FromSeconds(1.5);
        run.Do(Say.Notified(StepId.Mail(StoreNames.Mongo), 4, 3, 1), Say.Fail(Say.CassandraSink), Say.Pause);
        return run.State;
    }

    private static RunState Held()
    {
        var run = RunDriver.At(RunPhase.StartingSinks);
        run.Now += TimeSpan.FromSeconds(3);
        return run.Do(Say.Hold(Say.CassandraSink)).State;
    }

    private static RunState Mending()
    {
        var run = RunDriver.At(RunPhase.EnsuringTopic).Do(Say.Topic());
        run.Do(
            Say.Ready(Say.CassandraSink, start: Say.Offsets((0, 2), (1, 0))), Say.Ready(Say.MongoSink), Say.AllProduced(),
            Say.Progress(Say.CassandraSink, 2, 6), Say.Progress(Say.CassandraSink, 0, 4, partition: 1),
            Say.Drained(Say.CassandraSink), Say.Drained(Say.MongoSink), Say.Checked(StoreNames.Cassandra, 0), Say.Checked(StoreNames.Mongo, 0));
        run.Now += TimeSpan.FromMinutes(1);
        return run.Do(Say.RetryStep(Say.CassandraSink)).State;
    }

    private static RunState Failed()
    {
        var run = RunDriver.At(RunPhase.Failed);
        run.Now += TimeSpan.FromMinutes(1);
        run.Do(Say.RetryStep(StepId.EnsureTopic)).FailForGood(StepId.EnsureTopic);
        run.State.IsTerminal.ShouldBeTrue();
        return run.State;
    }

    private static string Golden => Path.Combine(AppContext.BaseDirectory, "Infrastructure", "Journal", "Golden", "Snapshots");

    private static string Read(string name) => File.ReadAllText(Path.Combine(Golden, name + ".json")).TrimEnd();
}
