using OtpActors.CommandLine.Screens;

namespace OtpActors.CommandLine.Tables;

/// <summary>A column of a table.</summary>
/// <param name="Keep">
/// Columns with a lower number go first where the screen is too narrow for all; those with <see cref="Always"/> never do.
/// </param>
/// <param name="Right">Aligned to the right: numbers.</param>
/// <param name="Flexible">May be ended by an ellipsis: text for people. Ids and addresses may not.</param>
internal sealed record Column(string Name, int Keep = Column.Always, bool Right = false, bool Flexible = false)
{
    public const int Always = int.MaxValue;

    /// <summary>A flexible column is not made narrower than this: columns with a lower <see cref="Keep"/> go before it. Default 12.</summary>
    public int Least { get; init; } = 12;
}

/// <summary>
/// Rows under headings, for every command. On a terminal columns are aligned, as many as fit; where not even the important ones
/// do, or below <see cref="Screen.Narrow"/> columns, each row is a block of lines. In a file or a pipe, columns are separated
/// by a tab, all of them are there, and nothing is cut: for <c>cut -f</c>, <c>grep</c>, <c>awk -F'\t'</c> and <c>column -t</c>.
/// </summary>
internal sealed class Table(params IReadOnlyList<Column> columns)
{
    private const int Gap = 2;

    private readonly List<IReadOnlyList<Cell>> _rows = [];

    /// <param name="values">One for each column: text, numbers, times, or null where a value is missing.</param>
    public Table Add(params IReadOnlyList<object?> values)
    {
        if (values.Count != columns.Count)
        {
            throw new ArgumentException($"{columns.Count} values make a row, not {values.Count}.", nameof(values));
        }

        _rows.Add([.. values.Select(Cell.From)]);
        return this;
    }

    /// <summary>A list, which is for tools where it goes to a file or a pipe.</summary>
    public void Write(Screen screen)
    {
        if (screen.Width is { } width)
        {
            screen.Write(Lines(width));
            return;
        }

        foreach (var row in Tabbed())
        {
            screen.Out.WriteLine(row);
        }
    }

    /// <summary>A part of a text for people, in a file too.</summary>
    public void WriteAligned(Screen screen) => screen.Write(Lines(screen.Width ?? int.MaxValue));

    /// <summary>The table for a terminal of this width.</summary>
    public IReadOnlyList<Line> Lines(int width) =>
        width >= Screen.Narrow && Fit(width) is { } shown ? Aligned(shown) : Blocks(width);

    /// <summary>The table for tools: the headings, then the rows.</summary>
    public IEnumerable<string> Tabbed() => _rows.Select(row => row.Select(cell => cell.Plain))
        .Prepend(columns.Select(column => column.Name)).Select(row => string.Join('\t', row));

    /// <summary>The columns that fit, with their widths; null where too few do.</summary>
    private List<(int Index, int Width)>? Fit(int width)
    {
        var shown = Enumerable.Range(0, columns.Count)
            .Where(i => columns[i].Keep == Column.Always || _rows.Exists(row => row[i] != Cell.None))
            .Select(i => (Index: i, Width: _rows.Select(row => TextWidth.Measure(row[i].Shown)).Append(columns[i].Name.Length).Max()))
            .ToList();
        while (shown.Sum(column => column.Width + Gap) - Gap - width is var over and > 0)
        {
            var flexible = shown.FindIndex(column => columns[column.Index].Flexible && column.Width - over >= columns[column.Index].Least);
            if (flexible >= 0)
            {
                shown[flexible] = shown[flexible] with { Width = shown[flexible].Width - over };
                continue;
            }

            var least = shown.MinBy(column => columns[column.Index].Keep);
            if (columns[least.Index].Keep == Column.Always)
            {
                return null;
            }

            shown.Remove(least);
        }

        return shown;
    }

    private List<Line> Aligned(List<(int Index, int Width)> shown)
    {
        Line Row(Func<int, string> text, Ink ink) => new(shown.SelectMany((column, n) => new[]
        {
            new Span(n == 0 ? "" : new string(' ', Gap)),
            new Span(TextWidth.Pad(TextWidth.Cut(text(column.Index), column.Width), column.Width, columns[column.Index].Right), ink),
        }));
        string Shown(Cell cell, int index) => cell == Cell.None && columns[index].Right ? cell.Plain : cell.Shown;
        return [Row(i => columns[i].Name, Ink.Faint), .. _rows.Select(row => Row(i => Shown(row[i], i), Ink.Plain))];
    }

    /// <summary>The first column's value, and below it the others, each after its name.</summary>
    private List<Line> Blocks(int width)
    {
        var names = columns.Skip(1).Select(column => column.Name.Length).DefaultIfEmpty().Max();
        var indent = Gap + names + Gap;
        IEnumerable<Line> Value(string name, string value)
        {
            var label = new Span(TextWidth.Pad($"{new string(' ', Gap)}{name}", indent), Ink.Faint);
            var lines = TextWidth.Wrap(value, width - indent);
            return lines.Any(line => TextWidth.Measure(line) > width - indent)
                ? [new Line([label]), new Line(value)] // an id or an address: it gets all the room there is
                : lines.Select((line, n) => new Line([n == 0 ? label : new Span(new string(' ', indent)), new Span(line)]));
        }

        return
        [
            .. _rows.SelectMany(row => row.Skip(1)
                .SelectMany((cell, n) => cell == Cell.None ? [] : Value(columns[n + 1].Name, cell.Shown))
                .Prepend(new Line(row[0].Shown, Ink.Strong))),
        ];
    }
}
