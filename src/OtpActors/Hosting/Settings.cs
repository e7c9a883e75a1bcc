using System.Reflection;

namespace OtpActors.Hosting;

/// <summary>The configuration is wrong; the message names the keys and what is wrong with each.</summary>
public sealed class SettingsException(string message) : Exception(message);

/// <summary>
/// Reads the settings: defaults &lt; <c>appsettings.json</c> beside the program &lt; <c>appsettings.json</c> in the working
/// directory &lt; environment (<c>OtpActors__Topic__Name</c>) &lt; command line.
/// </summary>
public static class Settings
{
    /// <param name="commandLine">Keys with the section's name, as <c>OtpActors:Data</c>.</param>
    /// <exception cref="SettingsException">A key is unknown, or a value is wrong.</exception>
    public static OtpActorsOptions Load(IEnumerable<KeyValuePair<string, string?>>? commandLine = null)
    {
        try
        {
            return Bind(new ConfigurationBuilder()
                .AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json"), optional: true)
                .AddJsonFile(Path.GetFullPath("appsettings.json"), optional: true)
                .AddEnvironmentVariables()
                .AddInMemoryCollection(commandLine)
                .Build());
        }
        catch (InvalidDataException e)
        {
            throw new SettingsException($"{e.Message} {e.InnerException?.Message}".Trim());
        }
    }

    /// <exception cref="SettingsException">A key is unknown, or a value is wrong.</exception>
    public static OtpActorsOptions Bind(IConfiguration configuration)
    {
        var section = configuration.GetSection(OtpActorsOptions.Section);
        var unknown = UnknownKeys(section, typeof(OtpActorsOptions)).ToList();
        if (unknown.Count > 0)
        {
            throw new SettingsException(string.Join(Environment.NewLine, unknown));
        }

        try
        {
            // Without it the binder leaves out an item of a list that it cannot read, and says nothing.
            var options = section.Get<OtpActorsOptions>(binder => binder.ErrorOnUnknownConfiguration = true) ?? new OtpActorsOptions();
            var result = new OtpActorsOptionsValidator().Validate(null, options);
            return result.Failed ? throw new SettingsException(string.Join(Environment.NewLine, result.Failures)) : options;
        }
        catch (InvalidOperationException e) when (OfKey(e) is { } said)
        {
            throw new SettingsException(said.InnerException is { } cause ? $"{said.Message} {cause.Message}" : said.Message);
        }
    }

    /// <summary>The binder's failure that names the key.</summary>
    private static Exception? OfKey(Exception? e) =>
        e is null || e.Message.Contains($"{OtpActorsOptions.Section}:", StringComparison.Ordinal) ? e : OfKey(e.InnerException);

    private static Type? ElementOf(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(List<>) ? type.GetGenericArguments()[0] : null;

    private static IEnumerable<string> UnknownKeys(IConfigurationSection section, Type type)
    {
        var known = type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite).ToList();
        foreach (var child in section.GetChildren())
        {
            var property = known.FirstOrDefault(p => p.Name.Equals(child.Key, StringComparison.OrdinalIgnoreCase));
            if (property is null)
            {
                yield return $"{child.Path} is not a setting; {section.Path} has {string.Join(", ", known.Select(p => p.Name))}.";
            }
            else if (ElementOf(property.PropertyType) is { } element)
            {
                foreach (var inner in child.GetChildren().Where(item => item.GetChildren().Any()).SelectMany(item => UnknownKeys(item, element)))
                {
                    yield return inner;
                }
            }
            else if (property.PropertyType.Namespace?.StartsWith(nameof(OtpActors), StringComparison.Ordinal) == true
                && !property.PropertyType.IsEnum)
            {
                foreach (var inner in UnknownKeys(child, property.PropertyType))
                {
                    yield return inner;
                }
            }
            else if (property.PropertyType == typeof(Dictionary<string, string>))
            {
                continue; // its keys are free
            }
            else if (child.GetChildren().Any())
            {
                yield return $"{child.Path} takes a value, not a section.";
            }
        }
    }
}
