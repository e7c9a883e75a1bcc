namespace OtpActors.Infrastructure.Topics.Kafka;

/// <summary>The properties that what <see cref="IOtpTopic"/> promises rests on.</summary>
internal static class KafkaProperties
{
    private const string Ours = "the service commits what it has stored, and nothing else";
    private const string Acks = "a record counts as produced once all in-sync replicas have it";
    private const string Order = "records of one address keep their order, which hangs on it";
    private const string Client = "it is the .NET client's own, and the service reads what it would change";

    private static readonly Dictionary<string, string> Refused = new(StringComparer.OrdinalIgnoreCase)
    {
        ["bootstrap.servers"] = "use OtpActors:Kafka:BootstrapServers",
        ["metadata.broker.list"] = "use OtpActors:Kafka:BootstrapServers",
        ["group.id"] = "use OtpActors:Stores:*:ConsumerGroup",
        ["group.instance.id"] = "attempts of one sink follow each other under new names, or they would fence one another",
        ["group.protocol"] = "only the classic protocol is proven",
        ["group.remote.assignor"] = "only the classic protocol is proven",
        ["partition.assignment.strategy"] = "eager and cooperative members do not mix in one group",
        ["enable.auto.commit"] = Ours,
        ["auto.commit.enable"] = Ours,
        ["auto.commit.interval.ms"] = Ours,
        ["enable.auto.offset.store"] = Ours,
        ["auto.offset.reset"] = "a new group reads from the earliest record, or it would lose those before it",
        ["topic.auto.offset.reset"] = "a new group reads from the earliest record, or it would lose those before it",
        ["enable.partition.eof"] = Client,
        ["acks"] = Acks,
        ["request.required.acks"] = Acks,
        ["enable.idempotence"] = "it is on wherever brokers have it; for older ones say broker.version.fallback",
        ["transactional.id"] = "batches are no transactions here",
        ["max.in.flight"] = Order,
        ["max.in.flight.requests.per.connection"] = Order,
        ["queuing.strategy"] = Order,
        ["partitioner"] = Order,
        ["delivery.report.only.error"] = Acks,
        ["produce.offset.report"] = Acks,
    };

    /// <summary>Why a property is not to be set from outside; null if it may be.</summary>
    public static string? RejectionReason(string name) =>
        name.StartsWith("dotnet.", StringComparison.OrdinalIgnoreCase) ? Client : Refused.GetValueOrDefault(name);
}
