using System.Security.Cryptography;
using System.Text;
using Akka.Actor;
using Akka.Streams;
using Akka.Streams.Dsl;
using OtpActors.Infrastructure.Topics;
using StreamSink = Akka.Streams.Dsl.Sink;

namespace OtpActors.Triggers.Commands;

/// <summary>Where a command lies in the command topic.</summary>
/// <param name="Again">Whether it was put there before, under the same key.</param>
public sealed record SentCommand(string Topic, int Partition, long Offset, bool Again);

/// <summary>
/// Puts commands into the command topic, one at a time. When a task completes the command is durable, and its place known: that
/// is the id of its run.
/// </summary>
/// <remarks>Can be called from any thread. Drain it before the actor system ends.</remarks>
public sealed class CommandSender(IOtpTopic topic, ActorSystem system, RunDefaults defaults, TimeProvider time)
{
    /// <summary>Names the sequence of all commands without a key.</summary>
    private const string ProducerId = "commands:http";

    /// <summary>Records that are looked through at a time.</summary>
    private const int PageRecords = 500;

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly ActorMaterializer _materializer = system.Materializer();
    private volatile bool _stopping;

    /// <summary>Whether a key can tell a repeated command: where the topic keeps what its producers have appended.</summary>
    public bool TakesKeys => topic.SupportsIdempotentProducer;

    private string Name => defaults.Commands.Topic;

    /// <param name="command">As the topic's reader takes it.</param>
    /// <param name="key">With the same key the same command is put there once, across restarts; null for none.</param>
    /// <exception cref="PublishRefusedException">Nothing was sent: the service is stopping.</exception>
    /// <exception cref="PublishKeyReusedException">The key was used for another command.</exception>
    /// <exception cref="TopicException">Nothing was sent: the topic is out.</exception>
    /// <exception cref="PublishUnknownException">The topic failed in the midst of it.</exception>
    public async Task<SentCommand> SendAsync(byte[] command, string? key, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return _stopping
                ? throw new PublishRefusedException("the service is stopping")
                : await SendInTurnAsync(command, key, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Takes no more, and completes when what was taken is in the topic or has failed.</summary>
    public async Task DrainAsync()
    {
        _stopping = true;
        await _turn.WaitAsync().ConfigureAwait(false);
        _turn.Release();
    }

    private async Task<SentCommand> SendInTurnAsync(byte[] command, string? key, CancellationToken cancellationToken)
    {
        await topic.EnsureAsync(new TopicSpec(Name, 1, defaults.Topic.ReplicationFactor), cancellationToken).ConfigureAwait(false);

        // The record's own key tells it from others that are sent at the same time; it never holds what the caller's says.
        var digest = key is null ? null : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, 16));
        var recordKey = Encoding.ASCII.GetBytes(digest ?? Guid.CreateVersion7(time.GetUtcNow()).ToString("n"));
        var producer = digest is null ? ProducerId : $"commands:{digest}";
        var next = await topic.ResumeSequenceAsync(Name, producer, cancellationToken).ConfigureAwait(false);
        var sequence = key is null ? next : FingerprintOf(command);
        if (key is not null && next != 0)
        {
            return next == sequence + 1
                ? await FindAsync(recordKey, null, cancellationToken).ConfigureAwait(false) with { Again = true }
                : throw new PublishKeyReusedException();
        }

        var before = await topic.HighWatermarksAsync(Name, cancellationToken).ConfigureAwait(false);
        try
        {
            await Source.Single<IReadOnlyList<ProducerRecord>>([new ProducerRecord(sequence, recordKey, command, time.GetUtcNow())])
                .Via(topic.ProducerFlow(Name, producer)).RunWith(StreamSink.Ignore<ProducerAck>(), _materializer).ConfigureAwait(false);
            return await FindAsync(recordKey, before, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            throw new PublishUnknownException(e);
        }
    }

    /// <summary>The place of the record with this key.</summary>
    /// <param name="from">Where it can lie at the earliest; null for anywhere.</param>
    private async Task<SentCommand> FindAsync(byte[] recordKey, OffsetMap? from, CancellationToken cancellationToken)
    {
        foreach (var extent in await topic.DescribeAsync(Name, cancellationToken).ConfigureAwait(false) ?? [])
        {
            var offset = from is not null && from.TryGetValue(extent.Partition, out var known) ? known : extent.Low;
            while (offset < extent.High
                && await topic.ReadAsync(Name, extent.Partition, offset, PageRecords, cancellationToken).ConfigureAwait(false) is { Count: > 0 } page)
            {
                foreach (var record in page.Where(record => record.Key is not null && record.Key.AsSpan().SequenceEqual(recordKey)))
                {
                    return new SentCommand(Name, extent.Partition, record.Offset, Again: false);
                }

                offset = page[^1].Offset + 1;
            }
        }

        throw new TopicException($"the command is not in {Name} any more");
    }

    /// <summary>Tells the command from another one under the key; never 0.</summary>
    private static long FingerprintOf(byte[] command)
    {
        var content = 1L;
        foreach (var part in SHA256.HashData(command).AsSpan(0, 7))
        {
            content = content << 8 | part;
        }

        return content;
    }
}
