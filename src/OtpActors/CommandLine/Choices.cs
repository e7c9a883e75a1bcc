using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;

namespace OtpActors.CommandLine;

/// <summary>
/// Values out of a few: in lower camel case, offered on completion, and any other refused with the nearest.
/// </summary>
internal static class Choices
{
    public static Option<T?> Option<T>(string name, string description) where T : struct, Enum
    {
        var option = new Option<T?>(name)
        {
            Description = description,
            HelpName = string.Join('|', Names<T>()),
            CustomParser = Parse<T>,
        };
        Offer<T>(option.CompletionSources);
        return option;
    }

    /// <param name="description">What it is for, without a full stop: the values follow it.</param>
    public static Argument<T> Argument<T>(string name, string description) where T : struct, Enum
    {
        var argument = new Argument<T>(name)
        {
            Description = $"{description}: {string.Join(", ", Names<T>())}.",
            HelpName = name,
            CustomParser = result => Parse<T>(result) ?? default,
        };
        Offer<T>(argument.CompletionSources);
        return argument;
    }

    public static IEnumerable<string> Names<T>() where T : struct, Enum =>
        Enum.GetNames<T>().Select(name => $"{char.ToLowerInvariant(name[0])}{name[1..]}");

    /// <summary>Instead of the names in the code, which the library would offer.</summary>
    private static void Offer<T>(List<Func<CompletionContext, IEnumerable<CompletionItem>>> sources)
        where T : struct, Enum
    {
        sources.Clear();
        sources.Add([.. Names<T>()]);
    }

    private static T? Parse<T>(ArgumentResult result) where T : struct, Enum
    {
        var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (Names<T>().Contains(text, StringComparer.OrdinalIgnoreCase))
        {
            return Enum.Parse<T>(text, ignoreCase: true);
        }

        var place = Numbers.OptionOf(result) is { Length: > 0 } option ? option : result.Argument.Name;
        result.AddError($"{place}: '{text}' is not one of {string.Join(", ", Names<T>())}.");
        return null;
    }
}
