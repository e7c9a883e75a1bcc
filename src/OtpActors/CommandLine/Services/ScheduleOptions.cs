using System.CommandLine;
using System.CommandLine.Parsing;
using OtpActors.Domain.Runs;
using OtpActors.Triggers;
using OtpActors.Triggers.Schedules;

namespace OtpActors.CommandLine.Services;

/// <summary>The options of <c>schedules set</c>, and the schedule they ask for: when, and what each run is.</summary>
internal sealed class ScheduleOptions
{
    private readonly Option<string?> _cron = new("--cron")
    {
        Description = "When: five fields (minute, hour, day, month, weekday), six with the second in front, or a macro, as --cron=@daily.",
        HelpName = "EXPRESSION",
        Required = true,
    };

    private readonly Option<string?> _timeZone = new("--time-zone")
    {
        Description = "The zone that the expression is meant in, by its IANA id, as Europe/Berlin. [default: UTC]",
        HelpName = "ZONE",
    };

    private readonly Option<OverlapPolicy?> _overlap = Choices.Option<OverlapPolicy>(
        "--overlap", "What becomes of a run where its topic is taken by another. [default: wait]");

    private readonly Option<TimeSpan?> _catchUp = Duration(
        "--catch-up", "Make up due times that passed at most this long ago while the service was down. [default: none]");

    private readonly Option<bool> _paused = new("--paused") { Description = "Its due times do not count until it is resumed." };

    private readonly Option<string?> _topic = Text("--topic", "NAME", "The runs' topic, created if it is absent. [default: email_topic]");

    private readonly Option<int?> _partitions = new("--partitions")
    {
        Description = "Partitions of a topic that is created. [default: 1]",
        HelpName = "N",
        CustomParser = Numbers.Parse<int>,
    };

    private readonly Option<string?> _email = Text("--email", "ADDRESS", $"The one address to produce. [default: {RunRequests.DefaultEmail}]");

    private readonly Option<string?> _otp = Text(
        "--otp-file", "FILE", $"A file with its password in the first line; '-' reads standard input. [default: {RunRequests.DefaultOtp}]");

    private readonly Option<TimeSpan?> _interval = Duration("--interval", "The time between two records of the one address. [default: 5s]");

    private readonly Option<TimeSpan?> _duration = Duration("--duration", "From the first to the last record of the one address. [default: 20s]");

    private readonly Option<long?> _count = new("--count")
    {
        Description = "Instead of one address: produce N generated ones, with random passwords.",
        HelpName = "N",
        CustomParser = Numbers.Parse<long>,
    };

    private readonly Option<string?> _records = Text(
        "--records", "FILE", $"Instead of one address: the records of FILE, CSV or JSON lines, at most {Texts.Number(RunRequests.MaxInlineRecords)}.");

    private readonly Option<TimeSpan?> _window = Duration(
        "--window", "How long the sinks may store nothing more before the checks begin all the same. [default: 30s]");

    private readonly Option<NotifyLimit?> _notify = new("--notify")
    {
        Description = "Mail and post all addresses found in a store, none, or the first N. [default: 100]",
        HelpName = "all|none|N",
        CustomParser = ParseLimit,
        CompletionSources = { "all", "none" },
    };

    private readonly Option<TimeSpan?> _deadline = Duration("--deadline", "A run is ended as timed out this long after it began. [default: never]");

    public IEnumerable<Option> All =>
    [
        _cron, _timeZone, _overlap, _catchUp, _paused,
        _topic, _partitions, _email, _otp, _interval, _duration, _count, _records, _window, _notify, _deadline,
    ];

    /// <param name="name">Null where the address tells it.</param>
    /// <exception cref="UsageException">A file cannot be used.</exception>
    public async Task<ScheduleForm> ToFormAsync(ParseResult parsed, string? name, CancellationToken cancellationToken) => new()
    {
        Name = name,
        Cron = parsed.GetValue(_cron),
        TimeZone = parsed.GetValue(_timeZone),
        Overlap = parsed.GetValue(_overlap),
        CatchUp = parsed.GetValue(_catchUp),
        Enabled = parsed.GetValue(_paused) ? false : null,
        Request = new RunRequest
        {
            Topic = parsed.GetValue(_topic),
            Partitions = parsed.GetValue(_partitions),
            Email = parsed.GetValue(_email),
            Otp = parsed.GetValue(_otp) is { } file ? await SecretFile.ReadAsync(_otp.Name, file, cancellationToken) : null,
            Interval = parsed.GetValue(_interval),
            Duration = parsed.GetValue(_duration),
            Count = parsed.GetValue(_count),
            Records = parsed.GetValue(_records) is { } records ? RecordFile.Read(records) : null,
            Window = parsed.GetValue(_window),
            Notify = parsed.GetValue(_notify),
            Deadline = parsed.GetValue(_deadline),
        },
    };

    private static Option<string?> Text(string name, string value, string description) => new(name) { Description = description, HelpName = value };

    private static Option<TimeSpan?> Duration(string name, string description) =>
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
