using System.Text;
using CsvHelper;

namespace OtpActors.Records;

/// <summary>
/// CSV (RFC 4180) one physical line at a time: neither field may hold a line break, so an unclosed quote spoils its own
/// line and no other.
/// </summary>
internal sealed class CsvLines
{
    private const string EmailColumn = "email";
    private const string OtpColumn = "otp";

    private readonly CsvReaderOptions _options;
    private readonly int _email;
    private CsvMalformedReason? _malformed;

    /// <param name="header">The file's first line; names the columns in either order and any case.</param>
    /// <exception cref="FormatException">The header is another; the message does not repeat it: it may be a record.</exception>
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
        var names = Enumerable.Range(0, row.FieldCount).Select(i => Encoding.UTF8.GetString(row.GetSpan(i)).Trim()).ToList();
        _email = IndexOf(names, EmailColumn);
        var missing = new[] { EmailColumn, OtpColumn }.Where(name => IndexOf(names, name) < 0).ToList();
        if (missing.Count > 0)
        {
            throw new FormatException(names is [var only] && only.AsSpan().ContainsAny(";\t|")
                ? "the columns are not separated by commas"
                : $"the column '{string.Join("' and the column '", missing)}' is missing");
        }

        if (names.Count != 2)
        {
            throw new FormatException($"there are {names.Count} columns");
        }
    }

    public string? Parse(ReadOnlyMemory<byte> line, out OtpRecord record)
    {
        record = default;
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

        record = new OtpRecord(email, otp);
        return null;
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
        CsvMalformedReason.UnterminatedQuote => "a quote is never closed",
        CsvMalformedReason.TextAfterClosingQuote => "text follows a closing quote",
        CsvMalformedReason.StrayQuote => "a quote inside a field that does not begin with one",
        _ => "a carriage return inside a field",
    };
}
