using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.Json.Nodes;
using OtpActors.Infrastructure.Configuration;

namespace OtpActors.Hosting;

/// <summary>
/// The settings as they may be shown: numbers, names of a list, lengths of time, and the texts that are
/// <see cref="ShownAttribute">declared harmless</see>. A URL is shown without user, path and query. Everything else that
/// is set is a mask.
/// </summary>
public static class ShownSettings
{
    /// <summary>The whole tree under the names that the settings have; null where nothing is set.</summary>
    public static JsonObject From(OtpActorsOptions options) => Section(options);

    /// <summary>A section's own settings, in the order of the code.</summary>
    internal static IEnumerable<PropertyInfo> PropertiesOf(Type section) =>
        section.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite);

    internal static bool IsSection(Type type) =>
        type is { IsClass: true, Namespace: { } name } && type != typeof(Secret)
        && name.StartsWith(nameof(OtpActors), StringComparison.Ordinal);

    private static JsonObject Section(object section)
    {
        var shown = new JsonObject();
        foreach (var property in PropertiesOf(section.GetType()))
        {
            shown[property.Name] = Node(property.GetValue(section), property.GetCustomAttribute<ShownAttribute>());
        }

        return shown;
    }

    private static JsonNode? Node(object? value, ShownAttribute? attribute) => value switch
    {
        null => null,
        Secret => Secret.Mask,
        bool flag => JsonValue.Create(flag),
        short or int or long => JsonValue.Create(Convert.ToInt64(value, CultureInfo.InvariantCulture)),
        double number => JsonValue.Create(number),
        TimeSpan time => time.ToString("c", CultureInfo.InvariantCulture),
        Enum => value.ToString(),
        Uri { IsAbsoluteUri: true } url => url.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped),
        string text => attribute is null ? Secret.Mask : text,
        IReadOnlyDictionary<string, Secret> entries => Entries(entries, attribute),
        IEnumerable items => new JsonArray([.. items.Cast<object?>().Select(item => Node(item, attribute))]),
        _ when IsSection(value.GetType()) => Section(value),
        _ => Secret.Mask,
    };

    private static JsonObject Entries(IReadOnlyDictionary<string, Secret> entries, ShownAttribute? attribute)
    {
        var shown = new JsonObject();
        foreach (var (name, value) in entries)
        {
            shown[name] = attribute?.Entries.Contains(name, StringComparer.OrdinalIgnoreCase) == true ? value.Reveal() : Secret.Mask;
        }

        return shown;
    }
}
