using System.Text;
using Akka.Streams;
using Akka.Streams.Dsl;
using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Topics;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Topics;

/// <summary>What every <see cref="IOtpTopic"/> promises. A log inherits this and says how it is opened.</summary>
public abstract partial class OtpTopicContract : Akka.TestKit.Xunit.TestKit
{
    protected OtpTopicContract() : base("akka.loglevel = OFF") => Materializer = Sys.Materializer();

    protected ActorMaterializer Materializer { get; }

    /// <summary>Whether the log knows what a producer has appended.</summary>
    protected virtual bool SupportsIdempotentProducer => true;

    /// <summary>Whether headers survive.</summary>
    protected virtual bool SupportsHeaders => true;

    /// <summary>Whether records come back with the time they went with.</summary>
    protected virtual bool KeepsTimes => true;

    /// <summary>Whether a group without members takes commits.</summary>
    protected virtual bool CommitsAfterwards => true;

    protected IOtpTopic Topics { get; private set; } = null!;

    /// <summary>The test's topic; not yet created.</summary>
    protected string Name { get; } = $"otp-{Guid.NewGuid():N}";

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Topics = await OpenAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        // The streams first: a log is closed after what runs on it.
        await Sys.Terminate();
        if (Topics is not null) // a test that is skipped has none
        {
            await CloseAsync(Topics);
        }

        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected abstract Task<IOtpTopic> OpenAsync();

    protected abstract Task CloseAsync(IOtpTopic log);

    protected Task<TopicEnsured> EnsureAsync(int partitions = 1) =>
        Topics.EnsureAsync(new TopicSpec(Name, partitions, ReplicationFactor: 1), Cancellation).Eventually();

    protected TestConsumer Consume(string group = "group") => new(Topics, Name, group, Materializer);

    protected Task<ProducerAck> AppendAsync(IReadOnlyList<ProducerRecord> batch, string producer = "producer") =>
        AppendAsync(Topics, batch, producer);

    protected Task<ProducerAck> AppendAsync(
        IOtpTopic log, IReadOnlyList<ProducerRecord> batch, string producer = "producer") => Source
        .Single(batch).Via(log.ProducerFlow(Name, producer)).RunWith(Sink.First<ProducerAck>(), Materializer).Eventually();

    /// <summary>Records with the keys <c>key-0</c> to <c>key-9</c> in turn and their sequence as value.</summary>
    protected static ProducerRecord[] Records(long from, int count) =>
        [.. Enumerable.Range(0, count).Select(i => Record(from + i, $"key-{(from + i) % 10}", $"{from + i}"))];

    protected static ProducerRecord Record(long sequence, string? key, string value) =>
        new(sequence, key is null ? null : Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value), At(sequence));

    protected static DateTimeOffset At(long milliseconds) =>
        new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero).AddMilliseconds(milliseconds);

    protected static string Text(byte[]? bytes) => Encoding.UTF8.GetString(bytes.ShouldNotBeNull());

    protected static IEnumerable<string> Values(IEnumerable<PartitionBatch> batches) =>
        batches.SelectMany(batch => batch.Records).Select(record => Text(record.Value));

    protected static IEnumerable<string> Numbers(int from, int count) =>
        Enumerable.Range(from, count).Select(number => $"{number}");

    protected static async Task CommitAsync(IEnumerable<PartitionBatch> batches)
    {
        foreach (var batch in batches)
        {
            await batch.CommitAsync(Cancellation).Eventually();
        }
    }
}
