using System.ComponentModel;
using Microsoft.AspNetCore.Http.HttpResults;
using OtpActors.Hosting;
using OtpActors.Records;
using OtpActors.Topics;
using OtpActors.Workflow;

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
        topics.MapGet("/{topic}", GetAsync).Needs(ApiScope.Read)
            .WithSummary("Show a topic: partitions, watermarks, the sinks' groups and their lag").ProducesProblem(404).ProducesProblem(503);
        topics.MapGet("/{topic}/records", RecordsAsync).Needs(ApiScope.Read)
            .WithSummary("Look at a partition's records")
            .WithDescription("Addresses and passwords are masked, as are headers of others. No group takes part: the sinks notice nothing.")
            .ProducesProblem(400).ProducesProblem(404).ProducesProblem(503);
    }

    /// <exception cref="ApiProblemException">There is no such topic.</exception>
    public static async Task<IReadOnlyList<PartitionExtent>> ExtentsAsync(this IOtpTopic log, string topic, CancellationToken cancel) =>
        await log.DescribeAsync(RequestValues.TopicName(topic), cancel) ?? throw ApiProblemException.UnknownTopic();

    /// <exception cref="ApiProblemException">The topic has no such partition.</exception>
    public static PartitionExtent Partition(this IReadOnlyList<PartitionExtent> extents, string? partition)
    {
        var number = RequestValues.Number(partition, "partition", 0, MaxPartition, 0);
        return extents.FirstOrDefault(extent => extent.Partition == number)
            ?? throw new ApiProblemException(404, "unknown_partition", $"The topic has {extents.Count} partition(s), from 0 on.", "partition");
    }

    /// <summary>The address masked; of a key that is none only its length, since anything may have got there.</summary>
    public static string? MaskedKey(byte[]? key) =>
        key is null ? null
        : EmailAddress.TryParse(key, out var email, out _) ? email.ToString()
        : $"{OneTimePassword.Mask} ({key.Length} bytes, no address)";

    private static async Task<Ok<TopicDocument>> GetAsync(string topic, IOtpTopic log, OtpActorsOptions options, CancellationToken cancel)
    {
        var extents = await log.ExtentsAsync(topic, cancel);
        var groups = new List<TopicDocument.GroupPart>();
        foreach (var (store, group) in new[]
        {
            (StoreNames.Cassandra, options.Stores.Cassandra.ConsumerGroup), (StoreNames.Mongo, options.Stores.Mongo.ConsumerGroup),
        })
        {
            var committed = await log.CommittedAsync(topic, group, cancel);
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
        string topic, IOtpTopic log, CancellationToken cancel,
        [Description("The partition. Default: 0.")] string? partition = null,
        [Description("The first offset to show. Default: the oldest that is kept.")] string? offset = null,
        [Description("How many at most, 1 to 500. Default: 50.")] string? limit = null)
    {
        var extent = (await log.ExtentsAsync(topic, cancel)).Partition(partition);
        var from = Math.Max(extent.Low, RequestValues.Number(offset, "offset", 0, long.MaxValue, extent.Low));
        var count = (int)RequestValues.Number(limit, "limit", 1, MaxLimit, DefaultLimit);
        var records = await log.ReadAsync(topic, extent.Partition, from, count, cancel);
        return TypedResults.Ok(new RecordPage(
            topic, extent.Partition, extent.Low, extent.High, [.. records.Select(Of)],
            records.Count > 0 && records[^1].Offset + 1 < extent.High ? records[^1].Offset + 1 : null));
    }

    private static RecordPage.Item Of(TopicRecord record) => new(
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

/// <summary>A topic.</summary>
public sealed record TopicDocument(
    string Topic,
    [property: Description("Records that are kept.")] long Records,
    [property: Description("Low is the oldest record's offset, high the one after the newest.")] IReadOnlyList<PartitionExtent> Partitions,
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
    [property: Description("The offset of the next page; null at the end.")] long? Next)
{
    public sealed record Item(
        long Offset, [property: Description("Null where it is no date: the problem says so.")] DateTimeOffset? Time, string? Email, string? Otp,
        [property: Description("Why a sink cannot store it; null where nothing speaks against it.")] string? Problem,
        IReadOnlyDictionary<string, string>? Headers);
}
