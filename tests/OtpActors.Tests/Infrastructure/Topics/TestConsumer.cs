using Akka.Streams;
using Akka.Streams.Dsl;
using OtpActors.Infrastructure.Topics;
using OtpActors.Tests.Support;
using Shouldly;

namespace OtpActors.Tests.Infrastructure.Topics;

/// <summary>A consumer that a test pulls by hand, one batch at a time.</summary>
public sealed class TestConsumer
{
    private readonly ISinkQueue<PartitionBatch> _queue;

    public TestConsumer(IOtpTopic topic, string name, string group, IMaterializer materializer)
    {
        var sink = Sink.Queue<PartitionBatch>().WithAttributes(Attributes.CreateInputBuffer(1, 1));
        (Control, _queue) = topic.Consume(name, group).ToMaterialized(sink, Keep.Both).Run(materializer);
    }

    public IConsumerControl Control { get; }

    /// <summary>The next batch; null at the end of the source.</summary>
    public async Task<PartitionBatch?> NextAsync()
    {
        var next = await _queue.PullAsync().Eventually();
        return next.HasValue ? next.Value : null;
    }

    /// <summary>The batches that hold the next <paramref name="records"/> records.</summary>
    public async Task<List<PartitionBatch>> ReadAsync(int records)
    {
        var batches = new List<PartitionBatch>();
        while (batches.Sum(batch => batch.Records.Count) < records)
        {
            batches.Add((await NextAsync()).ShouldNotBeNull("the source ended early"));
        }

        batches.Sum(batch => batch.Records.Count).ShouldBe(records);
        return batches;
    }

    /// <summary>Drains, and gives what came before the end.</summary>
    public async Task<List<PartitionBatch>> DrainAsync()
    {
        Control.Drain();
        var batches = new List<PartitionBatch>();
        while (await NextAsync() is { } batch)
        {
            batches.Add(batch);
        }

        await Control.Stopped.Eventually();
        return batches;
    }
}
