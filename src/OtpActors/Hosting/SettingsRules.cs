using System.Collections;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace OtpActors.Hosting;

/// <summary>Checks the rules that the options carry, at every depth, and names each setting as its user writes it.</summary>
internal static partial class SettingsRules
{
    /// <summary>
    /// What is wrong, a sentence each. Sections with nothing but defaults are passed over: the defaults keep the rules, which
    /// would load the servers' libraries into every command.
    /// </summary>
    public static IEnumerable<string> Faults(OtpActorsOptions options) =>
        Section(options, new OtpActorsOptions(), OtpActorsOptions.Section);

    /// <summary>The same with nothing passed over.</summary>
    internal static IEnumerable<string> AllFaults(OtpActorsOptions options) =>
        Section(options, null, OtpActorsOptions.Section);

    /// <summary>Whether two sections have the same settings, at every depth.</summary>
    internal static bool AreAlike(object? one, object? other) =>
        Equals(one, other)
        || (one is not null && other is not null && (one, other) switch
        {
            (ICollection { Count: var count }, ICollection { Count: var others }) => count == 0 && others == 0,
            _ => ShownSettings.IsSection(one.GetType())
                && ShownSettings.PropertiesOf(one.GetType()).All(each => AreAlike(each.GetValue(one), each.GetValue(other))),
        });

    /// <param name="usual">The section's defaults; null where nothing within is passed over.</param>
    private static IEnumerable<string> Section(object section, object? usual, string path)
    {
        foreach (var property in ShownSettings.PropertiesOf(section.GetType()))
        {
            var (key, value) = ($"{path}:{property.Name}", property.GetValue(section));
            foreach (var rule in property.GetCustomAttributes<ValidationAttribute>())
            {
                if (rule.GetValidationResult(value, new ValidationContext(section) { MemberName = property.Name, DisplayName = key }) is { ErrorMessage: var message })
                {
                    yield return rule switch
                    {
                        RangeAttribute range => $"{key} must be from {range.Minimum} to {range.Maximum}.",
                        RequiredAttribute => $"{key} is required.",
                        _ => $"{Keyed(message ?? "", section, path, key).TrimEnd('.')}.",
                    };
                }
            }

            var defaults = usual is null ? null : property.GetValue(usual);
            IEnumerable<(object Section, string Path)> within =
                value is not null && ShownSettings.IsSection(value.GetType())
                    ? defaults is not null && AreAlike(value, defaults) ? [] : [(value, key)]
                : property.IsDefined(typeof(ValidateEnumeratedItemsAttribute)) && value is IEnumerable items
                    ? items.Cast<object>().Select((item, i) => (item, $"{key}:{i}"))
                : [];
            foreach (var fault in within.SelectMany(each => Section(each.Section, value == each.Section ? defaults : null, each.Path)))
            {
                yield return fault;
            }
        }

        if (section is IValidatableObject own)
        {
            foreach (var result in own.Validate(new ValidationContext(section)))
            {
                yield return Keyed(result.ErrorMessage ?? "", section, path, path);
            }
        }
    }

    /// <summary>Rules name a setting from the root (<c>Mail.Smtp.Host</c>) or from their own section (<c>Url</c>).</summary>
    private static string Keyed(string message, object section, string path, string key)
    {
        var full = FromRoot().Replace(message, match =>
            typeof(OtpActorsOptions).GetProperty(match.Groups[1].Value) is null ? match.Value : $"{OtpActorsOptions.Section}:{match.Value.Replace('.', ':')}");
        return full.StartsWith($"{OtpActorsOptions.Section}:", StringComparison.Ordinal) ? full
            : FirstWord().Match(full).Value is { Length: > 0 } word && section.GetType().GetProperty(word) is not null ? $"{path}:{full}"
            : $"{key}: {full}";
    }

    [GeneratedRegex(@"(?<![A-Za-z0-9_:./])([A-Z][A-Za-z]+)(?:[.:][A-Z][A-Za-z0-9]*)+")]
    private static partial Regex FromRoot();

    [GeneratedRegex(@"\A[A-Z][A-Za-z0-9]*")]
    private static partial Regex FirstWord();
}
