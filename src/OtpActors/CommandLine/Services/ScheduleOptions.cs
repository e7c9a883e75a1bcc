using System.CommandLine;
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

    private readonly Option<TimeSpan?> _catchUp = RequestOptions.Duration(
        "--catch-up", "Make up due times that passed at most this long ago while the service was down. [default: none]");

    private readonly Option<bool> _paused = new("--paused") { Description = "Its due times do not count until it is resumed." };

    private readonly RequestOptions _request = new();

    private readonly Option<string?> _otp = RequestOptions.Text(
        "--otp-file", "FILE", $"A file with its password in the first line; '-' reads standard input. [default: {RunRequests.DefaultOtp}]");

    private readonly Option<string?> _records = RequestOptions.Text(
        "--records", "FILE", $"Instead of one address: the records of FILE, CSV or JSON lines, at most {Texts.Number(RunRequests.MaxInlineRecords)}.");

    private readonly Option<TimeSpan?> _deadline = RequestOptions.Duration(
        "--deadline", "A run is ended as timed out this long after it began. [default: never]");

    public IEnumerable<Option> All =>
    [
        _cron, _timeZone, _overlap, _catchUp, _paused,
        _request.Topic, _request.Partitions, _request.Email, _otp, _request.Interval, _request.Length, _request.Count, _records,
        _request.Window, _request.Notify, _deadline,
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
        Request = _request.ToRequest(
            parsed, parsed.GetValue(_otp) is { } file ? await SecretFile.ReadAsync(_otp.Name, file, cancellationToken) : null,
            parsed.GetValue(_records) is { } records ? RecordFile.Read(records) : null, parsed.GetValue(_deadline)),
    };
}
