using System.Reflection;
using System.Text.RegularExpressions;
using Confluent.Kafka;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Configuration;

namespace OtpActors.Tests.Hosting;

/// <summary>Every setting there is, found in the code: none can be forgotten.</summary>
internal static partial class SettingsTree
{
    /// <param name="Key">Beneath <c>OtpActors</c>; of a list the first item's.</param>
    /// <param name="Type">What it holds, without the question mark.</param>
    public sealed record Leaf(string Key, Type Type, bool IsShown)
    {
        /// <summary>Whether any text can be in it.</summary>
        public bool IsText => Type == typeof(string) || Type == typeof(Secret) || Type == typeof(Uri);

        public string Full => $"{OtpActorsOptions.Section}:{Key}";

        public string Variable => Full.Replace(":", "__", StringComparison.Ordinal);

        public override string ToString() => Key;
    }

    public static IReadOnlyList<Leaf> Leaves { get; } = [.. Of(typeof(OtpActorsOptions), "")];

    private static IEnumerable<Leaf> Of(Type section, string path) => section
        .GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite)
        .SelectMany(property => Of(property, Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType, path + property.Name));

    private static IEnumerable<Leaf> Of(PropertyInfo property, Type type, string path)
    {
        var shown = property.GetCustomAttribute<ShownAttribute>();
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(List<>))
        {
            return Of(property, type.GetGenericArguments()[0], $"{path}:0");
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Dictionary<,>))
        {
            return ClientProperties.Select(name => new Leaf($"{path}:{name}", type.GetGenericArguments()[1], shown?.Entries.Contains(name) == true));
        }

        return type.Namespace!.StartsWith(nameof(OtpActors), StringComparison.Ordinal) && type.IsClass && type != typeof(Secret)
            ? Of(type, $"{path}:")
            : [new Leaf(path, type, shown is not null)];
    }

    /// <summary>The texts among the Kafka client's own properties, and one that nobody knows.</summary>
    private static IEnumerable<string> ClientProperties =>
        new[] { typeof(ConsumerConfig), typeof(ProducerConfig), typeof(AdminClientConfig) }
            .SelectMany(type => type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
            .Where(property => property.PropertyType == typeof(string) && property.CanWrite)
            .Select(property => Capital().Replace(property.Name, ".").ToLowerInvariant().TrimStart('.'))
            .Where(name => name != "bootstrap.servers")
            .Append("nobody.knows.it").Distinct();

    [GeneratedRegex("(?=[A-Z])")]
    private static partial Regex Capital();
}
