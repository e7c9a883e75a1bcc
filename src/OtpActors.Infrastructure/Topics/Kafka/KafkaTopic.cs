using System.Collections.Concurrent;
using Akka;
using Akka.Streams.Dsl;
using Confluent.Kafka;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Streams.Kafka;
using OtpActors.Streams.Kafka.Consumers;
using OtpActors.Streams.Kafka.Producers;

namespace OtpActors.Infrastructure.Topics.Kafka;

/// <summary>
/// The log on Kafka. A record is acknowledged once all in-sync replicas have it. The brokers do not keep producers'
/// positions across restarts: a producer that is killed may append again what it had not heard of. A second member of a
/// group takes some of its partitions over, in order, and both go on.
/// </summary>
/// <remarks>
/// One producer serves every flow, so that short ones (dead letters) cost no connection. On brokers before 0.11, which
/// drop headers without a word, a record with headers is wrapped (<see cref="HeaderEnvelope"/>). A record without a time,
/// as all are before 0.10, comes back with the Unix epoch. Close it after the streams that run on it.
/// </remarks>
public sealed partial class KafkaTopic : IOtpTopic, IAsyncDisposable
{
    /// <summary>What Kafka's protocol writes for a record without a time.</summary>
    private const long NoTimestamp = -1;

    private readonly KafkaOptions _options;
    private readonly ILogger<KafkaTopic> _log;
    private readonly KafkaAdmin _admin;
    private readonly ProducerSettings<byte[]?, byte[]?> _producing;
    private readonly ConsumerSettings<byte[]?, byte[]?> _consuming;
    private readonly Lock _lock = new();
    private readonly List<IProducer<byte[]?, byte[]?>> _spent = [];
    private IProducer<byte[]?, byte[]?>? _producer;
    private readonly ConcurrentDictionary<string, Task> _known = new();
    private readonly bool _wrapsHeaders;

    /// <param name="create">How topics are made where brokers cannot be asked for it; null asks them.</param>
    public KafkaTopic(KafkaOptions options, TimeProvider time, ILogger<KafkaTopic> log, TopicCreation? create = null)
    {
        (_options, _log, _wrapsHeaders) = (options, log, options.IsBefore011);
        _admin = new KafkaAdmin(KafkaClients.Common(options), options.OperationTimeout, time, Log, create);
        _producing = KafkaClients.Producing(options);
        _consuming = KafkaClients.Consuming(options);
    }

    /// <inheritdoc/>
    /// <remarks>A topic that another made in the meantime exists. Fewer brokers than replicas wanted get one each.</remarks>
    public async Task<TopicEnsured> EnsureAsync(TopicSpec spec, CancellationToken cancellationToken)
    {
        TopicRules.Check(spec);
        var topic = await RunAsync(() => _admin.EnsureTopicAsync(
            spec.Name, spec.Partitions, spec.ReplicationFactor, cancellationToken), spec.Name).ConfigureAwait(false);
        if (topic.Created && topic.Replicas < spec.ReplicationFactor)
        {
            _log.LogWarning(
                "The topic {Topic} has {Replicas} replicas, not {Wanted}: there are no more brokers",
                spec.Name, topic.Replicas, spec.ReplicationFactor);
        }

        return new TopicEnsured(topic.Created ? TopicOutcome.Created : TopicOutcome.Exists, topic.Partitions);
    }

    public Flow<IReadOnlyList<ProducerRecord>, ProducerAck, NotUsed> ProducerFlow(string topic, string producerId)
    {
        var any = new TopicPartition(topic, Partition.Any);
        var first = new TopicPartition(topic, new Partition(0));
        IProducer<byte[]?, byte[]?>? producer = null;
        return Flow.Create<IReadOnlyList<ProducerRecord>>()
            .SelectAsync(1, batch => RequireAsync(topic, batch))
            .Select(batch => new MultiMessage<byte[]?, byte[]?, IReadOnlyList<ProducerRecord>>(
                [.. batch.Select(record => (record.Key is null ? first : any, ToMessage(record)))], batch))
            .Via(KafkaProducer.FlexiFlow<byte[]?, byte[]?, IReadOnlyList<ProducerRecord>>(_producing, () => producer = Producer()))
            .Select(result => new ProducerAck(
                result.PassThrough.Count == 0 ? 0 : result.PassThrough[^1].Sequence + 1, result.PassThrough.Count))
            .SelectError(failure =>
            {
                if (failure is KafkaStreamException { Failure: KafkaFailure.Fatal } && producer is not null)
                {
                    Replace(producer);
                }

                return Translate(failure, topic);
            });
    }

