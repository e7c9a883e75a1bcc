using Akka.Actor;
using Akka.Streams;
using Akka.Streams.Dsl;
using Confluent.Kafka;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging.Abstractions;
using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Topics;
using OtpActors.Infrastructure.Topics.Kafka;
using OtpActors.Tests.Servers;
using OtpActors.Tests.Support;
using Xunit;

namespace OtpActors.Tests.Api;

/// <summary>In the embedded log.</summary>
[Collection(OneService.Name)]
public sealed class EmbeddedForeignRecordSpecs : ForeignRecordContract
{
    private protected override async Task AppendAsync(ApiService service, string topic, IReadOnlyList<ForeignRecord> records)
    {
        var log = service.Services.GetRequiredService<IOtpTopic>();
        var batch = records.Select((record, i) => new ProducerRecord(
            i, record.Key, record.Value, new RecordTime(record.Time),
            record.Headers.Count == 0 ? null : record.Headers.GroupBy(header => header.Name)
                .ToDictionary(each => each.Key, each => System.Text.Encoding.UTF8.GetString(each.Last().Value ?? [])))).ToList();
        await Source.Single<IReadOnlyList<ProducerRecord>>(batch).Via(log.ProducerFlow(topic, $"other-{Guid.NewGuid()}"))
            .RunWith(Sink.Ignore<ProducerAck>(), service.Services.GetRequiredService<ActorSystem>().Materializer()).Eventually();
    }
}

/// <summary>In Kafka's protocol, on the client library's own brokers.</summary>
[Collection(OneService.Name)]
public sealed class KafkaForeignRecordSpecs : ForeignRecordContract, IDisposable
{
    private readonly MockKafka _kafka = new(brokers: 1);

    public void Dispose() => _kafka.Dispose();

    private protected override void Use(IServiceCollection services) => services.Replace(ServiceDescriptor.Singleton<IOtpTopic>(
        _ => new KafkaTopic(
            new KafkaOptions { BootstrapServers = _kafka.BootstrapServers, StopTimeout = TimeSpan.FromMilliseconds(50) },
            TimeProvider.System, NullLogger<KafkaTopic>.Instance,
            (topic, partitions, _, _) =>
            {
                try
                {
                    _kafka.CreateTopic(topic, partitions);
                    return Task.FromResult(true);
                }
                catch (KafkaException e) when (e.Error.Code == ErrorCode.TopicAlreadyExists)
                {
                    return Task.FromResult(false); // another of the service's parts was first
                }
            })));

    private protected override async Task AppendAsync(ApiService service, string topic, IReadOnlyList<ForeignRecord> records)
    {
        using var producer = new ProducerBuilder<byte[]?, byte[]?>(new ProducerConfig
        {
            BootstrapServers = _kafka.BootstrapServers,
            MessageMaxBytes = 4_000_000,
            EnableIdempotence = true, // in order
        }).Build();
        var reports = new List<Task>();
        foreach (var record in records)
        {
            var headers = new Headers();
            foreach (var (name, value) in record.Headers)
            {
                headers.Add(name, value);
            }

            reports.Add(producer.ProduceAsync(
                new TopicPartition(topic, 0),
                new Message<byte[]?, byte[]?>
                {
                    Key = record.Key,
                    Value = record.Value,
                    Timestamp = new Timestamp(record.Time, TimestampType.CreateTime),
                    Headers = headers,
                },
                Cancel));
        }

        await Task.WhenAll(reports).Eventually();
    }
}
