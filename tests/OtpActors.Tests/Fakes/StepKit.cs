using Akka.Actor;
using Akka.Configuration;
using Akka.Streams;
using Akka.Streams.Dsl;
using Akka.TestKit;
using Akka.TestKit.Xunit;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Inputs;
using OtpActors.Infrastructure.Storage;
using OtpActors.Infrastructure.Topics;
using OtpActors.Infrastructure.Topics.Embedded;
using Xunit;
using StreamSink = Akka.Streams.Dsl.Sink;

namespace OtpActors.Tests.Fakes;

/// <summary>Step actors for real, over the embedded topic in a directory of the test's own; the run is a probe.</summary>
public abstract class StepKit : TestKit
{
    protected const string RunId = RunDriver.RunId;
    protected const string Group = "group";

    private readonly TempDirectory _directory = new();
    private readonly EmbeddedTopic _topic;

    protected StepKit() : base(ConfigurationFactory.ParseString("""
        akka.loglevel = OFF
        akka.stdout-loglevel = OFF
        akka.loggers = []
        akka.test.single-expect-default = 15s
        """))
    {
        Data = DataDirectory.Open(_directory.File("data"));
        _topic = new EmbeddedTopic(Data.TopicFile);
        Topic = new ScriptedTopic(_topic);
        Materializer = Sys.Materializer();
        Run = CreateTestProbe();
        Run.IgnoreMessages(message => message is RunCommands.Heartbeat);
    }

    protected DataDirectory Data { get; }

    internal ScriptedTopic Topic { get; }

    protected ActorMaterializer Materializer { get; }

    /// <summary>The run that the steps answer; heartbeats are not shown.</summary>
    protected TestProbe Run { get; }

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _topic.DisposeAsync();
        Data.Dispose();
        _directory.Dispose();
        GC.SuppressFinalize(this);
    }

    protected static RunSpec SpecOf(RecordSpec records) => new() { Topic = "otps", Records = records, ReplicationFactor = 1 };

    protected static RecordSpec.Generated Generated(long count) => new(count, new string('7', 64));

    /// <summary>The addresses of <see cref="Generated"/>.</summary>
    protected static List<OtpRecord> Records(RecordSpec records) =>
        [.. RecordSources.Open(records, "").Read().Select(record => record.Record)];

    protected static Task<StepStopped> StopAsync(IActorRef step, StepId id) =>
        step.Ask<StepStopped>(new StopStep(RunId, id), TimeSpan.FromSeconds(15), Cancel);

    protected Task EnsureTopicAsync() => Topic.EnsureAsync(new TopicSpec("otps", 1, 1), Cancel);

    /// <summary>Appends to partition 0 of the topic, as any producer could.</summary>
    protected async Task AppendAsync(string producer, params (byte[]? Key, byte[]? Value)[] records)
    {
        var from = await Topic.ResumeSequenceAsync("otps", producer, Cancel);
        var batch = records.Select((r, i) => new ProducerRecord(from + i, r.Key, r.Value, RunDriver.Start)).ToList();
        await Source.Single<IReadOnlyList<ProducerRecord>>(batch).Via(Topic.ProducerFlow("otps", producer))
            .RunWith(StreamSink.Ignore<ProducerAck>(), Materializer);
    }

    protected Task AppendAsync(IEnumerable<OtpRecord> records, string producer = "p") =>
        AppendAsync(producer, [.. records.Select(r => ((byte[]?)OtpRecordCodec.EncodeKey(r.Email), (byte[]?)OtpRecordCodec.EncodeValue(r.Otp)))]);

    /// <summary>All that a topic holds now.</summary>
    protected async Task<List<TopicRecord>> ReadAsync(string topic)
    {
        var end = (await Topic.HighWatermarksAsync(topic, Cancel)).Values.Sum();
        var batches = await Topic.Consume(topic, "reader")
            .SelectMany(batch => batch.Records).Take(end).RunWith(StreamSink.Seq<TopicRecord>(), Materializer);
        return [.. batches];
    }
}