    public bool SupportsHeaders => !_wrapsHeaders;

    /// <summary>Always 0: brokers do not know it.</summary>
    public Task<long> ResumeSequenceAsync(string topic, string producerId, CancellationToken cancellationToken) =>
        Task.FromResult(0L);

    public Source<PartitionBatch, IConsumerControl> Consume(string topic, string group) => KafkaConsumer
        .CommittableBatchSource(_consuming.WithGroupId(group), topic)
        .Select(batch => new PartitionBatch(
            batch.TopicPartition.Partition.Value, Array.ConvertAll([.. batch.Records], ToRecord),
            cancellationToken => CommitAsync(batch, topic, group, cancellationToken)))
        .SelectError(failure => Translate(failure, topic))
        .MapMaterializedValue<IConsumerControl>(control => new Control(control, failure => Translate(failure, topic)));

    public Task<OffsetMap> HighWatermarksAsync(string topic, CancellationToken cancellationToken) =>
        RunAsync(async () => OffsetMaps.Empty.AddRange(await _admin.HighWatermarksAsync(topic, cancellationToken)), topic);

    public Task<OffsetMap> CommittedAsync(string topic, string group, CancellationToken cancellationToken) =>
        RunAsync(async () => OffsetMaps.Empty.AddRange(await _admin.CommittedAsync(topic, group, cancellationToken)), topic);

    public async ValueTask DisposeAsync()
    {
        foreach (var producer in _producer is null ? _spent : [.. _spent, _producer])
        {
            await KafkaProducer.CloseAsync(producer, _producing).ConfigureAwait(false);
        }

        await Task.Run(_admin.Dispose).ConfigureAwait(false);
    }

    private IProducer<byte[]?, byte[]?> Producer()
    {
        lock (_lock)
        {
            return _producer ??= KafkaProducer.Create(_producing, Log);
        }
    }

    /// <summary>One that has failed for good fails whoever asks it next: they get another. Flows may still run on it.</summary>
    private void Replace(IProducer<byte[]?, byte[]?> failed)
    {
        lock (_lock)
        {
            if (_producer == failed)
            {
                _producer = null;
                _spent.Add(failed);
            }
        }
    }

    /// <summary>
    /// The batch, once the topic is known to be there: a broker may be set to create what it does not know, with
    /// partitions that nobody asked for.
    /// </summary>
    private async Task<IReadOnlyList<ProducerRecord>> RequireAsync(string topic, IReadOnlyList<ProducerRecord> batch)
    {
        if (!_known.ContainsKey(topic))
        {
            TopicRules.CheckName(topic);
            if (await _admin.PartitionsAsync(topic, CancellationToken.None).ConfigureAwait(false) is null)
            {
                throw TopicException.NoTopic(topic);
            }

            _known[topic] = Task.CompletedTask;
        }

        return batch;
    }

    private async Task CommitAsync(
        KafkaBatch<byte[]?, byte[]?> batch, string topic, string group, CancellationToken cancellationToken)
    {
        var outcome = await batch.CommitThroughAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        if (outcome == CommitOutcome.Closed)
        {
            await RunAsync(() => CommitAfterCloseAsync(batch, topic, group, cancellationToken), topic).ConfigureAwait(false);
        }
        else if (outcome == CommitOutcome.Revoked)
        {
            throw TakenOver(topic, group);
        }
    }

