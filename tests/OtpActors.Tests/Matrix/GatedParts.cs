using System.Collections.Immutable;
using Akka;
using Akka.Streams.Dsl;
using Microsoft.Extensions.DependencyInjection;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Topics;

namespace OtpActors.Tests.Matrix;

/// <summary>The parts of a service with gates before their calls, and everything of them behind the gates.</summary>
internal static class GatedParts
{
    /// <param name="topic">Whose calls count; others pass by.</param>
    public static void Gate(this IServiceCollection services, Gates gates, string topic)
    {
        Wrap<IOtpTopic>(services, inner => new GatedTopic(inner, gates, topic));
        Wrap<IOtpStore>(services, inner => new GatedStore(inner, gates));
        Wrap<IMailSender>(services, inner => new GatedMail(inner, gates));
        Wrap<ISlackSender>(services, inner => new GatedSlack(inner, gates));
    }

    private static void Wrap<T>(IServiceCollection services, Func<T, T> wrap)
        where T : class
    {
        for (var i = 0; i < services.Count; i++)
        {
            if (services[i] is { ImplementationFactory: { } make } service && service.ServiceType == typeof(T))
            {
                services[i] = ServiceDescriptor.Singleton(provider => wrap((T)make(provider)));
            }
        }
    }

    private sealed class GatedTopic(IOtpTopic inner, Gates gates, string name) : IOtpTopic, IAsyncDisposable
    {
        public bool SupportsHeaders => inner.SupportsHeaders;

        public bool SupportsIdempotentProducer => inner.SupportsIdempotentProducer;

        public async Task<TopicEnsured> EnsureAsync(TopicSpec spec, CancellationToken cancellationToken)
        {
            await PassAsync(spec.Name, Points.Ensure);
            return await inner.EnsureAsync(spec, cancellationToken);
        }

        /// <summary>The second batch waits until the sinks have begun with the first: they write at least twice.</summary>
        public Flow<IReadOnlyList<ProducerRecord>, ProducerAck, NotUsed> ProducerFlow(string topic, string producerId) =>
            Flow.Create<IReadOnlyList<ProducerRecord>>()
                .SelectAsync(1, async batch =>
                {
                    if (topic == name && batch[0].Sequence > 0)
                    {
                        await Task.WhenAll(StepId.Stores.Select(store => gates.Seen(Points.Write(store), 1)));
                    }

                    await PassAsync(topic, Points.Produce);
                    return batch;
                })
                .Via(inner.ProducerFlow(topic, producerId));

        public Task<IReadOnlyList<TopicSummary>> ListAsync(CancellationToken cancellationToken) => inner.ListAsync(cancellationToken);

        public Task<long> ResumeSequenceAsync(string topic, string producerId, CancellationToken cancellationToken) =>
            inner.ResumeSequenceAsync(topic, producerId, cancellationToken);

        public Source<PartitionBatch, IConsumerControl> Consume(string topic, string group) => inner.Consume(topic, group);

        public async Task<ImmutableSortedDictionary<int, long>> HighWatermarksAsync(string topic, CancellationToken cancellationToken)
        {
            await PassAsync(topic, Points.Watermarks);
            return await inner.HighWatermarksAsync(topic, cancellationToken);
        }

        public async Task<ImmutableSortedDictionary<int, long>> CommittedAsync(string topic, string group, CancellationToken cancellationToken)
        {
            await PassAsync(topic, Points.Committed);
            return await inner.CommittedAsync(topic, group, cancellationToken);
        }

        public Task<IReadOnlyList<PartitionWatermarks>?> DescribeAsync(string topic, CancellationToken cancellationToken) =>
            inner.DescribeAsync(topic, cancellationToken);

        public Task<IReadOnlyList<TopicRecord>> ReadAsync(
            string topic, int partition, long offset, int maxRecords, CancellationToken cancellationToken) =>
            inner.ReadAsync(topic, partition, offset, maxRecords, cancellationToken);

        public async ValueTask DisposeAsync()
        {
            if (inner is IAsyncDisposable disposable)
            {
                await disposable.DisposeAsync();
            }
        }

        private Task PassAsync(string topic, string point) => topic == name ? gates.PassAsync(point) : Task.CompletedTask;
    }

    private sealed class GatedStore(IOtpStore inner, Gates gates) : IOtpStore
    {
        public string Name => inner.Name;

        public async Task EnsureSchemaAsync(CancellationToken cancellationToken)
        {
            await gates.PassAsync(Points.Schema(Name));
            await inner.EnsureSchemaAsync(cancellationToken);
            await gates.PassAsync(Points.SchemaReady(Name));
        }

        public async Task<WriteResult> WriteAsync(IReadOnlyList<StoreRecord> batch, CancellationToken cancellationToken)
        {
            await gates.PassAsync(Points.Write(Name));
            if (batch.Any(record => record.Origin.Offset == OutageRun.Records - 1))
            {
                await gates.PassAsync(Points.LastWrite(Name));
            }

            return await inner.WriteAsync(batch, cancellationToken);
        }

        public async Task<IReadOnlyDictionary<EmailAddress, StoredOtp>> FindAsync(
            IReadOnlyCollection<EmailAddress> emails, CancellationToken cancellationToken)
        {
            await gates.PassAsync(Points.Find(Name));
            return await inner.FindAsync(emails, cancellationToken);
        }

        public IAsyncEnumerable<StoredOtp> ScanAsync(CancellationToken cancellationToken) => inner.ScanAsync(cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }

    private sealed class GatedMail(IMailSender inner, Gates gates) : IMailSender
    {
        public async Task<SendResult> SendAsync(OtpMail mail, CancellationToken cancellationToken)
        {
            await gates.PassAsync(Points.Mail);
            return await inner.SendAsync(mail, cancellationToken);
        }
    }

    private sealed class GatedSlack(ISlackSender inner, Gates gates) : ISlackSender
    {
        public async Task<SendResult> SendAsync(SlackMessage message, CancellationToken cancellationToken)
        {
            await gates.PassAsync(Points.Slack);
            return await inner.SendAsync(message, cancellationToken);
        }
    }
}

/// <summary>The names of the moments.</summary>
internal static class Points
{
    public const string Ensure = "topic.ensure";
    public const string Produce = "topic.produce";
    public const string Watermarks = "topic.watermarks";
    public const string Committed = "topic.committed";
    public const string Mail = "mail.send";
    public const string Slack = "slack.send";

    /// <summary>A mail's content is at the server, and not answered.</summary>
    public const string MailContent = "mail.content";

    /// <summary>A post is at the webhook, and not answered.</summary>
    public const string SlackPost = "slack.post";

    public static string Schema(string store) => $"{store}.schema";

    /// <summary>The schema is there; the sink's next call is to the topic.</summary>
    public static string SchemaReady(string store) => $"{store}.schema-ready";

    public static string Write(string store) => $"{store}.write";

    /// <summary>Of the run's last record, on a topic of one partition that holds each record once.</summary>
    public static string LastWrite(string store) => $"{store}.last-write";

    public static string Find(string store) => $"{store}.find";
}
