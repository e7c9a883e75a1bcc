using System.Text.RegularExpressions;
using OtpActors.Domain.Runs;
using Shouldly;

namespace OtpActors.Tests.CommandLine.Golden;

/// <summary>
/// A screen kept as a text file beside this one. <c>OTPACTORS_WRITE_GOLDEN=1</c> writes what is there instead of comparing:
/// look at it before it is kept.
/// </summary>
internal static partial class GoldenScreen
{
    private static readonly bool Writes = Environment.GetEnvironmentVariable("OTPACTORS_WRITE_GOLDEN") == "1";

    public static void ShouldBe(IEnumerable<string> lines, string name)
    {
        var file = Path.Combine(Support.Repository.Root, "tests/OtpActors.Tests/CommandLine/Golden", $"{name}.txt");
        var text = string.Concat(InOrder(lines.Select(Steady)).Select(line => $"{line}\n"));
        if (Writes)
        {
            File.WriteAllText(file, text);
        }

        text.ShouldBe(File.ReadAllText(file), $"{name}.txt (OTPACTORS_WRITE_GOLDEN=1 writes it)");
    }

    /// <summary>What is another one each time becomes the same, as wide as it was.</summary>
    private static string Steady(string line) =>
        Moment().Replace(
            Seconds().Replace(KeyedRunId().Replace(RunId().Replace(line.TrimEnd(' '), "20260102-030405-abcdef"), "http-5f70bf18a086007016e948b0"), "1.23 s"),
            "$1 03:04:05Z");

    /// <summary>Plain lines come as the steps of two stores end: now one is first, now the other.</summary>
    private static IEnumerable<string> InOrder(IEnumerable<string> lines)
    {
        var steps = new List<(int Order, List<string> Lines)>();
        foreach (var line in lines)
        {
            var step = StepId.All.ToList().FindIndex(own => line.StartsWith($"{own.Name} ", StringComparison.Ordinal));
            if (step >= 0)
            {
                steps.Add((step, [line]));
            }
            else if (steps.Count > 0 && line.StartsWith("  ", StringComparison.Ordinal))
            {
                steps[^1].Lines.Add(line);
            }
            else
            {
                foreach (var own in Flush())
                {
                    yield return own;
                }

                yield return line;
            }
        }

        foreach (var own in Flush())
        {
            yield return own;
        }

        List<string> Flush()
        {
            List<string> ordered = [.. steps.OrderBy(own => own.Order).SelectMany(own => own.Lines)];
            steps.Clear();
            return ordered;
        }
    }

    [GeneratedRegex("[0-9]{8}-[0-9]{6}-[0-9a-f]{6}")]
    private static partial Regex RunId();

    [GeneratedRegex("http-[0-9a-f]{24}")]
    private static partial Regex KeyedRunId();

    [GeneratedRegex(@"\b([0-9]\.[0-9]{2}|[0-9]{2}\.[0-9]) s\b")]
    private static partial Regex Seconds();

    [GeneratedRegex("( at| since) [0-9]{2}:[0-9]{2}:[0-9]{2}Z")]
    private static partial Regex Moment();
}
