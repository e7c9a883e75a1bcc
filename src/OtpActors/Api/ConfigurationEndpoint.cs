using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using OtpActors.Hosting;

namespace OtpActors.Api;

/// <summary><c>/api/config</c>: the settings in force, secrets masked.</summary>
internal static class ConfigurationEndpoint
{
    private static readonly string[] SecretWords = ["password", "secret", "token", "key", "credential", "sasl.jaas"];

    private static readonly JsonSerializerOptions Json = new()
    {
        Converters = { new JsonStringEnumConverter(), new SecretConverter() },
    };

    public static void MapConfiguration(this RouteGroupBuilder api) =>
        api.MapGet("/config", (OtpActorsOptions options) => TypedResults.Ok(Redact(options))).Needs(ApiScope.Read)
            .WithTags("Service").WithSummary("The settings in force, secrets masked");

    internal static JsonNode Redact(OtpActorsOptions options)
    {
        var all = JsonSerializer.SerializeToNode(options, Json)!;
        if (all[nameof(OtpActorsOptions.Kafka)]?["Properties"] is JsonObject properties)
        {
            foreach (var name in properties.Select(property => property.Key).ToList()
                .Where(name => SecretWords.Any(word => name.Contains(word, StringComparison.OrdinalIgnoreCase))))
            {
                properties[name] = "***";
            }
        }

        foreach (var key in all[nameof(OtpActorsOptions.Http)]?["ApiKeys"]?.AsArray() ?? [])
        {
            key!["Sha256"] = "***";
        }

        return all;
    }

    private sealed class SecretConverter : JsonConverter<Secret>
    {
        public override Secret Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, Secret value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }
}
