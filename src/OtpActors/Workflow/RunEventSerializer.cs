using System.Text.Json;
using System.Text.Json.Serialization;
using Akka.Actor;
using Akka.Serialization;
using OtpActors.Records;

namespace OtpActors.Workflow;

/// <summary>
/// The journal's form of <see cref="RunEvents"/>: JSON under short constant names with a version, so that types can be
/// renamed and old journals still be read. A form, once released, is never changed: a new version is added beside it.
/// </summary>
/// <remarks>The journal holds a run's password in clear where its spec does: it is as secret as the topic.</remarks>
public sealed class RunEventSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    private static readonly IReadOnlyDictionary<string, Type> Types = new Dictionary<string, Type>
    {
        ["requested:1"] = typeof(RunEvents.Requested),
        ["started:1"] = typeof(RunEvents.StepStarted),
        ["attempt-failed:1"] = typeof(RunEvents.AttemptFailed),
        ["failed:1"] = typeof(RunEvents.StepFailed),
        ["skipped:1"] = typeof(RunEvents.StepSkipped),
        ["topic:1"] = typeof(RunEvents.TopicConfirmed),
        ["sink-ready:1"] = typeof(RunEvents.SinkReady),
        ["sink:1"] = typeof(RunEvents.SinkProgressed),
        ["sink-ended:1"] = typeof(RunEvents.SinkEnded),
        ["produced:1"] = typeof(RunEvents.Produced),
        ["production:1"] = typeof(RunEvents.ProductionCompleted),
        ["check:1"] = typeof(RunEvents.CheckCompleted),
        ["notified:1"] = typeof(RunEvents.Notified),
        ["notifying:1"] = typeof(RunEvents.NotifyingCompleted),
        ["paused:1"] = typeof(RunEvents.Paused),
        ["resumed:1"] = typeof(RunEvents.Resumed),
        ["reopened:1"] = typeof(RunEvents.Reopened),
        ["ended:1"] = typeof(RunEvents.Ended),
    };

    private static readonly IReadOnlyDictionary<Type, string> Manifests = Types.ToDictionary(t => t.Value, t => t.Key);

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(), new PasswordConverter(), new AddressConverter(), new RecordSpecConverter() },
    };

    public override int Identifier => 2741;

    public override string Manifest(object o) => Manifests.TryGetValue(o.GetType(), out var manifest)
        ? manifest
        : throw new ArgumentException($"{o.GetType().Name} has no journal form.", nameof(o));

    public override byte[] ToBinary(object obj) => JsonSerializer.SerializeToUtf8Bytes(obj, obj.GetType(), Json);

    public override object FromBinary(byte[] bytes, string manifest) => Types.TryGetValue(manifest, out var type)
        ? JsonSerializer.Deserialize(bytes, type, Json) ?? throw new JsonException($"The journal's '{manifest}' is null.")
        : throw new ArgumentException(
            $"The journal holds '{manifest}', which this version does not know: it was written by a newer one.", nameof(manifest));

    private sealed class PasswordConverter : JsonConverter<OneTimePassword>
    {
        public override OneTimePassword Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            OneTimePassword.Parse(reader.GetString() ?? "");

        public override void Write(Utf8JsonWriter writer, OneTimePassword value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.Reveal());
    }

    private sealed class AddressConverter : JsonConverter<EmailAddress>
    {
        public override EmailAddress Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            EmailAddress.Parse(reader.GetString() ?? "");

        public override void Write(Utf8JsonWriter writer, EmailAddress value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.Value);
    }

    /// <summary><c>{"kind": "sample" | "generated" | "spooled", …}</c></summary>
    private sealed class RecordSpecConverter : JsonConverter<RecordSpec>
    {
        private sealed record Form(
            string Kind, long Count, EmailAddress? Email, OneTimePassword? Otp, TimeSpan? Interval, string? Seed,
            string? FileName, long? Distinct, long? BadLines);

        public override RecordSpec Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            JsonSerializer.Deserialize<Form>(ref reader, options) switch
            {
                { Kind: "sample" } f => new RecordSpec.Sample(new OtpRecord(f.Email!.Value, f.Otp!.Value), f.Interval!.Value, f.Count),
                { Kind: "generated" } f => new RecordSpec.Generated(f.Count, f.Seed!),
                { Kind: "spooled" } f => new RecordSpec.Spooled(f.FileName!, f.Count, f.Distinct!.Value, f.BadLines ?? 0),
                var f => throw new JsonException($"The journal has records of kind '{f?.Kind}', which this version does not know."),
            };

        public override void Write(Utf8JsonWriter writer, RecordSpec value, JsonSerializerOptions options)
        {
            var form = value switch
            {
                RecordSpec.Sample s => new Form("sample", s.Count, s.Record.Email, s.Record.Otp, s.Interval, null, null, null, null),
                RecordSpec.Generated g => new Form("generated", g.Count, null, null, null, g.Seed, null, null, null),
                RecordSpec.Spooled s => new Form("spooled", s.Count, null, null, null, null, s.FileName, s.Distinct, s.BadLines),
                _ => throw new JsonException($"{value.GetType().Name} has no journal form."),
            };
            JsonSerializer.Serialize(writer, form, options);
        }
    }
}
