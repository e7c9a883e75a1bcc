using System.Globalization;
using Akka.Configuration;
using Akka.Configuration.Hocon;

namespace OtpActors.Streams.Kafka;

/// <summary>The defaults, as <c>reference.conf</c> in this assembly has them.</summary>
internal static class Reference
{
    private static readonly Lazy<Config> Defaults = new(() =>
    {
        using var stream = typeof(Reference).Assembly.GetManifestResourceStream("OtpActors.Streams.Kafka.reference.conf")!;
        using var reader = new StreamReader(stream);
        return ConfigurationFactory.ParseString(reader.ReadToEnd());
    });

    public static Config Section(string path, Config? over)
    {
        var defaults = Defaults.Value.GetConfig(path);
        return over is null || over.IsEmpty ? defaults : over.WithFallback(defaults);
    }

    /// <summary>
    /// The section <c>properties</c>, flat: <c>a.b = c</c> is the property "a.b", as is <c>a { b = c }</c>. A name that
    /// also begins longer names has to be quoted.
    /// </summary>
    public static Dictionary<string, string> Properties(Config section)
    {
        var found = new Dictionary<string, string>();
        if (section.GetValue("properties") is { } properties)
        {
            Collect(properties.GetObject(), "", found);
        }

        return found;
    }

    public static string Milliseconds(TimeSpan time) =>
        ((long)time.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);

    private static void Collect(HoconObject level, string prefix, Dictionary<string, string> into)
    {
        foreach (var (name, value) in level.Items)
        {
            if (value.IsObject())
            {
                Collect(value.GetObject(), $"{prefix}{name}.", into);
            }
            else
            {
                into[prefix + name] = value.GetString();
            }
        }
    }
}
