using System.CommandLine;
using System.Globalization;
using OtpActors.CommandLine.Screens;

namespace OtpActors.CommandLine.Services;

/// <summary><c>--limit</c> and <c>--cursor</c> of a list that the service gives in pages.</summary>
internal sealed class ListOptions
{
    private const int DefaultLimit = 50;

    public Option<int?> Limit { get; } = new("--limit")
    {
        Description = $"How many. [default: {DefaultLimit}]",
        HelpName = "N",
        CustomParser = Numbers.Parse<int>,
    };

    public Option<string?> Cursor { get; } = new("--cursor")
    {
        Description = "Go on where an earlier list ended: its next, of --json.",
        HelpName = "NEXT",
    };

    /// <exception cref="UsageException">It is not above 0.</exception>
    public int LimitOf(ParseResult parsed) => parsed.GetValue(Limit) switch
    {
        null => DefaultLimit,
        < 1 and var limit => throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"--limit: {limit} is not above 0.")),
        var limit => limit.Value,
    };

    /// <summary>As many pages as it takes.</summary>
    /// <param name="most">How many items a page takes at most.</param>
    /// <param name="read">Reads a page of so many items from a cursor on.</param>
    /// <param name="of">A page's items, and the cursor of the page after it.</param>
    /// <returns>The first page, all items, and the cursor to go on with; null at the end.</returns>
    public async Task<(TPage First, IReadOnlyList<TItem> Items, string? Next)> ReadAsync<TPage, TItem>(
        ParseResult parsed, int most, Func<int, string?, Task<TPage>> read, Func<TPage, (IReadOnlyList<TItem> Items, string? Next)> of)
    {
        var limit = LimitOf(parsed);
        var first = await read(Math.Min(limit, most), parsed.GetValue(Cursor));
        var (items, next) = of(first);
        List<TItem> all = [.. items];
        while (next is not null && all.Count < limit)
        {
            (items, next) = of(await read(Math.Min(limit - all.Count, most), next));
            all.AddRange(items);
        }

        return (first, all, next);
    }

    /// <summary>Below a list that goes on, for people.</summary>
    public void WriteMore(Screen screen, ParseResult parsed, string? next, string what)
    {
        if (next is not null && screen.IsTerminal)
        {
            screen.WriteText(string.Create(CultureInfo.InvariantCulture, $"… and {what}: --limit {LimitOf(parsed) * 2L} shows more."));
        }
    }

    /// <summary>An option that was given though it is for something else.</summary>
    /// <exception cref="UsageException">One of them was given.</exception>
    public static void Refuse(ParseResult parsed, string why, params IEnumerable<Option> options)
    {
        if (options.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is { } given)
        {
            throw new UsageException($"{given.Name} {why}.");
        }
    }
}
