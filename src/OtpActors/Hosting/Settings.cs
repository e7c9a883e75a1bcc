using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Json;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.FileProviders;
using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Configuration;

namespace OtpActors.Hosting;

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
    public static OtpActorsOptions Load(IEnumerable<KeyValuePair<string, string?>>? commandLine = null) => Read(commandLine).Options;

    /// <summary>The settings and where they come from.</summary>
    /// <exception cref="SettingsException">A key is unknown, or a value is wrong.</exception>
    internal static LoadedSettings Read(IEnumerable<KeyValuePair<string, string?>>? commandLine)
    {
        try
        {
            var builder = new ConfigurationBuilder();
            var environment = Environment.GetEnvironmentVariable(EnvironmentVariable);
            foreach (var file in Files(AppContext.BaseDirectory, Environment.CurrentDirectory, environment))
            {
                builder.AddJsonFile(file, optional: true);
            }

            var configuration = builder.AddEnvironmentVariables().AddInMemoryCollection(commandLine).Build();
            return new LoadedSettings(Bind(configuration), configuration);
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

    /// <exception cref="SettingsException">A key is unknown, or a value is wrong: all that is wrong is in the message, a line each.</exception>
    public static OtpActorsOptions Bind(IConfiguration configuration)
    {
        var reader = new SettingsReader(configuration);
        reader.Read(typeof(OtpActorsOptions));
        var options = new ConfigurationBuilder().AddInMemoryCollection(reader.Values).Build()
            .GetSection(OtpActorsOptions.Section)
            .Get<OtpActorsOptions>(binder => binder.ErrorOnUnknownConfiguration = true) ?? new OtpActorsOptions();
        List<string> faults = [.. reader.Faults, .. SettingsRules.Faults(options)];
        if (faults.Count == 0 && !SettingsRules.AreAlike(options.Mail, new MailOptions()))
        {
            try
            {
                _ = new MailTemplate(options.Mail, TimeProvider.System); // its files are settings too
            }
            catch (SettingsException e)
            {
                faults.Add($"{OtpActorsOptions.Section}:{e.Message}");
            }
        }

        return faults.Count == 0 ? options : throw new SettingsException(string.Join(Environment.NewLine, faults.Distinct()));
    }

    [GeneratedRegex(@"\A[a-zA-Z0-9_-]{1,64}\z")]
    private static partial Regex EnvironmentName();
}

/// <summary>The settings in force, and the configuration they were read from.</summary>
internal sealed record LoadedSettings(OtpActorsOptions Options, IConfiguration Configuration)
{
    public string SourceOf(string key) => SettingsReader.SourceOf(Configuration, key) switch
    {
        JsonConfigurationProvider { Source: var file } => Path.Combine((file.FileProvider as PhysicalFileProvider)?.Root ?? "", file.Path ?? ""),
        EnvironmentVariablesConfigurationProvider => $"environment {key.Replace(":", "__", StringComparison.Ordinal)}",
        MemoryConfigurationProvider => "command line",
        _ => "default",
    };
}
