using System.ComponentModel;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Times;

namespace OtpActors.Triggers.Commands;

/// <summary>A run as a command asks for it: every field of a run request, and until when it may start.</summary>
/// <remarks>No record: its text would show the password.</remarks>
public sealed class CommandRequest : RunRequest
{
    [Description("A command that is read after this time starts nothing and becomes a dead letter, as 2031-05-17T08:30:00Z. "
        + "Default: it never is too late.")]
    [JsonConverter(typeof(InstantConverter))]
    public DateTimeOffset? NotAfter { get; init; }
}

/// <summary>A time that says its offset from UTC: one that does not means something else on every machine.</summary>
internal sealed class InstantConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && Instants.TryParse(reader.GetString(), out var time, requireOffset: true)
            ? time
            : throw new RequestFormException("must be a time with its offset, as 2031-05-17T08:30:00Z.");

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString("O", CultureInfo.InvariantCulture));
}
