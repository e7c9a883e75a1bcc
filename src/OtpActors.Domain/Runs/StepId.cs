using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OtpActors.Domain.Runs;

/// <summary>The kinds of step, in the order a run meets them.</summary>
public enum StepKind
{
    EnsureTopic,
    Sink,
    Produce,
    Check,
    Mail,
    Slack,
}

/// <summary>
/// One step of a run. Topic and production are the run's own; the others belong to a store's chain
/// (sink → check → mail → Slack) and carry its name.
/// </summary>
[JsonConverter(typeof(NameConverter))]
public readonly record struct StepId(StepKind Kind, string? Store)
{
    /// <summary>The stores that every run feeds, in the order of reports.</summary>
    public static readonly IReadOnlyList<string> Stores = [StoreNames.Cassandra, StoreNames.Mongo];

    public static readonly StepId EnsureTopic = new(StepKind.EnsureTopic, null);
    public static readonly StepId Produce = new(StepKind.Produce, null);

    /// <summary>Every step, in the order of reports.</summary>
    public static readonly IReadOnlyList<StepId> All =
    [
        EnsureTopic,
        .. Stores.Select(Sink),
        Produce,
        .. Stores.Select(Check),
        .. Stores.Select(Mail),
        .. Stores.Select(Slack),
    ];

    public static StepId Sink(string store) => new(StepKind.Sink, store);

    public static StepId Check(string store) => new(StepKind.Check, store);

    public static StepId Mail(string store) => new(StepKind.Mail, store);

    public static StepId Slack(string store) => new(StepKind.Slack, store);

    /// <summary>A store's steps, first to last.</summary>
    public static IEnumerable<StepId> ChainOf(string store) => [Sink(store), Check(store), Mail(store), Slack(store)];

    /// <summary><c>ensure-topic</c>, <c>produce</c>, <c>cassandra-sink</c>, …</summary>
    public string Name => Kind switch
    {
        StepKind.EnsureTopic => "ensure-topic",
        StepKind.Produce => "produce",
        _ => $"{Store}-{Kind.ToString().ToLowerInvariant()}",
    };

    public override string ToString() => Name;

    public static bool TryParse(string? name, [NotNullWhen(true)] out StepId? step)
    {
        step = All.Cast<StepId?>().FirstOrDefault(s => s!.Value.Name == name);
        return step is not null;
    }

    private sealed class NameConverter : JsonConverter<StepId>
    {
        public override StepId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            TryParse(reader.GetString(), out var step)
                ? step.Value
                : throw new JsonException($"No step is called '{reader.GetString()}'.");

        public override void Write(Utf8JsonWriter writer, StepId value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.Name);
    }
}

/// <summary>The names of what a step can wait for; stores have theirs of <see cref="StoreNames"/>.</summary>
public static class PartNames
{
    public const string Topic = "topic";
    public const string Mail = "mail";
    public const string Slack = "slack";
    public const string Ledger = "ledger";

    /// <summary>What a run waits for as a whole, and no step alone.</summary>
    public const string Journal = "journal";
}

/// <summary>The names of the two stores in steps, commands and reports.</summary>
public static class StoreNames
{
    public const string Cassandra = "cassandra";
    public const string Mongo = "mongo";
}
