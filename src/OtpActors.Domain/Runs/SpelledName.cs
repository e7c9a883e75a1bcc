using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace OtpActors.Domain.Runs;

/// <summary>
/// Writes the name of an enum's value, kept as text, as answers spell all such names: lower camel case. What is no single
/// name stays as it is. Reads both spellings: lists of runs hold what earlier versions wrote.
/// </summary>
public sealed partial class SpelledName : JsonConverter<string>
{
    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.GetString() is { } text && Lower().IsMatch(text) ? char.ToUpperInvariant(text[0]) + text[1..] : reader.GetString();

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(From(value));

    /// <summary>The name as it is spelled; of <c>Name: text</c> the name alone is.</summary>
    public static string From(string name) => Name().IsMatch(name) ? char.ToLowerInvariant(name[0]) + name[1..] : name;

    [GeneratedRegex(@"\A[A-Z][A-Za-z]*\z")]
    private static partial Regex Name();

    [GeneratedRegex(@"\A[a-z][A-Za-z]*\z")]
    private static partial Regex Lower();
}