    /// <summary>
    /// The consumer has left its group. While the group is empty an offset can still be moved forwards from outside;
    /// once somebody has joined, the brokers refuse it.
    /// </summary>
    private async Task<bool> CommitAfterCloseAsync(
        KafkaBatch<byte[]?, byte[]?> batch, string topic, string group, CancellationToken cancellationToken)
    {
        var committed = await _admin.CommittedAsync(topic, group, cancellationToken).ConfigureAwait(false);
        if (committed.GetValueOrDefault(batch.TopicPartition.Partition.Value) >= batch.NextOffset)
        {
            return false;
        }

        try
        {
            await _admin.CommitForEmptyGroupAsync(
                new TopicPartitionOffset(batch.TopicPartition, batch.NextOffset), group, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (KafkaStreamException e) when (e.Failure == KafkaFailure.Refused)
        {
            throw TakenOver(topic, group, e);
        }
    }

    private Message<byte[]?, byte[]?> ToMessage(ProducerRecord record)
    {
        var message = new Message<byte[]?, byte[]?>
        {
            Key = record.Key,
            Value = record.Value,
            Timestamp = new Timestamp(record.Timestamp.Milliseconds, TimestampType.CreateTime),
            Headers = KafkaProducer.NoHeaders,
        };
        if (record.Headers is { } headers)
        {
            if (_wrapsHeaders)
            {
                message.Value = HeaderEnvelope.Wrap(record.Value, headers);
            }
            else
            {
                message.Headers = [];
                foreach (var (name, text) in headers)
                {
                    message.Headers.Add(name, System.Text.Encoding.UTF8.GetBytes(text));
                }
            }
        }

        return message;
    }

    private TopicRecord ToRecord(KafkaRecord<byte[]?, byte[]?> record)
    {
        var time = new RecordTime(record.Timestamp is { Type: not TimestampType.NotAvailable, UnixTimestampMs: not NoTimestamp and var ms } ? ms : 0);
        if (_wrapsHeaders && HeaderEnvelope.TryUnwrap(record.Value.Value, out var value, out var wrapped))
        {
            return new TopicRecord(record.Offset, record.Key.Value, value, time, wrapped);
        }

        var headers = record.Headers is { } some
            ? some.GroupBy(header => header.Key).ToDictionary(
                each => each.Key, each => System.Text.Encoding.UTF8.GetString(each.Last().GetValueBytes() ?? []))
            : null;
        return new TopicRecord(record.Offset, record.Key.Value, record.Value.Value, time, headers);
    }

    private async Task<T> RunAsync<T>(Func<Task<T>> work, string topic)
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (Exception e) when (e is KafkaStreamException or ObjectDisposedException)
        {
            throw Translate(e, topic);
        }
    }

    private Exception Translate(Exception failure, string topic) => failure switch
    {
        KafkaStreamException { Failure: KafkaFailure.Unavailable } e => new TopicException(
            $"{e.Message}; the brokers are {_options.BootstrapServers}", e)
        {
            CanPass = true,
        },
        KafkaStreamException { Failure: KafkaFailure.Denied } e => new TopicException(
            $"{e.Message}; see OtpActors:Kafka:Properties (sasl.*, ssl.*, security.protocol) and the brokers' access lists for {topic}", e),
        KafkaStreamException { Failure: KafkaFailure.Unsupported } e => new TopicException(
            $"{e.Message}; brokers before 0.11 want OtpActors:Kafka:Properties api.version.request=false and "
            + $"broker.version.fallback, and {topic} made by their own tool", e),
        KafkaStreamException e => new TopicException(e.Message.Contains(topic, StringComparison.Ordinal) ? e.Message : $"{topic}: {e.Message}", e)
        {
            IsMissing = e.Failure == KafkaFailure.UnknownTopic,
            IsLost = e.Failure == KafkaFailure.PartitionLost,
        },
        ObjectDisposedException e => new TopicException("the topic is closed", e),
        _ => failure,
    };

    private static TopicException TakenOver(string topic, string group, Exception? inner = null) =>
        new($"the group {group} has taken partitions of the topic {topic} back, as it does when its brokers were out for longer than "
            + "a session, another consumer has joined, or the topic was cut: what is not committed comes again", inner)
        {
            IsLost = true,
        };

    private void Log(LogMessage message) => _log.Log(
        message.Level <= SyslogLevel.Error ? LogLevel.Information : LogLevel.Debug,
        "{Client} {Facility}: {Message}", message.Name, message.Facility, message.Message);

    private sealed class Control(IControl control, Func<Exception, Exception> translate) : IConsumerControl
    {
        public Task<OffsetMap> Assigned { get; } = AssignedAsync(control, translate);

        public Task Stopped => control.IsShutdown;

        public void Drain() => _ = control.Stop();

        private static async Task<OffsetMap> AssignedAsync(IControl control, Func<Exception, Exception> translate)
        {
            try
            {
                return OffsetMaps.Empty.AddRange((await control.Assigned.ConfigureAwait(false))
                    .Select(start => KeyValuePair.Create(start.Partition.Value, start.Offset.Value)));
            }
            catch (KafkaStreamException e)
            {
                throw translate(e);
            }
        }
    }
}
