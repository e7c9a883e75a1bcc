using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using OtpActors.Domain.Times;

namespace OtpActors.Domain.Runs;

/// <summary>A value of a request has another form than its field; the message says which form it must have, not the value.</summary>
public sealed class RequestFormException(string message) : JsonException(message);

/// <summary>
/// JSON of requests: camel case, unknown or repeated fields refused, lengths of time as people write them. What is wrong
/// is told by its path and never by its content.
/// </summary>
public static class RequestJson
{
    public static JsonSerializerOptions Options { get; } = Configure(new JsonSerializerOptions());

    public static JsonSerializerOptions Configure(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        options.PropertyNameCaseInsensitive = false;
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        options.AllowDuplicateProperties = false;
        options.RespectNullableAnnotations = true;
        options.RespectRequiredConstructorParameters = true;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.MaxDepth = 16;
        options.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        options.Converters.Add(new DurationConverter());
        options.Converters.Add(new NotifyLimitConverter());
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false));
        return options;
    }

    private sealed class DurationConverter : JsonConverter<TimeSpan>
    {
        public override TimeSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String && Durations.TryParse(reader.GetString(), out var duration)
                ? duration
                : throw new RequestFormException($"must be a length of time above zero: write {Durations.Forms}.");

        public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString("c", CultureInfo.InvariantCulture));
    }

    /// <summary>A number, or "all" or "none".</summary>
    private sealed class NotifyLimitConverter : JsonConverter<NotifyLimit>
    {
        public override NotifyLimit Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var n) && n >= 0 ? new NotifyLimit(n)
            : reader.TokenType == JsonTokenType.String && NotifyLimit.TryParse(reader.GetString(), out var limit) ? limit!
            : throw new RequestFormException("must be \"all\", \"none\" or a number of addresses.");

        public override void Write(Utf8JsonWriter writer, NotifyLimit value, JsonSerializerOptions options)
        {
            if (value.Addresses is { } n)
            {
                writer.WriteNumberValue(n);
            }
            else
            {
                writer.WriteStringValue("all");
            }
        }
    }
}
