using System.Text.Unicode;
using OtpActors.Domain.Records;

namespace OtpActors.Infrastructure.Inputs;

/// <summary>One line of a user's file: a record, or what is wrong.</summary>
/// <param name="Number">The physical line, from 1.</param>
/// <param name="Record">The record, where there is no <paramref name="Error"/>.</param>
/// <param name="Error">The reason that this is no record; never a password.</param>
public readonly record struct OtpLine(long Number, OtpRecord Record, string? Error);

/// <summary>
/// A user's file of records, UTF-8: CSV with the header <c>email,otp</c>, or JSON lines. Which of the two is
/// told by the content, whatever the file is called. Lines end with LF, CRLF or CR. Blank lines are passed over and counted.
/// </summary>
public static class OtpFile
{
    private const string Wanted = "CSV with the header 'email,otp', or one {\"email\":\"…\",\"otp\":\"…\"} a line";

    private static readonly byte[] Blanks = " \t\r\n"u8.ToArray();

    /// <summary>
    /// The file's records and bad lines, lazily, in memory that does not grow with the file.
    /// </summary>
    /// <param name="tally">Counts what is read, for whoever wants to know that nothing was lost.</param>
    /// <exception cref="InputFileException">The file cannot be read or is none of the two formats.</exception>
    public static IEnumerable<OtpLine> Read(string path, FileTally? tally = null)
    {
        tally ??= new FileTally();
        using var stream = Open(path);
        var reader = new LineReader(stream);
        var json = DetectJson(reader, path);
        CsvLines? csv = null;
        var (empty, ahead) = (true, false);
        while (ahead || NextLine(reader, path))
        {
            ahead = false;
            tally.Lines = reader.Number;
            var number = reader.Number;
            var line = reader.Line;
            if (!reader.TooLong && line.Span.Trim(Blanks).IsEmpty)
            {
                tally.Blank++;
                continue;
            }

            if (!json && csv is null)
            {
                csv = ReadHeader(line, number, path);
                tally.Headers++;
                continue;
            }

            empty = false;
            var record = default(OtpRecord);
            var error = reader.TooLong ? $"longer than {LineReader.MaxLineBytes / 1024} KiB"
                : csv is null ? JsonLine.Parse(line.Span, out record)
                : csv.Parse(line, out record);
            if (error == CsvLines.Unclosed && NextLine(reader, path))
            {
                var broken = !reader.TooLong && csv!.Closes(reader.Line);
                (error, ahead) = broken ? (CsvLines.Broken, false) : (error, true);
                tally.Continuations += broken ? 1 : 0;
                tally.Lines = reader.Number - (ahead ? 1 : 0);
            }

            yield return new OtpLine(number, record, error);
        }

        if (empty)
        {
            throw Unusable(path, csv is null ? "it is empty" : "it has a header and no records");
        }
    }

    /// <summary>For those who want to know before they make anything ready for its records.</summary>
    /// <exception cref="InputFileException">There is no file of this name.</exception>
    public static void RequireThere(string path)
    {
        if (Directory.Exists(path))
        {
            throw new InputFileException($"'{path}' is a directory. Name a file: {Wanted}.");
        }

        if (!File.Exists(path))
        {
            throw Missing(path);
        }
    }

    private static FileStream Open(string path)
    {
        RequireThere(path);
        try
        {
            return LineReader.Open(path);
        }
        catch (Exception exception)
            when (exception is FileNotFoundException or DirectoryNotFoundException or ArgumentException)
        {
            throw Missing(path, exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, exception);
        }
    }

    /// <summary>Looks at the start of the file and passes over a UTF-8 byte order mark.</summary>
    private static bool DetectJson(LineReader reader, string path)
    {
        try
        {
            var mark = reader.Peek(3);
            if (mark.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || mark.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
            {
                throw new InputFileException($"'{path}' is UTF-16. Save it as UTF-8.");
            }

            if (mark.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
            {
                reader.Skip(3);
            }

            return reader.Peek(4096).TrimStart(Blanks) switch
            {
                [(byte)'[', ..] => throw Unusable(path, "it is a JSON array"),
                [(byte)'{', ..] => true,
                _ => false,
            };
        }
        catch (IOException exception)
        {
            throw Unreadable(path, exception);
        }
    }

    private static bool NextLine(LineReader reader, string path)
    {
        try
        {
            if (!reader.Read())
            {
                return false;
            }
        }
        catch (IOException exception)
        {
            throw Unreadable(path, exception);
        }

        return Utf8.IsValid(reader.Line.Span)
            ? true
            : throw new InputFileException(
                $"'{path}' is not UTF-8: line {reader.Number} has other bytes. Save it as UTF-8.");
    }

    private static CsvLines ReadHeader(ReadOnlyMemory<byte> line, long number, string path)
    {
        try
        {
            return new CsvLines(line);
        }
        catch (FormatException exception)
        {
            throw Unusable(path, $"line {number} is not the header 'email,otp': {exception.Message}");
        }
    }

    private static InputFileException Missing(string path, Exception? cause = null) => new(
        $"There is no file '{path}'. Check the path; relative ones start at {Environment.CurrentDirectory}.", cause);

    private static InputFileException Unusable(string path, string reason) =>
        new($"'{path}' cannot be used: {reason}. Wanted is {Wanted}.");

    private static InputFileException Unreadable(string path, Exception cause) =>
        new($"'{path}' cannot be read: {cause.Message.TrimEnd('.')}. Check its permissions and its disk.", cause);
}
