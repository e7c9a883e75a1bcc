using Microsoft.Extensions.Logging.Abstractions;
using OtpActors.Infrastructure.Topics;
using OtpActors.Infrastructure.Topics.Kafka;
using OtpActors.Tests.Servers;

namespace OtpActors.Tests.Infrastructure.Topics.Kafka;

/// <summary>The contract on a real broker.</summary>
public sealed class KafkaTopicSpecs(KafkaServers servers) : OtpTopicContract
{
    private bool _keepsTimes;

    protected override bool SupportsIdempotentProducer => false;

    protected override bool KeepsTimes => _keepsTimes;

    protected override async Task<IOtpTopic> OpenAsync()
    {
        var kafka = await servers.OneAsync();
        _keepsTimes = !kafka.Options.IsBefore011;
        kafka.Options.StopTimeout = TimeSpan.FromMilliseconds(50); // tests that drain have nothing in hand
        return new KafkaTopic(kafka.Options, TimeProvider.System, NullLogger<KafkaTopic>.Instance, kafka.Creation);
    }

    protected override async Task CloseAsync(IOtpTopic log) => await ((KafkaTopic)log).DisposeAsync();
}
