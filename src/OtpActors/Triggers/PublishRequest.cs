using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Serialization;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;

namespace OtpActors.Triggers;

/// <summary>
/// Records to publish: one (<c>{email, otp?}</c>), many (<c>{records: […]}</c>), each with or without a topic, or a bare
/// array of records.
/// </summary>
/// <remarks>No record: its text would show the passwords.</remarks>
[JsonConverter(typeof(Forms))]
public sealed class PublishRequest
{
    /// <summary>Null for the settings' topic.</summary>
    public string? Topic { get; init; }

    public required IReadOnlyList<OtpInput> Records { get; init; }

    /// <summary>What the list is called in the request; null where the request is one record.</summary>
    private string? List { get; init; }

    /// <exception cref="RunRequestException">One of the records is wrong; the field names it.</exception>
    public IReadOnlyList<OtpRecord> ToRecords() => List is null
        ? [RunRequests.RecordOf(Records[0], "")]
        : Records.Count == 0 ? throw new RunRequestException("records", "at least one record is required")
        : RunRequests.InlineOf(Records, List);

    /// <exception cref="RunRequestException">It is no topic that records are published to.</exception>
    public string TopicOf(RunDefaults defaults)
    {
        var topic = Topic ?? defaults.Topic.Name;
        RunRequests.CheckTopic(new RunRequest { Topic = topic }, defaults);
        return topic;
    }

    /// <summary>The request as an object.</summary>
    internal sealed class ObjectForm
    {
        [Description("The topic, created if it is absent. Default: email_topic.")]
        public string? Topic { get; init; }

        [Description("The address, where it is one record.")]
        public string? Email { get; init; }

        [Description("Its password: 1 to 128 characters. Left out, one of 7 random digits is made.")]
        public string? Otp { get; init; }

        [Description("Instead of one address: these records, at most 10,000.")]
        public IReadOnlyList<OtpInput>? Records { get; init; }
    }

    private sealed class Forms : JsonConverter<PublishRequest>
    {
        public override PublishRequest Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions defaults)
        {
            if (reader.TokenType == JsonTokenType.StartArray)
            {
                return new PublishRequest { Records = JsonSerializer.Deserialize<List<OtpInput>>(ref reader, defaults)!, List = "" };
            }

            if (reader.TokenType != JsonTokenType.StartObject)
            {
                throw new RequestFormException("must be an object or an array.");
            }

            var form = JsonSerializer.Deserialize<ObjectForm>(ref reader, defaults)!;
            if (form.Records is null)
            {
                return new PublishRequest { Topic = form.Topic, Records = [new OtpInput { Email = form.Email, Otp = form.Otp }] };
            }

            return form.Email is null && form.Otp is null
                ? new PublishRequest { Topic = form.Topic, Records = form.Records, List = "records" }
                : throw new RunRequestException("records", "says what is published: leave out email and otp");
        }

        public override void Write(Utf8JsonWriter writer, PublishRequest value, JsonSerializerOptions defaults) =>
            JsonSerializer.Serialize(writer, new ObjectForm { Topic = value.Topic, Records = value.Records }, defaults);
    }
}
