using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using OtpActors.Domain.Runs;

namespace OtpActors.Client;

/// <summary>The API's documents as JSON, on the caller's side.</summary>
public static class ClientJson
{
    /// <summary>
    /// Spelled as the API spells them. Of answers, fields that a newer service has are passed over, and one that cannot be null
    /// must be there.
    /// </summary>
    public static JsonSerializerOptions Options { get; } = Create(indented: false);

    /// <summary>The same for people and tools: what <c>--json</c> prints.</summary>
    public static JsonSerializerOptions Shown { get; } = Create(indented: true);

    private static JsonSerializerOptions Create(bool indented)
    {
        var options = RequestJson.Configure(new JsonSerializerOptions());
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip;
        options.MaxDepth = 64;
        options.WriteIndented = indented;
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping; // never put into a page
        options.TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { Allow } };
        return options;
    }

    /// <summary>Answers leave out what is null.</summary>
    private static void Allow(JsonTypeInfo type)
    {
        foreach (var property in type.Properties)
        {
            property.IsRequired = property.IsRequired && property.AssociatedParameter is { IsNullable: false };
        }
    }
}
