using System.Collections.Concurrent;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace OtpActors.Streams.Kafka;

/// <summary>Questions about topics and groups, and their making. Any thread; fails with <see cref="KafkaStreamException"/>.</summary>
/// <remarks>Keeps one client, and one more for each group whose offsets are asked for.</remarks>
public sealed partial class KafkaAdmin : IDisposable
{
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(100);

    /// <summary>How long a topic's partitions are taken to be those that were seen: they grow, and seldom.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(10);

    private readonly IReadOnlyDictionary<string, string> _properties;
    private readonly TimeSpan _timeout;
    private readonly Action<LogMessage> _log;
    private readonly TimeProvider _time;
    private readonly TopicCreation? _create;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, IConsumer<Ignore, Ignore>> _groups = [];
    private readonly ConcurrentDictionary<string, (List<TopicPartition> Partitions, long SeenAt)> _seen = new();

    /// <summary>Questions read, the end writes: a client that is closed under a question takes the process with it.</summary>
    private readonly ReaderWriterLockSlim _open = new();
    private IAdminClient? _client;

    /// <summary>Why brokers do not take a connection, where that does not pass; null once one has answered.</summary>
    private volatile Error? _refusal;
    private volatile bool _disposed;

    /// <param name="properties">librdkafka's, bootstrap.servers among them.</param>
    /// <param name="timeout">Of one question.</param>
    /// <param name="create">How topics are made where the brokers cannot be asked for it (before 0.10.2).</param>
    public KafkaAdmin(
        IReadOnlyDictionary<string, string> properties, TimeSpan timeout, TimeProvider time, Action<LogMessage>? log = null,
        TopicCreation? create = null)
    {
        (_properties, _timeout, _time, _log, _create) = (properties, timeout, time, ClientLog.WithoutProperties(log), create);
    }

    /// <summary>
    /// The topic's partitions, or null if there is no such topic. Asks for all topics, since older brokers create one
    /// that is asked for by its name.
    /// </summary>
    public async Task<int?> PartitionsAsync(string topic, CancellationToken cancellationToken)
    {
        var metadata = await MetadataAsync(cancellationToken).ConfigureAwait(false);
        return Find(metadata, topic)?.Partitions.Count;
    }

    /// <summary>The partitions of every topic, by its name; without those that brokers keep for themselves.</summary>
    public async Task<IReadOnlyDictionary<string, int>> TopicsAsync(CancellationToken cancellationToken) =>
        (await MetadataAsync(cancellationToken).ConfigureAwait(false)).Topics
            .Where(topic => topic.Partitions.Count > 0 && !topic.Topic.StartsWith("__", StringComparison.Ordinal))
            .ToDictionary(topic => topic.Topic, topic => topic.Partitions.Count, StringComparer.Ordinal);

    /// <summary>Creates a topic unless it is there, and waits until its partitions have leaders.</summary>
    /// <param name="replication">Brokers too few for it get as many replicas as there are brokers.</param>
    public async Task<CreatedTopic> EnsureTopicAsync(
        string topic, int partitions, short replication, CancellationToken cancellationToken)
    {
        var metadata = await MetadataAsync(cancellationToken).ConfigureAwait(false);
        if (Find(metadata, topic) is { } found)
        {
            return new CreatedTopic(false, found.Partitions.Count, 0);
        }

        var replicas = (short)Math.Min(replication, Math.Max(1, metadata.Brokers.Count));
        var created = await CreateAsync(topic, partitions, replicas, cancellationToken).ConfigureAwait(false);
        var count = await UsablePartitionsAsync(topic, cancellationToken).ConfigureAwait(false);
        return new CreatedTopic(created, count, replicas);
    }

