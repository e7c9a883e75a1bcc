using System.CommandLine;
using System.CommandLine.Parsing;
using OtpActors.Domain.Runs;
using OtpActors.Triggers;

namespace OtpActors.CommandLine;

/// <summary>What a run is, as every command that asks for runs takes it; where records and passwords come from differs.</summary>
internal sealed class RequestOptions
{
    public Option<string?> Topic { get; } = Text("--topic", "NAME", "The topic, created if it is absent. [default: email_topic]");

    public Option<int?> Partitions { get; } = new("--partitions")
    {
        Description = "Partitions of a topic that is created. [default: 1]",
        HelpName = "N",
        CustomParser = Numbers.Parse<int>,
    };

    public Option<string?> Email { get; } = Text("--email", "ADDRESS", $"The one address to produce. [default: {RunRequests.DefaultEmail}]");

    public Option<TimeSpan?> Interval { get; } = Duration("--interval", "The time between two records of the one address. [default: 5s]");

    public Option<TimeSpan?> Length { get; } = Duration(
        "--duration", "From the first to the last record of the one address, both included. [default: 20s]");

    public Option<long?> Count { get; } = new("--count")
    {
        Description = "Instead of one address: N generated ones, each its own, with random passwords, as fast as they are taken.",
        HelpName = "N",
        CustomParser = Numbers.Parse<long>,
    };

    public Option<TimeSpan?> Window { get; } = Duration(
        "--window", "How long the sinks may store nothing more before the checks begin all the same. [default: 30s]");

    public Option<NotifyLimit?> Notify { get; } = new("--notify")
    {
        Description = "Mail and post all addresses found in a store, none, or the first N. [default: 100]",
        HelpName = "all|none|N",
        CustomParser = ParseLimit,
        CompletionSources = { "all", "none" },
    };

    /// <param name="otp">The one address's password.</param>
    /// <param name="records">Instead of one address.</param>
    public RunRequest ToRequest(ParseResult parsed, string? otp, IReadOnlyList<OtpInput>? records, TimeSpan? deadline = null) => new()
    {
        Topic = parsed.GetValue(Topic),
        Partitions = parsed.GetValue(Partitions),
        Email = parsed.GetValue(Email),
        Otp = otp,
        Interval = parsed.GetValue(Interval),
        Duration = parsed.GetValue(Length),
        Count = parsed.GetValue(Count),
        Records = records,
        Window = parsed.GetValue(Window),
        Notify = parsed.GetValue(Notify),
        Deadline = deadline,
    };

    public static Option<string?> Text(string name, string value, string description) => new(name) { Description = description, HelpName = value };

    public static Option<TimeSpan?> Duration(string name, string description) =>
        new(name) { Description = description, HelpName = "TIME", CustomParser = DurationArguments.Parse };

    private static NotifyLimit? ParseLimit(ArgumentResult result)
    {
        var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (!NotifyLimit.TryParse(text, out var limit))
        {
            result.AddError($"--notify takes all, none or a number of addresses, not '{text}'.");
        }

        return limit;
    }
}
