using System.ComponentModel;
using Microsoft.AspNetCore.Http.HttpResults;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Topics;
using OtpActors.Triggers;

namespace OtpActors.Api;

/// <summary><c>/api/topics</c>: what a topic holds and how far the sinks have come; looks only.</summary>
internal static class TopicEndpoints
{
    public const int DefaultLimit = 50;
    public const int MaxLimit = 500;
    public const int MaxPartition = 9_999;

    /// <summary>Headers of a record that are shown.</summary>
    private const int MaxHeaders = 50;

    private const int MaxHeaderText = 300;

    /// <summary>Headers that are shown: those of ours. Anybody may have put anything into others.</summary>
    private static readonly HashSet<string> OwnHeaders =
    [
        DeadLetters.TopicHeader, DeadLetters.PartitionHeader, DeadLetters.OffsetHeader, DeadLetters.TimestampHeader, DeadLetters.SinkHeader,
        DeadLetters.ReasonHeader,
    ];

    public static void MapTopics(this RouteGroupBuilder api)
    {
        var topics = api.MapGroup("/topics").WithTags("Topics");
        topics.MapGet("", ListAsync).Needs(ApiScope.Read)
            .WithSummary("List topics, by name").WithDescription("All that the log or the brokers have, but those that brokers keep for themselves.")
            .ProducesProblem(400).ProducesProblem(503);
        topics.MapGet("/{topic}", GetAsync).Needs(ApiScope.Read)
            .WithSummary("Show a topic: partitions, watermarks, the sinks' groups and their lag").ProducesProblem(404).ProducesProblem(503);
        topics.MapGet("/{topic}/records", RecordsAsync).Needs(ApiScope.Read)
            .WithSummary("Look at a partition's records")
            .WithDescription("Addresses and passwords are masked, as are headers of others. No group takes part: the sinks notice nothing.")
            .ProducesProblem(400).ProducesProblem(404).ProducesProblem(503);
    }

    /// <exception cref="ApiProblemException">There is no such topic.</exception>
    public static async Task<IReadOnlyList<PartitionWatermarks>> ExtentsAsync(this IOtpTopic log, string topic, CancellationToken cancellationToken) =>
        await log.DescribeAsync(RequestValues.TopicName(topic), cancellationToken) ?? throw ApiProblemException.UnknownTopic();

    /// <summary>The address masked; of a key that is none only its length, since anything may have got there.</summary>
    public static string? MaskedKey(byte[]? key) =>
        key is null ? null
        : EmailAddress.TryParse(key, out var email, out _) ? email.ToString()
        : $"{OneTimePassword.Mask} ({key.Length} bytes, no address)";

    private static async Task<Ok<TopicPage>> ListAsync(
        IOtpTopic log, RunDefaults defaults, CancellationToken cancellationToken,
        [Description("How many at most, 1 to 500. Default: 50.")] string? limit = null,
        [Description("The next of the page before.")] string? cursor = null)
    {
        var count = (int)RequestValues.Number(limit, "limit", 1, MaxLimit, DefaultLimit);
        if (cursor is not null && !TopicRules.IsLegal(cursor))
        {
            throw ApiProblemException.BadField("cursor", "it must be the next of the page before.");
        }

        var found = (await log.ListAsync(cancellationToken)).Where(topic => cursor is null || string.CompareOrdinal(topic.Name, cursor) > 0).Take(count + 1).ToList();
        var page = found.Take(count).Select(topic => new TopicPage.Item(topic.Name, topic.Partitions, KindOf(topic.Name, defaults))).ToList();
        return TypedResults.Ok(new TopicPage(page, found.Count > count ? page[^1].Topic : null));
    }

    private static TopicKind KindOf(string topic, RunDefaults defaults) =>
        topic == defaults.Commands.Topic ? TopicKind.Commands
        : topic.EndsWith(DeadLetters.Suffix, StringComparison.Ordinal) ? TopicKind.DeadLetters
        : TopicKind.Records;

