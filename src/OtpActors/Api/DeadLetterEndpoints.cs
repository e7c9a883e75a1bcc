using System.ComponentModel;
using Microsoft.AspNetCore.Http.HttpResults;
using OtpActors.Infrastructure.Topics;
using OtpActors.Triggers;

namespace OtpActors.Api;

/// <summary><c>/api/dead-letters</c>: what could not be stored, and sending it again.</summary>
internal static class DeadLetterEndpoints
{
    public static void MapDeadLetters(this RouteGroupBuilder api)
    {
        var letters = api.MapGroup("/dead-letters").WithTags("Dead letters");
        letters.MapGet("", ListAsync).Needs(ApiScope.Read)
            .WithSummary("Look at a topic's dead letters")
            .WithDescription("Each sink writes its own letter of a record that it cannot store. Keys are masked, and passwords not shown.")
            .ProducesProblem(400).ProducesProblem(404).ProducesProblem(503);
        letters.MapPost("/redrive", RedriveAsync).Needs(ApiScope.Operate)
            .WithSummary("Send dead letters' records to their topic again")
            .WithDescription(
                "Key and value as they came. A record is sent again once, however many sinks wrote a letter of it and however often it is asked "
                + "for; a record that fails again makes new letters. On Kafka, whose brokers cannot tell, every request sends it once more. "
                + $"One request sends at most {DeadLetterBox.MaxRedriven} records: go on with the answer's next as cursor.")
            .Produces<RedriveDocument>(200).ProducesProblem(400).ProducesProblem(404).ProducesProblem(503);
    }

    private static async Task<Ok<DeadLetterPage>> ListAsync(
        IOtpTopic log, DeadLetterBox box, RunDefaults defaults, CancellationToken cancellationToken,
        [Description("The topic that the records came from. Default: email_topic.")] string? topic = null,
        [Description("The partition of its dead letters. Default: 0.")] string? partition = null,
        [Description("The first offset to show. Default: the oldest that is kept, or the newest.")] string? offset = null,
        [Description("How many at most, 1 to 500. Default: 50.")] string? limit = null,
        [Description("oldest or newest first. Default: oldest.")] string? order = null,
        [Description("The next of the page before, with the same order; instead of partition and offset.")] string? cursor = null)
    {
        var origin = await OriginAsync(log, topic ?? defaults.Topic.Name, cancellationToken);
        var extents = await box.DescribeAsync(origin, cancellationToken) ?? [new PartitionWatermarks(0, 0, 0)];
        var stretch = Stretch.Parse(extents, partition, offset, limit, order, cursor);
        var extent = stretch.Extent;
        var (items, next) = await stretch.ReadAsync(
            async (from, count) => (IReadOnlyList<DeadLetterPage.Item>)
                [.. (await box.ReadAsync(origin, new RecordPosition(extent.Partition, from), count, cancellationToken)).Select(letter => From(letter, origin))],
            item => item.Offset);
        return TypedResults.Ok(new DeadLetterPage(origin, DeadLetters.TopicOf(origin), extent.Partition, extent.Low, extent.High, items, next));
    }

    private static async Task<Ok<RedriveDocument>> RedriveAsync(
        RedriveRequest request, IOtpTopic log, DeadLetterBox box, RunDefaults defaults, HttpContext context,
        ILogger<DeadLetterBox> logger, CancellationToken cancellationToken)
    {
        request.Check();
        var origin = await OriginAsync(log, request.Topic ?? defaults.Topic.Name, cancellationToken);
        var done = request.Letters is { } letters
            ? await box.RedriveAsync(origin, [.. letters.Select((letter, i) => letter.ToPlace($"letters[{i}]"))], cancellationToken)
            : await box.RedriveAllAsync(origin, request.Cursor is { } cursor ? RequestValues.Place(cursor, "cursor") : default, cancellationToken);
        logger.LogInformation(
            "{Count} dead letter(s) of {Topic} redriven for {Caller}; {Already} were before", done.Redriven, origin,
            context.User.Identity?.Name ?? "a caller without a key", done.Already);
        return TypedResults.Ok(new RedriveDocument(
            origin, done.Redriven, done.Already, [.. done.Unknown.Select(LetterPlace.From)], done.Next is { } next ? RequestValues.CursorOf(next) : null));
    }

