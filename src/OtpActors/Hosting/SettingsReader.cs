using System.Globalization;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using OtpActors.Domain.Times;
using OtpActors.Infrastructure.Configuration;

namespace OtpActors.Hosting;

/// <summary>
/// Goes through what is configured before it is bound: every key must be a setting, every value readable. All that is wrong is
/// found at once, by its key; no value is repeated, since it may be a secret at the wrong place.
/// </summary>
internal sealed class SettingsReader(IConfiguration configuration)
{
    private readonly List<string> _faults = [];
    private readonly Dictionary<string, string?> _values = new(StringComparer.OrdinalIgnoreCase);

    public IReadOnlyList<string> Faults => _faults;

    /// <summary>What can be read, lengths of time in the form that the binder takes.</summary>
    public IReadOnlyDictionary<string, string?> Values => _values;

    public void Read(Type type) => Section(configuration.GetSection(OtpActorsOptions.Section), type);

    /// <summary>The key as its user wrote it: in the environment with double underscores.</summary>
    public static string NameOf(IConfiguration configuration, string key) => SourceOf(configuration, key) is EnvironmentVariablesConfigurationProvider
        ? $"{key} (in the environment: {key.Replace(":", "__", StringComparison.Ordinal)})"
        : key;

    /// <summary>Where the value in force comes from; null for a default.</summary>
    public static IConfigurationProvider? SourceOf(IConfiguration configuration, string key) =>
        (configuration as IConfigurationRoot)?.Providers.Reverse().FirstOrDefault(provider => provider.TryGet(key, out _));

    private void Section(IConfigurationSection section, Type type)
    {
        var known = ShownSettings.PropertiesOf(type).ToList();
        foreach (var child in section.GetChildren())
        {
            if (known.FirstOrDefault(property => property.Name.Equals(child.Key, StringComparison.OrdinalIgnoreCase)) is { } property)
            {
                Setting(child, property.PropertyType);
            }
            else
            {
                var names = string.Join(", ", known.Select(p => p.Name));
                _faults.Add($"{NameOf(configuration, child.Path)} is not a setting; {section.Path} has {names}.");
            }
        }
    }

    private void Setting(IConfigurationSection setting, Type type)
    {
        var items = type.IsGenericType && type.GetGenericTypeDefinition() == typeof(List<>) ? type.GetGenericArguments()[0] : null;
        if (items is not null || type == typeof(Dictionary<string, Secret>) || ShownSettings.IsSection(type))
        {
            if (setting.Value is { Length: > 0 })
            {
                var within = items is not null ? "0" : ShownSettings.IsSection(type) ? ShownSettings.PropertiesOf(type).First().Name : "NAME";
                _faults.Add($"{NameOf(configuration, setting.Path)} takes settings of its own and no value: {setting.Path}:{within} and so on.");
            }

            if (ShownSettings.IsSection(type))
            {
                Section(setting, type);
            }
            else
            {
                foreach (var item in setting.GetChildren())
                {
                    Setting(item, items ?? typeof(Secret));
                }
            }
        }
        else if (setting.GetChildren().Any())
        {
            _faults.Add($"{NameOf(configuration, setting.Path)} takes a value, not a section.");
        }
        else
        {
            Value(setting, Nullable.GetUnderlyingType(type) ?? type, isNullable: !type.IsValueType || Nullable.GetUnderlyingType(type) is not null);
        }
    }

    private void Value(IConfigurationSection setting, Type type, bool isNullable)
    {
        var text = setting.Value;
        if (string.IsNullOrEmpty(text) && isNullable)
        {
            _values[setting.Path] = text;
        }
        else if (Read(text ?? "", type) is { } readable)
        {
            _values[setting.Path] = readable;
        }
        else
        {
            _faults.Add($"{NameOf(configuration, setting.Path)} must be {FormsOf(type)}, as {setting.Path}={ExampleOf(type)}.");
        }
    }

    /// <returns>The value as the binder takes it; null if it cannot be read.</returns>
    private static string? Read(string text, Type type)
    {
        var trimmed = text.Trim();
        return type == typeof(TimeSpan) ? Time(trimmed)?.ToString("c", CultureInfo.InvariantCulture)
            : type == typeof(bool) ? bool.TryParse(trimmed, out var flag) ? $"{flag}" : null
            : type == typeof(short) || type == typeof(int) || type == typeof(long) ? Whole(trimmed, type)
            : type == typeof(double) ? double.TryParse(trimmed, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? trimmed : null
            : type.IsEnum ? Enum.GetNames(type).FirstOrDefault(name => name.Equals(trimmed, StringComparison.OrdinalIgnoreCase))
            : type == typeof(Uri) ? Uri.TryCreate(trimmed, UriKind.Absolute, out _) ? trimmed : null
            : text;
    }

    /// <summary>As everywhere (<see cref="Durations"/>), and .NET's own form, which says days too: <c>30.00:00:00</c>.</summary>
    private static TimeSpan? Time(string text) =>
        text.Count(c => c == ':') == 2 && TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out var time) ? time
        : Durations.TryParse(text, out time) ? time
        : null;

    private static string? Whole(string text, Type type)
    {
        var (least, most) = type == typeof(short) ? (short.MinValue, short.MaxValue)
            : type == typeof(int) ? (int.MinValue, int.MaxValue)
            : (long.MinValue, long.MaxValue);
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number.ToString(CultureInfo.InvariantCulture) : null;
    }

    private static string FormsOf(Type type) =>
        type == typeof(TimeSpan) ? $"a length of time ({Durations.Forms}, days before a point: 30.00:00:00)"
        : type == typeof(bool) ? "true or false"
        : type.IsEnum ? $"one of {string.Join(", ", Enum.GetNames(type))}"
        : type == typeof(Uri) ? "an absolute URL"
        : type == typeof(double) ? "a number" : "a whole number";

    private static string ExampleOf(Type type) =>
        type == typeof(TimeSpan) ? "30s"
        : type == typeof(bool) ? "true"
        : type.IsEnum ? Enum.GetNames(type)[^1]
        : type == typeof(Uri) ? "http://localhost:4317" : "10";
}
