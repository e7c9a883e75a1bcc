using System.Collections.Concurrent;
using Confluent.Kafka;
using OtpActors.Streams.Kafka;
using Shouldly;

namespace OtpActors.Tests.Streams.Kafka;

/// <summary>
/// What members of a group have written, and the rules that hold whatever happens: within one ownership of a partition
/// batches follow each other without a hole, nothing is committed that is not written, and in the end nothing is missing.
/// </summary>
internal sealed class Ledger
{
    private readonly ConcurrentDictionary<(string Member, TopicPartition Partition, int Epoch), long> _next = new();
    private readonly ConcurrentDictionary<(int Partition, long Offset), int> _written = new();
    private readonly ConcurrentQueue<string> _broken = new();

    public int Written => _written.Count;

    /// <summary>Records written more than once.</summary>
    public int Repeated => _written.Values.Count(times => times > 1);

    public void Write<TKey, TValue>(string member, KafkaBatch<TKey, TValue> batch)
    {
        var owner = (member, batch.TopicPartition, batch.Epoch);
        if (_next.TryGetValue(owner, out var expected) && expected != batch.FirstOffset)
        {
            _broken.Enqueue($"{owner}: {batch.FirstOffset} after {expected}");
        }

        _next[owner] = batch.NextOffset;
        foreach (var record in batch.Records)
        {
            _written.AddOrUpdate((batch.TopicPartition.Partition.Value, record.Offset), 1, (_, times) => times + 1);
        }
    }

    /// <summary>Looked at while things go on: no commit may be ahead.</summary>
    public void ShouldCover(IReadOnlyDictionary<int, long> committed)
    {
        _broken.ShouldBeEmpty();
        foreach (var (partition, next) in committed)
        {
            for (var offset = next - 1; offset >= 0 && offset > next - 2_000; offset--)
            {
                _written.ContainsKey((partition, offset)).ShouldBeTrue($"{partition} is committed up to {next}, {offset} is not written");
            }
        }
    }

    public void ShouldHold(IReadOnlyDictionary<int, long> ends)
    {
        _broken.ShouldBeEmpty();
        foreach (var (partition, end) in ends)
        {
            for (var offset = 0L; offset < end; offset++)
            {
                _written.ContainsKey((partition, offset)).ShouldBeTrue($"{partition}: {offset} of {end} was never written");
            }
        }
    }
}