    /// <summary>The offset after the newest record, by partition.</summary>
    public Task<IReadOnlyDictionary<int, long>> HighWatermarksAsync(string topic, CancellationToken cancellationToken) =>
        AskAsync<IReadOnlyDictionary<int, long>>($"reading the ends of {topic}", () =>
        {
            var consumer = Group("none");
            return Partitions(topic).ToDictionary(partition => partition.Partition.Value, partition =>
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                return consumer.QueryWatermarkOffsets(partition, _timeout).High.Value;
            });
        }, cancellationToken);

    /// <summary>The offset a group goes on from; a partition without a commit is absent.</summary>
    /// <remarks>One small request: cheap enough to be asked several times a second.</remarks>
    public Task<IReadOnlyDictionary<int, long>> CommittedAsync(string topic, string group, CancellationToken cancellationToken) =>
        AskAsync<IReadOnlyDictionary<int, long>>($"reading the offsets of the group {group}", () =>
        {
            try
            {
                return Group(group).Committed(KnownPartitions(topic), _timeout)
                    .Where(each => each.Offset.Value >= 0)
                    .ToDictionary(each => each.Partition.Value, each => each.Offset.Value);
            }
            catch (KafkaException)
            {
                _seen.TryRemove(topic, out _);
                throw;
            }
        }, cancellationToken);

    /// <summary>Records that a group has not committed, by partition; of a partition without a commit, all that are kept.</summary>
    public async Task<IReadOnlyDictionary<int, long>> LagAsync(string topic, string group, CancellationToken cancellationToken)
    {
        var ends = await HighWatermarksAsync(topic, cancellationToken).ConfigureAwait(false);
        var committed = await CommittedAsync(topic, group, cancellationToken).ConfigureAwait(false);
        return ends.ToDictionary(end => end.Key, end => Math.Max(0, end.Value - committed.GetValueOrDefault(end.Key)));
    }

    /// <summary>
    /// Commits for a group that has no members, as after its last one has left. Brokers refuse it while there are any.
    /// </summary>
    public Task CommitForEmptyGroupAsync(TopicPartitionOffset offset, string group, CancellationToken cancellationToken) =>
        AskAsync($"committing for the group {group}", () => Group(group).Commit([offset]), cancellationToken);

    /// <summary>
    /// Answers no more questions. Waits for one that is under way, as long as that may take, and for the client library.
    /// </summary>
    public void Dispose()
    {
        _disposed = true;
        if (!_open.TryEnterWriteLock(_timeout + _timeout))
        {
            return; // it hangs, and so would its client
        }

        try
        {
            foreach (var consumer in _groups.Values)
            {
                consumer.Dispose();
            }

            _groups.Clear();
            _client?.Dispose();
            _client = null;
        }
        finally
        {
            _open.ExitWriteLock();
        }
    }

    private static TopicMetadata? Find(Metadata metadata, string topic) =>
        metadata.Topics.FirstOrDefault(each => each.Topic == topic && each.Error.Code != ErrorCode.UnknownTopicOrPart);

    private Task<Metadata> MetadataAsync(CancellationToken cancellationToken) =>
        AskAsync("reading the brokers' metadata", () => Checked(Client().GetMetadata(_timeout)), cancellationToken);

    /// <summary>A broker that has just begun knows of no broker, not even of itself, and of no topic: that says nothing yet.</summary>
    internal static Metadata Checked(Metadata metadata) => metadata.Brokers.Count > 0
        ? metadata
        : throw new KafkaStreamException(KafkaFailure.Unavailable, "the broker that answered knows of no brokers yet");

    private List<TopicPartition> Partitions(string topic)
    {
        var found = Find(Checked(Client().GetMetadata(_timeout)), topic)
            ?? throw new KafkaStreamException(KafkaFailure.UnknownTopic, $"there is no topic {topic}: create it first");
        List<TopicPartition> partitions = [.. found.Partitions.Select(partition => new TopicPartition(topic, partition.PartitionId))];
        _seen[topic] = (partitions, _time.GetTimestamp());
        return partitions;
    }

    private List<TopicPartition> KnownPartitions(string topic) =>
        _seen.TryGetValue(topic, out var seen) && _time.GetElapsedTime(seen.SeenAt) < Fresh ? seen.Partitions : Partitions(topic);

    private async Task<bool> CreateAsync(string topic, int partitions, short replicas, CancellationToken cancellationToken)
    {
        if (_create is not null)
        {
            return await _create(topic, partitions, replicas, cancellationToken).ConfigureAwait(false);
        }

        try
        {
            var client = await AskAsync("connecting", Client, cancellationToken).ConfigureAwait(false);
            await client.CreateTopicsAsync(
                [new TopicSpecification { Name = topic, NumPartitions = partitions, ReplicationFactor = replicas }],
                new CreateTopicsOptions { OperationTimeout = _timeout, RequestTimeout = _timeout + _timeout })
                .WaitAsync(cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (CreateTopicsException e) when (e.Results[0].Error.Code == ErrorCode.TopicAlreadyExists)
        {
            return false; // somebody else was faster
        }
        catch (CreateTopicsException e)
        {
            throw KafkaStreamException.Of($"creating the topic {topic}", e.Results[0].Error, e);
        }
        catch (KafkaException e)
        {
            throw Failure($"creating the topic {topic}", e);
        }
    }

    private async Task<int> UsablePartitionsAsync(string topic, CancellationToken cancellationToken)
    {
        var since = _time.GetTimestamp();
        while (true)
        {
            var metadata = await MetadataAsync(cancellationToken).ConfigureAwait(false);
            if (Find(metadata, topic) is { Partitions.Count: > 0 } found && found.Partitions.All(each => each.Leader >= 0))
            {
                return found.Partitions.Count;
            }

            if (_time.GetElapsedTime(since) > _timeout)
            {
                throw new KafkaStreamException(
                    KafkaFailure.Unavailable, $"the topic {topic} was created, but has no leaders within {_timeout}");
            }

            await Task.Delay(Settle, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    private IAdminClient Client()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _client ??= new AdminClientBuilder(_properties)
                .SetLogHandler((_, message) => _log(message)).SetErrorHandler((_, error) => Note(error)).Build();
        }
    }

    /// <summary>A client that asks for a group and never joins it.</summary>
    private IConsumer<Ignore, Ignore> Group(string group)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_groups.TryGetValue(group, out var consumer))
            {
                var properties = new Dictionary<string, string>(_properties)
                {
                    ["group.id"] = group,
                    ["enable.auto.commit"] = "false",
                };
                consumer = _groups[group] = new ConsumerBuilder<Ignore, Ignore>(properties)
                    .SetLogHandler((_, message) => _log(message)).SetErrorHandler((_, _) => { }).Build();
            }

            return consumer;
        }
    }

    private Task AskAsync(string doing, Action question, CancellationToken cancellationToken) =>
        AskAsync<object?>(doing, () =>
        {
            question();
            return null;
        }, cancellationToken);

    /// <summary>The client library blocks: not the caller's thread.</summary>
    private async Task<T> AskAsync<T>(string doing, Func<T> question, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await Task.Run(() => Ask(question), cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
            _refusal = null;
            return answer;
        }
        catch (KafkaException e)
        {
            throw Failure(doing, e);
        }
        catch (Exception e) when (KafkaStreamException.IsRefusal(e) && e is not ObjectDisposedException)
        {
            throw new KafkaStreamException(KafkaFailure.Refused, $"{doing}: {e.Message}", e);
        }
    }

    /// <summary>The client's threads call this.</summary>
    private void Note(Error error)
    {
        if (KafkaStreamException.Ends(error))
        {
            _refusal = error;
        }
    }

    /// <summary>A question that no broker answers is only said to have found none: why is told beside it.</summary>
    private KafkaStreamException Failure(string doing, KafkaException e) => KafkaStreamException.Of(
        doing, KafkaStreamException.KindOf(e.Error) == KafkaFailure.Unavailable && _refusal is { } refusal ? refusal : e.Error, e);

    private T Ask<T>(Func<T> question)
    {
        _open.EnterReadLock();
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return question();
        }
        finally
        {
            _open.ExitReadLock();
        }
    }
}

/// <summary>Makes a topic. False if it was there.</summary>
public delegate Task<bool> TopicCreation(string topic, int partitions, short replicas, CancellationToken cancellationToken);

/// <param name="Created">False if it was there.</param>
/// <param name="Partitions">That it has.</param>
/// <param name="Replicas">That it was created with; 0 if it was there.</param>
public sealed record CreatedTopic(bool Created, int Partitions, short Replicas);
