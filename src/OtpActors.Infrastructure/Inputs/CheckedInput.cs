namespace OtpActors.Infrastructure.Inputs;

/// <summary>What the check of a user's file found.</summary>
/// <param name="Good">Lines that hold a record.</param>
/// <param name="Bad">Lines that do not.</param>
/// <param name="FirstBad">The first <see cref="BadLinesKept"/> of the bad lines, in file order.</param>
/// <param name="Distinct">How many different addresses the good lines have.</param>
/// <param name="Repeated">Good lines whose address came before.</param>
/// <param name="Blank">Lines without anything.</param>
public sealed record CheckedInput(
    long Good, long Bad, IReadOnlyList<BadLine> FirstBad, long Distinct, long Repeated, long Blank = 0)
{
    public const int BadLinesKept = 20;

    /// <summary>What the file has beside its header: each row is one of the three.</summary>
    public long Rows => Good + Bad + Blank;
}

/// <summary>What a reader has passed in a file, counted beside the rows that it gives.</summary>
public sealed class FileTally
{
    /// <summary>Physical lines, by their line breaks.</summary>
    public long Lines { get; internal set; }

    public long Headers { get; internal set; }

    public long Blank { get; internal set; }

    /// <summary>Lines that belong to the row that began in the line before.</summary>
    public long Continuations { get; internal set; }

    public long Rows => Lines - Headers - Continuations;
}

/// <param name="Line">The line in the file where the row begins, from 1; the header and blank lines count.</param>
/// <param name="Reason">What is wrong with it; never a password.</param>
public sealed record BadLine(long Line, string Reason);

/// <summary>
/// A file of records that cannot be used at all. The message says what is wrong, where, and what to do; it never
/// repeats the file's content.
/// </summary>
public sealed class InputFileException(string message, Exception? inner = null) : Exception(message, inner);
