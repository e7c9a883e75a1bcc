namespace OtpActors.CommandLine;

/// <summary>What somebody may have meant who typed something else.</summary>
internal static class Nearest
{
    private const int MostNamed = 3;

    /// <summary>
    /// <c> Did you mean 'runs' or 'run'?</c>, to be put behind a message; empty where nothing is near.
    /// </summary>
    public static string Hint(string typed, IEnumerable<string> known)
    {
        var near = From(typed, known);
        return near.Count == 0 ? "" : $" Did you mean {string.Join(" or ", near.Select(each => $"'{each}'"))}?";
    }

    /// <summary>The nearest by the number of slips, those that begin as typed included; the nearest first.</summary>
    public static IReadOnlyList<string> From(string typed, IEnumerable<string> known) =>
        [.. known.Distinct(StringComparer.Ordinal)
            .Select(each => (Name: each, Slips: Slips(typed.ToLowerInvariant(), each.ToLowerInvariant())))
            .Where(each => each.Slips <= Math.Max(1, typed.TrimStart('-').Length / 3) || Begins(each.Name, typed))
            .OrderBy(each => each.Slips).ThenBy(each => each.Name, StringComparer.Ordinal)
            .Select(each => each.Name).Take(MostNamed)];

    private static bool Begins(string name, string typed) =>
        typed.TrimStart('-').Length > 1 && name.StartsWith(typed, StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// Characters inserted, left out, replaced, or swapped with the next: the optimal string alignment distance.
    /// </summary>
    internal static int Slips(string from, string to)
    {
        var (before, last, row) = (new int[to.Length + 1], new int[to.Length + 1], new int[to.Length + 1]);
        for (var j = 0; j <= to.Length; j++)
        {
            row[j] = j;
        }

        for (var i = 1; i <= from.Length; i++)
        {
            (before, last, row) = (last, row, before);
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                var replaced = last[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
                row[j] = Math.Min(replaced, Math.Min(last[j], row[j - 1]) + 1);
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                {
                    row[j] = Math.Min(row[j], before[j - 2] + 1);
                }
            }
        }

        return row[to.Length];
    }
}