    /// <exception cref="ApiProblemException">There is no such topic.</exception>
    private static async Task<string> OriginAsync(IOtpTopic log, string topic, CancellationToken cancellationToken)
    {
        if (!TopicRules.IsForRecords(topic))
        {
            throw ApiProblemException.UnknownTopic();
        }

        await log.ExtentsAsync(topic, cancellationToken);
        return topic;
    }

    private static DeadLetterPage.Item From(DeadLetter letter, string origin) => new(
        letter.Place.Partition, letter.Place.Offset, TopicEndpoints.MaskedKey(letter.Record.Key),
        letter.Origin is { } place ? new OriginDocument(origin, place.Partition, place.Offset) : null,
        TopicEndpoints.Cut(letter.Sink), TopicEndpoints.Cut(letter.Reason), DeadLetters.TimeOf(letter.Record).Date, letter.Redriven);
}

/// <summary>Dead letters of a topic.</summary>
/// <param name="Topic">Where the records came from.</param>
/// <param name="DeadLetterTopic">Where the letters lie.</param>
public sealed record DeadLetterPage(
    string Topic, string DeadLetterTopic, int Partition, long Low, long High, IReadOnlyList<DeadLetterPage.Item> Items,
    [property: Description("The cursor of the next page; null at the end of the partition.")] string? Next)
{
    public sealed record Item(
        int Partition, long Offset, string? Key,
        [property: Description("Where the record lay; null where the letter does not say so, and then it cannot be sent again.")] OriginDocument? Origin,
        [property: Description("Who could not store it.")] string? Sink,
        string? Reason,
        [property: Description("When the record was produced; null where its time is no date, and then the reason says so.")]
        DateTimeOffset? Time,
        [property: Description("Whether the record was sent again; null where the topic cannot tell.")] bool? Redriven);
}

/// <summary>Which dead letters to send again.</summary>
public sealed record RedriveRequest
{
    private const int MaxLetters = DeadLetterBox.MaxRedriven;

    [Description("The topic that the records came from. Default: email_topic.")]
    public string? Topic { get; init; }

    [Description("These letters, at most 1,000.")]
    public IReadOnlyList<LetterPlace>? Letters { get; init; }

    [Description("Instead of single letters: true for all that were not sent again yet.")]
    public bool? All { get; init; }

    [Description("With all: where to begin, the next of the answer before or of a page of dead letters.")]
    public string? Cursor { get; init; }

    /// <exception cref="ApiProblemException">Fields are missing or do not go together.</exception>
    public void Check()
    {
        if (Letters is null == All is not true)
        {
            throw ApiProblemException.BadField("letters", "either some letters or all: true is required.");
        }

        if (Letters is not null && Cursor is not null)
        {
            throw ApiProblemException.BadField("cursor", "it goes with all: true alone.");
        }

        if (Letters is { Count: 0 or > MaxLetters })
        {
            throw ApiProblemException.BadField("letters", $"it must have 1 to {MaxLetters} letters.");
        }
    }
}

/// <summary>Where a letter lies.</summary>
public sealed record LetterPlace
{
    [Description("The partition of the dead letters.")]
    public int? Partition { get; init; }

    [Description("The letter's offset in it.")]
    public long? Offset { get; init; }

    public static LetterPlace From(RecordPosition place) => new() { Partition = place.Partition, Offset = place.Offset };
}

internal static class LetterPlaces
{
    /// <exception cref="ApiProblemException">It is none.</exception>
    public static RecordPosition ToPlace(this LetterPlace? place, string field) =>
        place is not { Partition: >= 0 and <= TopicEndpoints.MaxPartition and var partition }
            ? throw ApiProblemException.BadField($"{field}.partition", $"it must be a number from 0 to {TopicEndpoints.MaxPartition}.")
        : place.Offset is not >= 0
            ? throw ApiProblemException.BadField($"{field}.offset", "it must be a number from 0 on.")
        : new RecordPosition(partition, place.Offset.Value);
}

/// <param name="Redriven">Records sent again now.</param>
public sealed record RedriveDocument(
    string Topic, int Redriven,
    [property: Description("Letters whose record was sent again before, or as the letter of another sink.")] int Already,
    [property: Description("Places without a letter, or with one that does not say where its record came from.")] IReadOnlyList<LetterPlace> Unknown,
    [property: Description("The cursor to go on with; null where nothing is left.")] string? Next);