    private static async Task<Ok<TopicDocument>> GetAsync(
        string topic, IOtpTopic log, RunDefaults defaults, StoresOptions stores, CancellationToken cancellationToken)
    {
        var extents = await log.ExtentsAsync(topic, cancellationToken);
        var groups = new List<TopicDocument.GroupPart>();
        foreach (var (store, group) in new[]
        {
            (StoreNames.Cassandra, stores.Cassandra.ConsumerGroup), (StoreNames.Mongo, stores.Mongo.ConsumerGroup),
        })
        {
            var committed = await log.CommittedAsync(topic, group, cancellationToken);
            var partitions = extents.Select(extent =>
            {
                long? next = committed.TryGetValue(extent.Partition, out var offset) ? offset : null;
                return new TopicDocument.CommitPart(extent.Partition, next, Math.Max(0, extent.High - Math.Max(next ?? 0, extent.Low)));
            }).ToList();
            groups.Add(new TopicDocument.GroupPart(store, group, partitions.Sum(partition => partition.Lag), partitions));
        }

        return TypedResults.Ok(new TopicDocument(topic, extents.Sum(extent => extent.High - extent.Low), extents, groups));
    }

    private static async Task<Ok<RecordPage>> RecordsAsync(
        string topic, IOtpTopic log, CancellationToken cancellationToken,
        [Description("The partition. Default: 0.")] string? partition = null,
        [Description("The first offset to show. Default: the oldest that is kept, or the newest.")] string? offset = null,
        [Description("How many at most, 1 to 500. Default: 50.")] string? limit = null,
        [Description("oldest or newest first. Default: oldest.")] string? order = null,
        [Description("The next of the page before, with the same order; instead of partition and offset.")] string? cursor = null)
    {
        var stretch = Stretch.Parse(await log.ExtentsAsync(topic, cancellationToken), partition, offset, limit, order, cursor);
        var extent = stretch.Extent;
        var (items, next) = await stretch.ReadAsync(
            async (from, count) => (IReadOnlyList<RecordPage.Item>)[.. (await log.ReadAsync(topic, extent.Partition, from, count, cancellationToken)).Select(From)],
            item => item.Offset);
        return TypedResults.Ok(new RecordPage(topic, extent.Partition, extent.Low, extent.High, items, next));
    }

    private static RecordPage.Item From(TopicRecord record) => new(
        record.Offset, record.Timestamp.Date, MaskedKey(record.Key), record.Value is null ? null : OneTimePassword.Mask,
        OtpRecordCodec.TryDecode(record.Key, record.Value, out _, out var problem) ? record.Timestamp.Problem : problem,
        record.Headers is null ? null : Shown(record.Headers));

    /// <summary>As many and as much as help a reader: a record's headers may be a megabyte.</summary>
    private static Dictionary<string, string> Shown(IReadOnlyDictionary<string, string> headers)
    {
        var shown = new Dictionary<string, string>();
        foreach (var (name, value) in headers.OrderByDescending(header => OwnHeaders.Contains(header.Key)).Take(MaxHeaders))
        {
            shown[Cut(name)!] = OwnHeaders.Contains(name) ? Cut(value) ?? "" : OneTimePassword.Mask;
        }

        return shown;
    }

    /// <summary>What anybody may have written into a header, short enough to be shown.</summary>
    public static string? Cut(string? text) => text is { Length: > MaxHeaderText } ? $"{text[..MaxHeaderText]}…" : text;
}

/// <summary>What lies in a topic, as its name tells.</summary>
public enum TopicKind
{
    Records,
    DeadLetters,
    Commands,
}

/// <param name="Next">The cursor of the next page; null on the last.</param>
public sealed record TopicPage(IReadOnlyList<TopicPage.Item> Items, string? Next)
{
    public sealed record Item(string Topic, int Partitions, TopicKind Kind);
}

/// <summary>A topic.</summary>
public sealed record TopicDocument(
    string Topic,
    [property: Description("Records that are kept.")] long Records,
    [property: Description("Low is the oldest record's offset, high the one after the newest.")] IReadOnlyList<PartitionWatermarks> Partitions,
    [property: Description("The sinks' consumer groups.")] IReadOnlyList<TopicDocument.GroupPart> Groups)
{
    public sealed record GroupPart(
        string Store, string Group, [property: Description("Records that the group has not committed.")] long Lag, IReadOnlyList<CommitPart> Partitions);

    public sealed record CommitPart(
        int Partition, [property: Description("The offset the group goes on from; null before its first commit.")] long? Committed, long Lag);
}

/// <summary>Records of a partition.</summary>
public sealed record RecordPage(
    string Topic, int Partition, long Low, long High, IReadOnlyList<RecordPage.Item> Items,
    [property: Description("The cursor of the next page; null at the end.")] string? Next)
{
    public sealed record Item(
        long Offset, [property: Description("Null where it is no date: the problem says so.")] DateTimeOffset? Time, string? Email, string? Otp,
        [property: Description("Why a sink cannot store it; null where nothing speaks against it.")] string? Problem,
        IReadOnlyDictionary<string, string>? Headers);
}
