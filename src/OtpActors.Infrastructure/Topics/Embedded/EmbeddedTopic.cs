using System.Collections.Concurrent;
using Akka;
using Akka.Streams.Dsl;
using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Storage.Sqlite;

namespace OtpActors.Infrastructure.Topics.Embedded;

/// <summary>
/// The log in one SQLite file, with Kafka's meaning: partitions by key, offsets, groups and their commits. An
/// acknowledged batch is on the disk. One process at a time may have the file; it can hold many topics.
/// </summary>
/// <remarks>
/// Two threads: one appends and commits, one reads, so that fetching does not queue behind writing. The log tells every
/// producer's position; times are kept to the millisecond, as in Kafka. Close it after the streams that run on it.
/// </remarks>
public sealed class EmbeddedTopic : IOtpTopic, IAsyncDisposable
{
    /// <summary>What a look at a partition takes into memory at most; a larger record comes alone.</summary>
    private const int ReadBytes = 1 << 20;

    private readonly SqliteDatabase _writer;
    private readonly SqliteDatabase _reader;
    private readonly ConcurrentDictionary<string, TopicEntry> _topics = new();
    private readonly ConcurrentDictionary<long, AppendSignal> _signals = new();

    /// <summary>The owner of each group. On the writer's thread alone, which orders it with commits.</summary>
    private readonly Dictionary<(long Topic, string Group), GroupMember> _owners = [];

    /// <param name="file">Made at the first use; its directory must be there.</param>
    /// <param name="maxBytes">The most that the file may take; beyond it appending fails as on a full disk.</param>
    public EmbeddedTopic(string file, long? maxBytes = null)
    {
        _writer = new SqliteDatabase(new SqliteSettings(file) { MaxBytes = maxBytes, OnOpen = TopicFile.CreateTables });
        _reader = new SqliteDatabase(new SqliteSettings(file) { ReadOnly = true, CacheKiB = 4 * 1024 });
    }

    public bool SupportsHeaders => true;

    public async Task<TopicEnsured> EnsureAsync(TopicSpec spec, CancellationToken cancellationToken)
    {
        TopicRules.Check(spec);
        var (topic, created) = await RunAsync(
            _writer,
            session => session.Write(s => TopicFile.Ensure(s, spec.Name, spec.Partitions)),
            cancellationToken).ConfigureAwait(false);
        return new TopicEnsured(created ? TopicOutcome.Created : TopicOutcome.Exists, topic.Partitions);
    }

    /// <inheritdoc/>
    /// <remarks>A batch is one transaction; the next is taken up when it is on the disk.</remarks>
    public Flow<IReadOnlyList<ProducerRecord>, ProducerAck, NotUsed> ProducerFlow(string topic, string producerId) =>
        Flow.Create<IReadOnlyList<ProducerRecord>>().SelectAsync(1, batch => AppendAsync(topic, producerId, batch));

    public async Task<long> ResumeSequenceAsync(string topic, string producerId, CancellationToken cancellationToken)
    {
        var entry = await FindAsync(topic, cancellationToken).ConfigureAwait(false);
        return await RunAsync(
            _reader, s => TopicFile.NextSequence(s, entry, producerId), cancellationToken).ConfigureAwait(false);
    }

    public Source<PartitionBatch, IConsumerControl> Consume(string topic, string group) =>
        Source.FromGraph(new ConsumerStage(this, topic, group));

    public async Task<OffsetMap> HighWatermarksAsync(string topic, CancellationToken cancellationToken)
    {
        var entry = await FindAsync(topic, cancellationToken).ConfigureAwait(false);
        return await RunAsync(
            _reader,
            session => session.Read(s => Enumerable.Range(0, entry.Partitions)
                .Select(partition => KeyValuePair.Create(partition, TopicFile.HighWatermark(s, entry, partition)))
                .ToOffsetMap()),
            cancellationToken).ConfigureAwait(false);
    }

    public async Task<OffsetMap> CommittedAsync(string topic, string group, CancellationToken cancellationToken)
    {
        var entry = await FindAsync(topic, cancellationToken).ConfigureAwait(false);
        return await RunAsync(
            _reader, s => TopicFile.Committed(s, entry, group), cancellationToken).ConfigureAwait(false);
    }

    public bool SupportsIdempotentProducer => true;

    public async Task<IReadOnlyList<TopicSummary>> ListAsync(CancellationToken cancellationToken) =>
        await RunAsync(_writer, TopicFile.List, cancellationToken).ConfigureAwait(false);

