using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace OtpActors.CommandLine;

/// <summary>Whole numbers as arguments; whether one is in bounds is its option's business.</summary>
internal static class Numbers
{
    public static T? Parse<T>(ArgumentResult result) where T : struct, IBinaryInteger<T>
    {
        var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (T.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        result.AddError($"{OptionOf(result)}: '{text}' is not a whole number, or too large.");
        return null;
    }

    /// <summary>The option a value was given to, as it was typed.</summary>
    public static string OptionOf(ArgumentResult value) => (value.Parent as OptionResult)?.IdentifierToken?.Value ?? "";
}
