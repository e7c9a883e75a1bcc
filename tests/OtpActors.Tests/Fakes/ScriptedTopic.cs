using Akka;
using Akka.Streams.Dsl;
using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Topics;
using OffsetMap = System.Collections.Immutable.ImmutableSortedDictionary<int, long>;

namespace OtpActors.Tests.Fakes;

/// <summary>The embedded topic with a hand on its appends.</summary>
internal sealed class ScriptedTopic(IOtpTopic inner) : IOtpTopic
{
    /// <summary>Comes before each append, with the topic's name: waits, or throws.</summary>
    public Func<string, Task> BeforeAppend { get; set; } = _ => Task.CompletedTask;

    /// <summary>Why an append is refused, by the topic's name and the record; null where it is taken.</summary>
    public Func<string, ProducerRecord, string?> Refuse { get; set; } = (_, _) => null;

    /// <summary>How many producer flows were asked for.</summary>
    public int Flows { get; private set; }

    public bool SupportsHeaders => inner.SupportsHeaders;

    /// <summary>Comes before a topic is ensured: waits, or throws.</summary>
    public Func<Task> BeforeEnsure { get; set; } = () => Task.CompletedTask;

    public async Task<TopicEnsured> EnsureAsync(TopicSpec spec, CancellationToken cancellationToken)
    {
        await BeforeEnsure();
        return await inner.EnsureAsync(spec, cancellationToken);
    }

    public Flow<IReadOnlyList<ProducerRecord>, ProducerAck, NotUsed> ProducerFlow(string topic, string producerId)
    {
        Flows++;
        return Flow.Create<IReadOnlyList<ProducerRecord>>()
            .SelectAsync(1, async batch =>
            {
                await BeforeAppend(topic);
                return batch.Select(record => Refuse(topic, record)).FirstOrDefault(reason => reason is not null) is { } reason
                    ? throw new TopicException(reason)
                    : batch;
            })
            .Via(inner.ProducerFlow(topic, producerId));
    }

    public Task<long> ResumeSequenceAsync(string topic, string producerId, CancellationToken cancellationToken) =>
        inner.ResumeSequenceAsync(topic, producerId, cancellationToken);

    /// <summary>Comes before a batch is handed on, with the topic's name: throws, and ends the consumer.</summary>
    public Action<string> BeforeBatch { get; set; } = _ => { };

    /// <summary>Comes before each commit: waits, or throws.</summary>
    public Func<Task> BeforeCommit { get; set; } = () => Task.CompletedTask;

    /// <summary>Comes before the group's offsets are told: waits, or throws.</summary>
    public Func<Task> BeforeCommitted { get; set; } = () => Task.CompletedTask;

    public Source<PartitionBatch, IConsumerControl> Consume(string topic, string group) => inner.Consume(topic, group)
        .Select(batch =>
        {
            BeforeBatch(topic);
            return batch with
            {
                CommitAsync = async cancel =>
                {
                    await BeforeCommit();
                    await batch.CommitAsync(cancel);
                },
            };
        });

    public Task<OffsetMap> HighWatermarksAsync(string topic, CancellationToken cancellationToken) => inner.HighWatermarksAsync(topic, cancellationToken);

    public async Task<OffsetMap> CommittedAsync(string topic, string group, CancellationToken cancellationToken)
    {
        await BeforeCommitted();
        return await inner.CommittedAsync(topic, group, cancellationToken);
    }

    public bool SupportsIdempotentProducer => inner.SupportsIdempotentProducer;

    public Task<IReadOnlyList<TopicSummary>> ListAsync(CancellationToken cancellationToken) => inner.ListAsync(cancellationToken);

    public Task<IReadOnlyList<PartitionWatermarks>?> DescribeAsync(string topic, CancellationToken cancellationToken) =>
        inner.DescribeAsync(topic, cancellationToken);

    public Task<IReadOnlyList<TopicRecord>> ReadAsync(
        string topic, int partition, long offset, int maxRecords, CancellationToken cancellationToken) =>
        inner.ReadAsync(topic, partition, offset, maxRecords, cancellationToken);
}