    public async Task<IReadOnlyList<PartitionWatermarks>?> DescribeAsync(string topic, CancellationToken cancellationToken)
    {
        if (await TryFindAsync(topic, cancellationToken).ConfigureAwait(false) is not { } entry)
        {
            return null;
        }

        return await RunAsync(
            _reader,
            session => session.Read(s => Enumerable.Range(0, entry.Partitions)
                .Select(partition =>
                {
                    var high = TopicFile.HighWatermark(s, entry, partition);
                    return new PartitionWatermarks(partition, TopicFile.LowWatermark(s, entry, partition) ?? high, high);
                })
                .ToList()),
            cancellationToken).ConfigureAwait(false);
    }

    public async Task<IReadOnlyList<TopicRecord>> ReadAsync(
        string topic, int partition, long offset, int maxRecords, CancellationToken cancellationToken)
    {
        var entry = await FindAsync(topic, cancellationToken).ConfigureAwait(false);
        if (partition < 0 || partition >= entry.Partitions)
        {
            throw new TopicException($"the topic {topic} has no partition {partition}: it has {entry.Partitions}");
        }

        return await RunAsync(
            _reader, s => TopicFile.Fetch(s, entry, partition, offset, maxRecords, ReadBytes), cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        // The writer last: the last to close a file folds its write-ahead log, which a reader cannot.
        await _reader.DisposeAsync().ConfigureAwait(false);
        await _writer.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Makes a new member the group's owner; the one before is fenced.</summary>
    internal async Task<GroupMember> JoinAsync(string topic, string group)
    {
        var entry = await FindAsync(topic, CancellationToken.None).ConfigureAwait(false);
        return await RunAsync(
            _writer,
            session =>
            {
                var committed = TopicFile.Committed(session, entry, group);
                var member = new GroupMember(this, entry, group, committed);
                if (_owners.TryGetValue((entry.Id, group), out var former))
                {
                    former.Fence();
                }

                _owners[(entry.Id, group)] = member;
                return member;
            },
            CancellationToken.None).ConfigureAwait(false);
    }

    internal Task CommitAsync(GroupMember member, int partition, long offset, CancellationToken cancellationToken) =>
        RunAsync(
            _writer,
            session =>
            {
                if (_owners[(member.Topic.Id, member.Group)] != member)
                {
                    throw GroupMember.Fenced(member.Topic.Name, member.Group);
                }

                session.Write(s => TopicFile.Commit(s, member.Topic, member.Group, partition, offset));
                return NotUsed.Instance;
            },
            cancellationToken);

    internal Task<T> ReadAsync<T>(Func<SqliteSession, T> read, CancellationToken cancellationToken) =>
        RunAsync(_reader, read, cancellationToken);

    internal AppendSignal Signal(TopicEntry topic) => _signals.GetOrAdd(topic.Id, _ => new AppendSignal());

    private async Task<ProducerAck> AppendAsync(string topic, string producerId, IReadOnlyList<ProducerRecord> batch)
    {
        var entry = await FindAsync(topic, CancellationToken.None).ConfigureAwait(false);
        var ack = await RunAsync(
            _writer,
            session => session.Write(s => TopicFile.Append(s, entry, producerId, batch)),
            CancellationToken.None).ConfigureAwait(false);
        Signal(entry).Raise();
        return ack;
    }

    private async Task<TopicEntry> FindAsync(string topic, CancellationToken cancellationToken) =>
        await TryFindAsync(topic, cancellationToken).ConfigureAwait(false)
        ?? throw TopicException.NoTopic(topic);

    private async Task<TopicEntry?> TryFindAsync(string topic, CancellationToken cancellationToken)
    {
        if (_topics.TryGetValue(topic, out var known))
        {
            return known;
        }

        // By the writer, since a reader cannot open a file that is not there yet.
        TopicRules.CheckName(topic);
        var entry = await RunAsync(_writer, s => TopicFile.Find(s, topic), cancellationToken).ConfigureAwait(false);
        return entry is null ? null : _topics.GetOrAdd(topic, entry);
    }

    private static async Task<T> RunAsync<T>(
        SqliteDatabase database, Func<SqliteSession, T> work, CancellationToken cancellationToken)
    {
        try
        {
            return await database.RunAsync(work, cancellationToken).ConfigureAwait(false);
        }
        catch (SqliteFailureException failure)
        {
            throw new TopicException(failure.Message, failure) { CanPass = failure.CanPass };
        }
        catch (ObjectDisposedException closed)
        {
            throw new TopicException("the topic is closed", closed);
        }
    }
}
