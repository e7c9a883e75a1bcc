using System.Globalization;
using OtpActors.Infrastructure.Topics;

namespace OtpActors.Api;

/// <summary>Which records of a partition a caller asks to see, and where the next page begins.</summary>
/// <param name="From">The first offset.</param>
/// <param name="To">The offset after the last.</param>
/// <param name="IsNewestFirst">Whether they are shown from the last to the first.</param>
internal sealed record Stretch(PartitionWatermarks Extent, long From, long To, int Limit, bool IsNewestFirst)
{
    /// <summary>Reads the query's parameters; a cursor stands for partition and offset.</summary>
    /// <exception cref="ApiProblemException">One of them is wrong, or there is no such partition.</exception>
    public static Stretch Parse(
        IReadOnlyList<PartitionWatermarks> extents, string? partition, string? offset, string? limit, string? order, string? cursor)
    {
        var newest = RequestValues.IsNewestFirst(order);
        var count = (int)RequestValues.Number(limit, "limit", 1, TopicEndpoints.MaxLimit, TopicEndpoints.DefaultLimit);
        if (cursor is not null && (partition ?? offset) is not null)
        {
            throw ApiProblemException.BadField("cursor", "it says where to go on: leave out partition and offset.");
        }

        var place = cursor is null ? (RecordPosition?)null : RequestValues.Place(cursor, "cursor");
        var extent = Find(extents, place?.Partition ?? (int)RequestValues.Number(partition, "partition", 0, TopicEndpoints.MaxPartition, 0));
        var first = place?.Offset ?? (offset is null ? null : RequestValues.Number(offset, "offset", 0, long.MaxValue - 1, 0));
        if (!newest)
        {
            var from = Math.Clamp(first ?? extent.Low, extent.Low, extent.High);
            return new Stretch(extent, from, extent.High, count, newest);
        }

        // A cursor names what was shown last; an offset names what is to be shown first.
        var to = Math.Clamp(first is { } named ? place is null ? named + 1 : named : extent.High, extent.Low, extent.High);
        return new Stretch(extent, Math.Max(extent.Low, to - count), to, count, newest);
    }

    /// <summary>The page, and the cursor of the next one; null at the end.</summary>
    /// <param name="read">Gives records from an offset on, as many or fewer; none at the end.</param>
    public async Task<(IReadOnlyList<T> Items, string? Next)> ReadAsync<T>(Func<long, int, Task<IReadOnlyList<T>>> read, Func<T, long> offsetOf)
    {
        if (From >= To)
        {
            return ([], null);
        }

        if (!IsNewestFirst)
        {
            var found = await read(From, Limit);
            return (found, found.Count > 0 && offsetOf(found[^1]) + 1 is var next && next < To ? Cursor(next) : null);
        }

        // Large records come in several reads, and the newest may come last: all of the stretch is read.
        var items = new List<T>();
        for (var from = From; from < To && await read(from, (int)(To - from)) is { Count: > 0 } page; from = offsetOf(page[^1]) + 1)
        {
            items.AddRange(page.Where(item => offsetOf(item) < To));
        }

        items.Reverse();
        return (items, From > Extent.Low ? Cursor(From) : null);
    }

    private string Cursor(long offset) => RequestValues.CursorOf(new RecordPosition(Extent.Partition, offset));

    private static PartitionWatermarks Find(IReadOnlyList<PartitionWatermarks> extents, int partition) =>
        extents.FirstOrDefault(extent => extent.Partition == partition)
        ?? throw new ApiProblemException(
            404, "unknown_partition", string.Create(CultureInfo.InvariantCulture, $"The topic has {extents.Count} partition(s), from 0 on."), "partition");
}
