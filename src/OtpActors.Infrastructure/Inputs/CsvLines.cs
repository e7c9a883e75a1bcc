using System.Text;
using CsvHelper;
using OtpActors.Domain.Records;

namespace OtpActors.Infrastructure.Inputs;

/// <summary>
/// CSV (RFC 4180) one physical line at a time: neither field may hold a line break. A quoted field that goes on in the next
/// line is one bad row of two lines; a quote that is closed nowhere spoils its own line and no other.
/// </summary>
internal sealed class CsvLines
{
    /// <summary>What <see cref="Parse"/> says of a line that ends within quotes.</summary>
    public const string Unclosed = "a quote is never closed";

    /// <summary>What is wrong with two lines of which <see cref="Closes"/> says that they are one row.</summary>
    public const string Broken = "a line break (carriage return or line feed) inside quotes";

    private const string EmailColumn = "email";
    private const string OtpColumn = "otp";

    private readonly CsvReaderOptions _options;
    private readonly int _email;
    private CsvMalformedReason? _malformed;

    /// <param name="header">The file's first line; names the columns in either order and any case.</param>
    /// <exception cref="FormatException">Another header; the message does not repeat it: it may be a record.</exception>
    public CsvLines(ReadOnlyMemory<byte> header)
    {
        _options = new CsvReaderOptions
        {
            Separator = ',',
            HasHeader = false,
            DetectSeparatorHint = false,
            SkipEmptyLines = false,
            AllowLineBreaksInQuotes = false,
            IncludeValuesInExceptions = false,
            OnMalformedRecord = malformed => _malformed = malformed.Reason,
            BufferSize = 1024,
        };
        using var row = Open(header);
        if (_malformed is { } reason)
        {
            throw new FormatException(Explain(reason));
        }

        var names = new List<string>();
        for (var i = 0; i < row.FieldCount; i++)
        {
            names.Add(Encoding.UTF8.GetString(row.GetSpan(i)).Trim());
        }

        _email = IndexOf(names, EmailColumn);
        var otp = IndexOf(names, OtpColumn);
        var fault = names is [var only] && only.AsSpan().ContainsAny(";\t|") ? "the columns are not separated by commas"
            : _email < 0 && otp < 0 ? "it names neither column"
            : _email < 0 || otp < 0 ? $"the column '{(otp < 0 ? OtpColumn : EmailColumn)}' is missing"
            : names.Count != 2 ? $"there are {names.Count} columns"
            : null;
        if (fault is not null)
        {
            throw new FormatException(fault);
        }
    }

    public string? Parse(ReadOnlyMemory<byte> line, out OtpRecord record)
    {
        record = default;
        if (line.Span.StartsWith("\uFEFF"u8))
        {
            return "the line begins with an invisible character, a byte order mark"; // the reader would pass over it
        }

        using var row = Open(line);
        if (_malformed is { } reason)
        {
            return Explain(reason);
        }

        if (row.FieldCount != 2)
        {
            return row.FieldCount == 1 ? "1 column instead of 2" : $"{row.FieldCount} columns instead of 2";
        }

        if (!EmailAddress.TryParse(row.GetSpan(_email), out var email, out var error)
            || !OneTimePassword.TryParse(row.GetSpan(1 - _email), out var otp, out error))
        {
            return error;
        }

        if (row.Read())
        {
            return "the line holds more than one row"; // nothing behind a row may be lost
        }

        record = new OtpRecord(email, otp);
        return null;
    }

    /// <summary>
    /// Whether a line ends the quotes that the one before left open. No line that is well-formed by itself does: its quotes
    /// are even in number, and those of such a rest are odd.
    /// </summary>
    public bool Closes(ReadOnlyMemory<byte> line)
    {
        using var row = Open((byte[])[(byte)'"', .. line.Span]);
        return _malformed is null;
    }

    private CsvReader Open(ReadOnlyMemory<byte> line)
    {
        _malformed = null;
        var row = CsvReader.Create(line, _options);
        row.Read();
        return row;
    }

    private static int IndexOf(List<string> names, string name) =>
        names.FindIndex(own => own.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static string Explain(CsvMalformedReason reason) => reason switch
    {
        CsvMalformedReason.UnterminatedQuote => Unclosed,
        CsvMalformedReason.TextAfterClosingQuote => "text follows a closing quote",
        CsvMalformedReason.StrayQuote => "a quote inside a field that does not begin with one",
        _ => Broken,
    };
}
