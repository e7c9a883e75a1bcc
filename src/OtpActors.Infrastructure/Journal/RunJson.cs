using System.Text.Json;
using System.Text.Json.Serialization;
using OtpActors.Domain.Records;

namespace OtpActors.Infrastructure.Journal;

/// <summary>How the journal writes JSON: events and snapshots alike.</summary>
internal static class RunJson
{
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(), new PasswordConverter(), new AddressConverter(), new RecordSpecConverter() },
    };

    private sealed class PasswordConverter : JsonConverter<OneTimePassword>
    {
        public override OneTimePassword Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            OneTimePassword.Restore(reader.GetString());

        public override void Write(Utf8JsonWriter writer, OneTimePassword value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.Reveal());
    }

    private sealed class AddressConverter : JsonConverter<EmailAddress>
    {
        public override EmailAddress Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            EmailAddress.Restore(reader.GetString());

        public override void Write(Utf8JsonWriter writer, EmailAddress value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.Value);
    }

    /// <summary><c>{"kind": "sample" | "generated" | "spooled", …}</c></summary>
    private sealed class RecordSpecConverter : JsonConverter<RecordSpec>
    {
        private sealed record Form(
            string Kind, long Count, EmailAddress? Email, OneTimePassword? Otp, TimeSpan? Interval, string? Seed,
            string? FileName, long? Distinct, long? BadLines, long? BlankLines = null);

        public override RecordSpec Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            JsonSerializer.Deserialize<Form>(ref reader, options) switch
            {
                { Kind: "sample" } f => new RecordSpec.Sample(new OtpRecord(f.Email!.Value, f.Otp!.Value), f.Interval!.Value, f.Count),
                { Kind: "generated" } f => new RecordSpec.Generated(f.Count, f.Seed!),
                { Kind: "spooled" } f => new RecordSpec.Spooled(f.FileName!, f.Count, f.Distinct!.Value, f.BadLines ?? 0, f.BlankLines ?? 0),
                var f => throw new JsonException($"The journal has records of kind '{f?.Kind}', which this version does not know."),
            };

        public override void Write(Utf8JsonWriter writer, RecordSpec value, JsonSerializerOptions options)
        {
            var form = value switch
            {
                RecordSpec.Sample s => new Form("sample", s.Count, s.Record.Email, s.Record.Otp, s.Interval, null, null, null, null),
                RecordSpec.Generated g => new Form("generated", g.Count, null, null, null, g.Seed, null, null, null),
                RecordSpec.Spooled s => new Form("spooled", s.Count, null, null, null, null, s.FileName, s.Distinct, s.BadLines, s.BlankLines > 0 ? s.BlankLines : null),
                _ => throw new JsonException($"{value.GetType().Name} has no journal form."),
            };
            JsonSerializer.Serialize(writer, form, options);
        }
    }
}
