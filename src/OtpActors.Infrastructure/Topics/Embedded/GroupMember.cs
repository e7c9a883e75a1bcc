using OtpActors.Infrastructure.Storage.Sqlite;

namespace OtpActors.Infrastructure.Topics.Embedded;

/// <summary>
/// One consumer's place in its group: where it reads next in each partition, and whether the group is still its own.
/// </summary>
internal sealed class GroupMember
{
    /// <summary>What a batch holds at most; a larger record comes alone.</summary>
    private const int MaxRecords = 2_000;
    private const int MaxBytes = 1 << 20;

    private readonly EmbeddedTopic _log;
    private readonly long[] _next;
    private readonly TaskCompletionSource<bool> _fenced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _turn;

    public GroupMember(EmbeddedTopic log, TopicEntry topic, string group, OffsetMap committed)
    {
        _log = log;
        Topic = topic;
        Group = group;
        _next = new long[topic.Partitions];
        foreach (var (partition, offset) in committed)
        {
            _next[partition] = offset;
        }

        Start = _next.Select((offset, partition) => KeyValuePair.Create(partition, offset)).ToOffsetMap();
    }

    public TopicEntry Topic { get; }

    public string Group { get; }

    /// <summary>The offset each partition starts from.</summary>
    public OffsetMap Start { get; }

    /// <summary>Completes once a newer member has the group.</summary>
    public Task<bool> WhenFenced => _fenced.Task;

    public void Fence() => _fenced.TrySetResult(true);

    public static TopicException Fenced(string topic, string group) =>
        new($"another consumer has taken over the group {group} of the topic {topic}");

    /// <summary>
    /// The next batch, as soon as there is one; null once <paramref name="stop"/> has completed. One call at a time.
    /// </summary>
    public async Task<PartitionBatch?> FetchAsync(Task stop)
    {
        while (!stop.IsCompleted)
        {
            var appended = _log.Signal(Topic).Next;
            if (await _log.ReadAsync(Fetch, CancellationToken.None).ConfigureAwait(false) is { } batch)
            {
                return batch;
            }

            await Task.WhenAny(appended, stop).ConfigureAwait(false);
        }

        return null;
    }

    /// <summary>Partitions take turns, so that a full one does not starve the others.</summary>
    private PartitionBatch? Fetch(SqliteSession session)
    {
        for (var looked = 0; looked < _next.Length; looked++)
        {
            var partition = _turn;
            _turn = (_turn + 1) % _next.Length;
            var records = TopicFile.Fetch(session, Topic, partition, _next[partition], MaxRecords, MaxBytes);
            if (records.Count == 0)
            {
                continue;
            }

            var next = _next[partition] = records[^1].Offset + 1;
            return new PartitionBatch(
                partition, records, cancellationToken => _log.CommitAsync(this, partition, next, cancellationToken));
        }

        return null;
    }
}
