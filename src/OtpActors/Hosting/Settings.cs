using System.Reflection;
using System.Text.RegularExpressions;

namespace OtpActors.Hosting;

/// <summary>The configuration is wrong; the message names the keys and what is wrong with each.</summary>
public sealed class SettingsException(string message) : Exception(message);

/// <summary>
/// Reads the settings: defaults &lt; <c>appsettings.json</c>, then <c>appsettings.ENVIRONMENT.json</c> beside the program &lt;
/// the same two in the working directory &lt; environment (<c>OtpActors__Topic__Name</c>) &lt; command line.
/// </summary>
public static partial class Settings
{
    /// <summary>Names the environment whose file is read as well: in the image it is <c>Docker</c>.</summary>
    public const string EnvironmentVariable = "DOTNET_ENVIRONMENT";

    /// <param name="commandLine">Keys with the section's name, as <c>OtpActors:Data</c>.</param>
    /// <exception cref="SettingsException">A key is unknown, or a value is wrong.</exception>
    public static OtpActorsOptions Load(IEnumerable<KeyValuePair<string, string?>>? commandLine = null)
    {
        try
        {
            var builder = new ConfigurationBuilder();
            foreach (var file in Files(AppContext.BaseDirectory, Environment.CurrentDirectory, Environment.GetEnvironmentVariable(EnvironmentVariable)))
            {
                builder.AddJsonFile(file, optional: true);
            }

            return Bind(builder.AddEnvironmentVariables().AddInMemoryCollection(commandLine).Build());
        }
        catch (InvalidDataException e)
        {
            throw new SettingsException($"{e.Message} {e.InnerException?.Message}".Trim());
        }
    }

    /// <summary>
    /// The files, the weakest first. Where the program is started in its own directory each is there once: otherwise the
    /// general file would be read again after that of the environment, and take its settings back.
    /// </summary>
    /// <exception cref="SettingsException">The environment's name cannot be part of a file's name.</exception>
    internal static IReadOnlyList<string> Files(string program, string working, string? environment)
    {
        if (environment is { Length: > 0 } && !EnvironmentName().IsMatch(environment))
        {
            throw new SettingsException($"{EnvironmentVariable} must be 1 to 64 of the characters a-z A-Z 0-9 _ -.");
        }

        string[] names = environment is { Length: > 0 } ? ["appsettings.json", $"appsettings.{environment}.json"] : ["appsettings.json"];
        return [.. new[] { program, working }
            .Select(directory => Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory))).Distinct()
            .SelectMany(directory => names.Select(name => Path.Combine(directory, name)))];
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
        catch (InvalidOperationException e)
        {
            throw new SettingsException(OfKey(e) ?? "A setting cannot be read.");
        }
    }

    /// <summary>The binder's failure that names the key, in words that do not repeat the value: it may be a secret at the wrong key.</summary>
    private static string? OfKey(Exception? e) => e is null ? null
        : Unreadable().Match(e.Message) is { Success: true, Groups: var said } ? $"{said[1].Value}: the value cannot be read as {said[2].Value}."
        : OfKey(e.InnerException);

    [GeneratedRegex(@"\A.*' at '(OtpActors:[^']*)' to type '(?:[^']*[.+])?([^'.+]*)'", RegexOptions.Singleline)]
    private static partial Regex Unreadable();

    [GeneratedRegex(@"\A[a-zA-Z0-9_-]{1,64}\z")]
    private static partial Regex EnvironmentName();

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
            else if (property.PropertyType == typeof(Dictionary<string, Secret>))
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
