using System.Globalization;
using Akka.Actor;
using Akka.Streams;
using Akka.Streams.Dsl;
using StreamSink = Akka.Streams.Dsl.Sink;

namespace OtpActors.Infrastructure.Topics;

/// <summary>Where in a topic a record lay.</summary>
public readonly record struct RecordPosition(int Partition, long Offset);

/// <summary>A dead letter as it lies in its topic.</summary>
/// <param name="Place">In the topic of dead letters.</param>
/// <param name="Origin">Where the record lay; null where the letter does not say so, and then it cannot be redriven.</param>
/// <param name="Sink">Who could not store it.</param>
/// <param name="Redriven">Whether the record was sent again; null where the topic cannot tell.</param>
public sealed record DeadLetter(RecordPosition Place, TopicRecord Record, RecordPosition? Origin, string? Sink, string? Reason, bool? Redriven);

/// <param name="Redriven">Records sent to their topic again.</param>
/// <param name="Already">Letters whose record was sent again before, by itself or as the letter of another sink.</param>
/// <param name="Unknown">Places without a letter, or with one that does not say where its record came from.</param>
/// <param name="Next">Where to go on, where not all were looked at.</param>
public sealed record Redrive(int Redriven, int Already, IReadOnlyList<RecordPosition> Unknown, RecordPosition? Next);

/// <summary>
/// A topic's dead letters, to be looked at and to be sent to the topic again. A record is sent again once, though every
/// sink may have written a letter of it: where the topic keeps producers' positions, for ever and whatever happens in
/// between; elsewhere once in a request, and every further request sends it once more.
/// </summary>
/// <remarks>Can be called from any thread. A failure of the log is a <see cref="TopicException"/>.</remarks>
public sealed class DeadLetterBox(IOtpTopic topic, ActorSystem system) : IDisposable
{
    /// <summary>Records that one call sends again; each is a write of its own.</summary>
    public const int MaxRedriven = 1_000;

    /// <summary>Letters that one call looks at.</summary>
    private const int MaxSeen = 50_000;

    private const int Page = 500;

    /// <summary>One redrive at a time: whether a letter is new is looked up before it is sent.</summary>
    private readonly SemaphoreSlim _turn = new(1, 1);

    private readonly ActorMaterializer _materializer = system.Materializer();

    /// <summary>What the topic's dead letters occupy; null where it has none.</summary>
    public Task<IReadOnlyList<PartitionWatermarks>?> DescribeAsync(string origin, CancellationToken cancellationToken) =>
        topic.DescribeAsync(DeadLetters.TopicOf(origin), cancellationToken);

    public async Task<IReadOnlyList<DeadLetter>> ReadAsync(
        string origin, RecordPosition from, int limit, CancellationToken cancellationToken)
    {
        var records = await topic.ReadAsync(DeadLetters.TopicOf(origin), from.Partition, from.Offset, limit, cancellationToken).ConfigureAwait(false);
        var letters = new List<DeadLetter>(records.Count);
        foreach (var record in records)
        {
            var place = OriginOf(record, origin);
            letters.Add(new DeadLetter(
                new RecordPosition(from.Partition, record.Offset), record, place,
                Header(record, DeadLetters.SinkHeader), Header(record, DeadLetters.ReasonHeader),
                place is null || !topic.SupportsIdempotentProducer ? null : await IsRedrivenAsync(origin, place.Value, cancellationToken).ConfigureAwait(false)));
        }

        return letters;
    }

