using System.CommandLine;
using OtpActors.Client;

namespace OtpActors.CommandLine.Services;

/// <summary>The options that say which records of a partition are listed.</summary>
internal sealed class StretchOptions
{
    private readonly Option<int?> _partition = new("--partition")
    {
        Description = "The partition. [default: 0]",
        HelpName = "N",
        CustomParser = Numbers.Parse<int>,
    };

    private readonly Option<long?> _offset = new("--offset")
    {
        Description = "The first offset to show. [default: the oldest that is kept, or the newest]",
        HelpName = "N",
        CustomParser = Numbers.Parse<long>,
    };

    private readonly Option<bool> _newest = new("--newest") { Description = "The newest first." };

    public ListOptions List { get; } = new();

    /// <summary>Those that a list of anything else does not have.</summary>
    public IReadOnlyList<Option> Own => [_partition, _offset, _newest];

    public IReadOnlyList<Option> All => [.. Own, List.Limit, List.Cursor];

    /// <param name="cursor">Stands for partition and offset, which are for the first page alone.</param>
    public RecordQuery ToQuery(ParseResult parsed, int limit, string? cursor)
    {
        var first = cursor is null || cursor == parsed.GetValue(List.Cursor); // given together they are refused by the service
        return new RecordQuery(
            first ? parsed.GetValue(_partition) : null, first ? parsed.GetValue(_offset) : null, limit,
            parsed.GetValue(_newest) ? "newest" : null, cursor);
    }
}
