using System.Text.Encodings.Web;
using System.Text.Json;
using OtpActors.Domain.Records;

namespace OtpActors.Infrastructure.Inputs;

/// <summary>
/// One record as a line of JSON: <c>{"email":"…","otp":"…"}</c>, in the checked copy of a file also
/// <c>"again":true</c> for an address that came before.
/// </summary>
internal static class JsonLine
{
    // Lines never reach a browser: only what JSON itself demands is escaped.
    public static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static void Write(Utf8JsonWriter writer, in OtpRecord record, bool again)
    {
        writer.WriteStartObject();
        writer.WriteString("email"u8, record.Email.Value);
        writer.WriteString("otp"u8, record.Otp.Reveal());
        if (again)
        {
            writer.WriteBoolean("again"u8, true);
        }

        writer.WriteEndObject();
        writer.Flush();
    }

    /// <summary>Reads a user's line; gives what is wrong with it, without repeating any of it.</summary>
    public static string? Parse(ReadOnlySpan<byte> line, out OtpRecord record) =>
        Parse(line, ownFile: false, out record, out _);

    /// <summary>Reads a line of a checked copy.</summary>
    public static string? Parse(ReadOnlySpan<byte> line, out OtpRecord record, out bool again) =>
        Parse(line, ownFile: true, out record, out again);

    private static string? Parse(ReadOnlySpan<byte> line, bool ownFile, out OtpRecord record, out bool again)
    {
        record = default;
        again = false;
        try
        {
            return Read(new Utf8JsonReader(line), ownFile, ref record, ref again);
        }
        catch (JsonException broken)
        {
            // The exception's own message would repeat a part of the line.
            return $"broken JSON at byte {broken.BytePositionInLine + 1}";
        }
        catch (InvalidOperationException)
        {
            return "a string is not Unicode text";
        }
    }

    private static string? Read(Utf8JsonReader reader, bool ownFile, ref OtpRecord record, ref bool again)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return "not a JSON object";
        }

        string? email = null, otp = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isEmail = reader.ValueTextEquals("email"u8);
            var isOtp = !isEmail && reader.ValueTextEquals("otp"u8);
            var isAgain = ownFile && reader.ValueTextEquals("again"u8);
            reader.Read();
            if (isAgain)
            {
                again = reader.GetBoolean();
                continue;
            }

            if (!isEmail && !isOtp)
            {
                return "a property that is neither email nor otp";
            }

            var name = isEmail ? "email" : "otp";
            if (reader.TokenType != JsonTokenType.String)
            {
                return reader.TokenType == JsonTokenType.Number
                    ? $"the {name} is a number, which would lose leading zeros: put it in quotes"
                    : $"the {name} is not a string";
            }

            if ((isEmail ? email : otp) is not null)
            {
                return $"the {name} is there twice";
            }

            (isEmail ? ref email : ref otp) = reader.GetString();
        }

        // Nothing but blanks may follow the object; the reader throws otherwise.
        reader.Read();
        return Check(email, otp, ownFile, out record);
    }

    private static string? Check(string? email, string? otp, bool ownFile, out OtpRecord record)
    {
        record = default;
        if (email is null || otp is null)
        {
            return email is null ? "the email is missing" : "the otp is missing";
        }

        if (ownFile)
        {
            // It was checked when it was copied, by the rules of that time.
            return EmailAddress.TryRestore(email, out var own) && OneTimePassword.TryRestore(otp, out var kept)
                && (record = new OtpRecord(own, kept)) is var _ ? null : "no record";
        }

        if (!EmailAddress.TryParse(email, out var address, out var error)
            || !OneTimePassword.TryParse(otp, out var password, out error))
        {
            return error;
        }

        record = new OtpRecord(address, password);
        return null;
    }
}
