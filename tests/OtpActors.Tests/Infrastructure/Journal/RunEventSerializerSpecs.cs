using System.Text;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Journal;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Journal;

public class RunEventSerializerSpecs
{
    private static readonly DateTimeOffset At = RunDriver.Start;

    /// <summary>The serializer asks nothing of its system.</summary>
    private static readonly RunEventSerializer Serializer = new(null!);

    internal static readonly Dictionary<string, IRunEvent> Version1 = new()
    {
        ["requested-sample"] = new RunEvents.Requested(RunDriver.Spec, At),
        ["requested-generated"] = new RunEvents.Requested(
            new RunSpec
            {
                Topic = "t",
                Records = new RecordSpec.Generated(1_000, new string('a', 64)),
                NotifyLimit = null,
                ReplicationFactor = 1,
                Window = TimeSpan.FromMilliseconds(1_500),
                Policies = new StepPolicies { Produce = new StepPolicy { Attempts = 7, Backoff = 1.5 } },
            }, At),
        ["requested-spooled"] = new RunEvents.Requested(
            new RunSpec { Topic = "t", Records = new RecordSpec.Spooled("run-1.jsonl", 12, 11), NotifyLimit = 0 }, At),
        ["started"] = new RunEvents.StepStarted(Say.CassandraSink, 2, At),
        ["attempt-failed"] = new RunEvents.AttemptFailed(Say.MongoSink, 1, "no partition", At.AddSeconds(10.5), At),
        ["failed"] = new RunEvents.StepFailed(StepId.Produce, 3, "the disk is full", At),
        ["skipped"] = new RunEvents.StepSkipped(StepId.Slack(StoreNames.Mongo), "notifications are off", At),
        ["requested-hold"] = new RunEvents.Requested(
            new RunSpec { Topic = "t", Records = new RecordSpec.Spooled("run-1.jsonl", 12, 11), HoldFor = TimeSpan.FromMinutes(20) }, At),
        ["held"] = new RunEvents.StepHeld(Say.CassandraSink, 2, StoreNames.Cassandra, "connection refused", At),
        ["released"] = new RunEvents.StepReleased(Say.CassandraSink, 2, StoreNames.Cassandra, At),
        ["topic"] = new RunEvents.TopicConfirmed(TopicOutcome.Exists, 3, At),
        ["sink-ready"] = new RunEvents.SinkReady(Say.CassandraSink, Say.Offsets((0, 5), (1, 0)), At),
        ["sink"] = new RunEvents.SinkProgressed(
            Say.CassandraSink, new SinkProgress(Say.Offsets((0, 5)), Say.Offsets((0, 9)), new SinkCounts(4, 2, 1, 1)), At),
        ["sink-ended"] = new RunEvents.SinkEnded(Say.CassandraSink, true, At),
        ["produced"] = new RunEvents.Produced(4_000, At),
        ["production"] = new RunEvents.ProductionCompleted(10, Say.Offsets((0, 6), (1, 4)), At),
        ["check"] = new RunEvents.CheckCompleted(Say.CassandraCheck, new CheckResult(10, 9, new List<string> { "j***@example.com" }), At),
        ["notified"] = new RunEvents.Notified(Say.CassandraMail, new NotifyProgress(4, 3, 1), At),
        ["notified-uncertain"] = new RunEvents.Notified(Say.CassandraMail, new NotifyProgress(4, 2, 2, 1), At),
        ["notifying"] = new RunEvents.NotifyingCompleted(Say.CassandraMail, new NotifyProgress(10, 9, 1), At),
        ["paused"] = new RunEvents.Paused(At),
        ["resumed"] = new RunEvents.Resumed(At),
        ["reopened"] = new RunEvents.Reopened(Say.CassandraSink, At),
        ["ended-completed"] = new RunEvents.Ended(RunOutcome.Completed, null, At),
        ["ended-incomplete"] = new RunEvents.Ended(RunOutcome.Incomplete, "cassandra lacks 3 of 10 addresses", At),
        ["ended-failed"] = new RunEvents.Ended(RunOutcome.Failed, "mongo-sink: broken", At),
    };

    public static TheoryData<string> Names => [.. Version1.Keys];

    [Fact]
    public void Every_event_has_a_journal_form_and_a_golden_file()
    {
        Version1.Values.Select(e => e.GetType()).Distinct().ShouldBe(typeof(RunEvents).GetNestedTypes(), ignoreOrder: true);
        Directory.GetFiles(Golden).Select(Path.GetFileNameWithoutExtension).ShouldBe(Version1.Keys, ignoreOrder: true);
    }

    [Theory, MemberData(nameof(Names))]
    public void An_event_is_written_as_version_1_was(string name) =>
        Encoding.UTF8.GetString(Serializer.ToBinary(Version1[name])).ShouldBe(Read(name));

    [Theory, MemberData(nameof(Names))]
    public void An_event_of_version_1_is_read(string name)
    {
        var manifest = (name.Split('-')[0] is "requested" or "ended" or "notified" ? name.Split('-')[0] : name) + ":1";
        Serializer.Manifest(Version1[name]).ShouldBe(manifest);
        Serializer.FromBinary(Encoding.UTF8.GetBytes(Read(name)), manifest).ShouldBeEquivalentTo(Version1[name]);
    }

    [Fact]
    public void An_event_of_a_newer_version_is_a_clear_error() =>
        Should.Throw<ArgumentException>(() => Serializer.FromBinary("{}"u8.ToArray(), "requested:2"))
            .Message.ShouldContain("'requested:2', which this version does not know: it was written by a newer one");

    [Fact]
    public void What_is_no_event_has_no_form() => Should.Throw<ArgumentException>(() => Serializer.Manifest("text"));

    [Fact]
    public void The_password_is_in_the_journal_and_never_in_text()
    {
        var requested = Version1["requested-sample"];
        Encoding.UTF8.GetString(Serializer.ToBinary(requested)).ShouldContain(RunDriver.Password);
        requested.ToString().ShouldNotBeNull().ShouldNotContain(RunDriver.Password);
        RunDriver.At(RunPhase.Producing).State.ToString().ShouldNotContain(RunDriver.Password);
        Version1["requested-generated"].ToString()!.ShouldNotContain("aaaa");
    }

    private static string Golden => Path.Combine(AppContext.BaseDirectory, "Infrastructure", "Journal", "Golden");

    private static string Read(string name) => File.ReadAllText(Path.Combine(Golden, name + ".json")).TrimEnd();
}