    /// <summary>Sends these letters' records again.</summary>
    public async Task<Redrive> RedriveAsync(string origin, IReadOnlyList<RecordPosition> letters, CancellationToken cancellationToken)
    {
        var partitions = (await DescribeAsync(origin, cancellationToken).ConfigureAwait(false))?.Count ?? 0;
        return await InTurnAsync(async work =>
        {
            foreach (var place in letters.Distinct())
            {
                var found = place.Partition < partitions
                    ? await topic.ReadAsync(DeadLetters.TopicOf(origin), place.Partition, place.Offset, 1, cancellationToken).ConfigureAwait(false)
                    : [];
                await SendAsync(work, origin, place, found is [var letter] && letter.Offset == place.Offset ? letter : null, cancellationToken)
                    .ConfigureAwait(false);
            }

            return null;
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sends the records of all letters again that were not yet, as far as one call goes.</summary>
    /// <param name="from">Where to begin; what a call before gave as the next.</param>
    public async Task<Redrive> RedriveAllAsync(string origin, RecordPosition from, CancellationToken cancellationToken)
    {
        // As far as the letters go now: a record that still cannot be stored makes new ones.
        var extents = await DescribeAsync(origin, cancellationToken).ConfigureAwait(false) ?? [];
        return await InTurnAsync(async work =>
        {
            var seen = 0;
            foreach (var extent in extents.Where(extent => extent.Partition >= from.Partition))
            {
                var next = extent.Partition == from.Partition ? Math.Max(from.Offset, extent.Low) : extent.Low;
                while (next < extent.High)
                {
                    var page = await topic
                        .ReadAsync(DeadLetters.TopicOf(origin), extent.Partition, next, Page, cancellationToken)
                        .ConfigureAwait(false);
                    if (page.Count == 0)
                    {
                        break;
                    }

                    foreach (var letter in page.TakeWhile(letter => letter.Offset < extent.High))
                    {
                        var place = new RecordPosition(extent.Partition, letter.Offset);
                        if (work.Redriven == MaxRedriven || seen++ == MaxSeen)
                        {
                            return place;
                        }

                        await SendAsync(work, origin, place, letter, cancellationToken).ConfigureAwait(false);
                    }

                    next = page[^1].Offset + 1;
                }
            }

            return null;
        }, cancellationToken).ConfigureAwait(false);
    }

    public void Dispose() => _turn.Dispose();

    private async Task<Redrive> InTurnAsync(Func<Work, Task<RecordPosition?>> redrive, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var work = new Work();
            var next = await redrive(work).ConfigureAwait(false);
            return new Redrive(work.Redriven, work.Already, work.Unknown, next);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task SendAsync(Work work, string origin, RecordPosition place, TopicRecord? letter, CancellationToken cancellationToken)
    {
        if (letter is not { } record || OriginOf(record, origin) is not { } from)
        {
            work.Unknown.Add(place);
            return;
        }

        if (!work.Sent.Add(from) || await IsRedrivenAsync(origin, from, cancellationToken).ConfigureAwait(false))
        {
            work.Already++;
            return;
        }

        cancellationToken.ThrowIfCancellationRequested();

        // With the record's time; one that is no date would make a letter again.
        var time = DeadLetters.TimeOf(record) is { Date: not null } own ? own
            : record.Timestamp.Date is not null ? record.Timestamp
            : DateTimeOffset.UnixEpoch;
        var again = new ProducerRecord(0, record.Key, record.Value, time);
        await Source.Single<IReadOnlyList<ProducerRecord>>([again]).Via(topic.ProducerFlow(origin, ProducerOf(origin, from)))
            .RunWith(StreamSink.Ignore<ProducerAck>(), _materializer).ConfigureAwait(false);
        work.Redriven++;
    }

    private async Task<bool> IsRedrivenAsync(string origin, RecordPosition from, CancellationToken cancellationToken) =>
        await topic.ResumeSequenceAsync(origin, ProducerOf(origin, from), cancellationToken).ConfigureAwait(false) > 0;

    /// <summary>Each record has a producer of its own, which has sent it or has not.</summary>
    private static string ProducerOf(string origin, RecordPosition from) =>
        string.Create(CultureInfo.InvariantCulture, $"redrive:{origin}:{from.Partition}:{from.Offset}");

    /// <summary>Null where the letter is not this topic's, or does not say.</summary>
    private static RecordPosition? OriginOf(TopicRecord letter, string origin) =>
        Header(letter, DeadLetters.TopicHeader) == origin
        && int.TryParse(Header(letter, DeadLetters.PartitionHeader), NumberStyles.None, CultureInfo.InvariantCulture, out var partition)
        && long.TryParse(Header(letter, DeadLetters.OffsetHeader), NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
            ? new RecordPosition(partition, offset)
            : null;

    private static string? Header(TopicRecord record, string name) => record.Headers?.GetValueOrDefault(name);

    private sealed class Work
    {
        public int Redriven { get; set; }

        public int Already { get; set; }

        public List<RecordPosition> Unknown { get; } = [];

        public HashSet<RecordPosition> Sent { get; } = [];
    }
}
