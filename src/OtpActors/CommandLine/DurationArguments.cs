using System.CommandLine.Parsing;
using OtpActors.Domain.Times;

namespace OtpActors.CommandLine;

/// <summary>Lengths of time as arguments.</summary>
internal static class DurationArguments
{
    public static TimeSpan? Parse(ArgumentResult result)
    {
        var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (Durations.TryParse(text, out var duration))
        {
            return duration;
        }

        result.AddError($"{Numbers.OptionOf(result)}: '{text}' is not a length of time above zero: write {Durations.Forms}.");
        return null;
    }
}
