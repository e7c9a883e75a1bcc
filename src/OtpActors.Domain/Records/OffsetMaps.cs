namespace OtpActors.Domain.Records;

/// <summary>Arithmetic on offsets by partition.</summary>
public static class OffsetMaps
{
    public static readonly OffsetMap Empty = OffsetMap.Empty;

    /// <summary>The larger offset of each partition.</summary>
    public static OffsetMap Max(this OffsetMap left, OffsetMap right)
    {
        foreach (var (partition, offset) in right)
        {
            if (!left.TryGetValue(partition, out var own) || own < offset)
            {
                left = left.SetItem(partition, offset);
            }
        }

        return left;
    }

    /// <summary>Whether every partition's offset in <paramref name="goal"/> is reached here.</summary>
    public static bool Covers(this OffsetMap offsets, OffsetMap goal) =>
        goal.All(wanted => wanted.Value == 0 || offsets.TryGetValue(wanted.Key, out var own) && own >= wanted.Value);
}
