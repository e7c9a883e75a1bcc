namespace OtpActors.Cql;

/// <summary>What a query's text tells without being parsed.</summary>
internal static class QueryText
{
    /// <summary>Whether the word IF stands in a data change outside of quotes: a lightweight transaction.</summary>
    public static bool IsConditional(string query)
    {
        var text = query.AsSpan().TrimStart();
        if (!StartsWith(text, "INSERT") && !StartsWith(text, "UPDATE") && !StartsWith(text, "DELETE") && !StartsWith(text, "BEGIN"))
        {
            return false;
        }

        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is '\'' or '"')
            {
                var end = text[(i + 1)..].IndexOf(text[i]);
                if (end < 0)
                {
                    return false;
                }

                i += end + 1;
            }
            else if ((text[i] | 0x20) == 'i' && IsWord(text, i, "IF"))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether it changes the schema (or, what does no harm, users and permissions).</summary>
    public static bool IsSchemaChange(string query)
    {
        var text = query.AsSpan().TrimStart();
        return IsWord(text, 0, "CREATE") || IsWord(text, 0, "ALTER") || IsWord(text, 0, "DROP");
    }

    private static bool StartsWith(ReadOnlySpan<char> text, string word) =>
        text.StartsWith(word, StringComparison.OrdinalIgnoreCase);

    private static bool IsWord(ReadOnlySpan<char> text, int start, string word) =>
        StartsWith(text[start..], word)
        && (start == 0 || !IsPartOfName(text[start - 1]))
        && (start + word.Length == text.Length || !IsPartOfName(text[start + word.Length]));

    private static bool IsPartOfName(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or ':';
}
