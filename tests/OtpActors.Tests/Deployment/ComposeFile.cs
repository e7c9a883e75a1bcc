using System.Text.RegularExpressions;

namespace OtpActors.Tests.Deployment;

/// <summary><c>docker-compose.yml</c> as the rules below look at it.</summary>
internal sealed partial class ComposeFile
{
    public const string Path = "docker-compose.yml";

    private readonly Dictionary<object, object> _root = Repository.Yaml(Path);

    public ComposeFile() => Services = Section("services").ToDictionary(
        each => (string)each.Key, each => new ComposeService((string)each.Key, (Dictionary<object, object>)each.Value));

    public IReadOnlyDictionary<string, ComposeService> Services { get; }

    public IReadOnlyList<string> Volumes => [.. Section("volumes").Keys.Cast<string>()];

    /// <summary>The files of <c>deploy/secrets</c> that are mounted.</summary>
    public IReadOnlyList<string> Secrets => [.. Services.Values.SelectMany(service => service.Secrets.Values)];

    /// <summary>The variables that it requires, each time it does, and whether it refuses to go on without.</summary>
    public static IReadOnlyList<(string Name, bool Required)> Variables => [.. Variable().Matches(Repository.Text(Path))
        .Where(match => !match.Groups["default"].Success).Select(match => (match.Groups["name"].Value, match.Groups["message"].Length > 0))];

    /// <summary>What is left of the text of a value once its variables have theirs.</summary>
    public static string Resolve(string value, IReadOnlyDictionary<string, string> variables) =>
        Variable().Replace(value, match => match.Groups["default"] is { Success: true } other ? other.Value : variables[match.Groups["name"].Value]).Replace("$$", "$", StringComparison.Ordinal);

    /// <summary>Dollars that are neither a variable in braces nor doubled.</summary>
    public static IReadOnlyList<string> StrayDollars => [.. Repository.Lines(Path)
        .Where(line => Variable().Replace(line, "").Replace("$$", "", StringComparison.Ordinal).Contains('$', StringComparison.Ordinal))];

    private Dictionary<object, object> Section(string name) => (Dictionary<object, object>)_root[name];

    [GeneratedRegex(@"(?<!\$)\$\{(?<name>[A-Za-z0-9_]+)(:\?(?<message>[^}]+)|:-(?<default>[^}]+))?\}")]
    private static partial Regex Variable();
}

/// <summary>One service of it.</summary>
internal sealed class ComposeService(string name, Dictionary<object, object> properties)
{
    public string Name => name;

    public string Image => (string)properties["image"];

    public bool IsBuilt => properties.ContainsKey("build");

    public bool IsReadOnly => properties.GetValueOrDefault("read_only") is "true";

    public bool HasHealthCheck => properties.GetValueOrDefault("healthcheck") is Dictionary<object, object> check && check.ContainsKey("test");

    public IReadOnlyList<string> HealthCheck => Texts(((Dictionary<object, object>)properties["healthcheck"])["test"]);

    public string? StopGracePeriod => (string?)properties.GetValueOrDefault("stop_grace_period");

    public IReadOnlyList<string> Profiles => Texts(properties.GetValueOrDefault("profiles"));

    public IReadOnlyList<string> Networks => Texts(properties.GetValueOrDefault("networks"));

    public IReadOnlyList<string> Ports => Texts(properties.GetValueOrDefault("ports"));

    public IReadOnlyList<string> Mounts => Texts(properties.GetValueOrDefault("volumes"));

    /// <summary>Files of <c>deploy/secrets</c>, by where the container finds them.</summary>
    public IReadOnlyDictionary<string, string> Secrets => Mounts.Where(mount => mount.StartsWith("./deploy/secrets/", StringComparison.Ordinal))
        .Select(mount => mount.Split(':')).ToDictionary(parts => parts[1], parts => parts[0]);

    public IReadOnlyDictionary<string, string> BuildArguments => properties.GetValueOrDefault("build") is Dictionary<object, object> build
        ? Map(build.GetValueOrDefault("args"), value => (string)value)
        : new Dictionary<string, string>();

    public IReadOnlyList<string> CapabilitiesDropped => Texts(properties.GetValueOrDefault("cap_drop"));

    public IReadOnlyDictionary<string, string> Environment => Map(properties.GetValueOrDefault("environment"), value => (string)value);

    /// <summary>Whom it waits for, and until when.</summary>
    public IReadOnlyDictionary<string, string> DependsOn =>
        Map(properties.GetValueOrDefault("depends_on"), value => (string)((Dictionary<object, object>)value)["condition"]);

    private static List<string> Texts(object? value) => value is List<object> list ? [.. list.Cast<string>()] : [];

    private static Dictionary<string, string> Map(object? value, Func<object, string> text) =>
        value is Dictionary<object, object> map ? map.ToDictionary(each => (string)each.Key, each => text(each.Value)) : [];
}
