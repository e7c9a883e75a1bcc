using System.Security.Cryptography;
using System.Text.Json;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Topics;

namespace OtpActors.Triggers;

/// <summary>Checks a <see cref="RunRequest"/> and makes it a <see cref="RunSpec"/>: the same rules for every trigger.</summary>
public static class RunRequests
{
    public const string DefaultEmail = "sample_email@my_email.com";
    public const string DefaultOtp = "1234567";
    public const long MaxCount = 1_000_000_000;
    public const int MaxInlineRecords = 10_000;

    private static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan DefaultDuration = TimeSpan.FromSeconds(20);

    /// <param name="records">Where the records come from: <see cref="RecordsOf"/>, or what the caller has kept of its own.</param>
    /// <exception cref="RunRequestException">A field is wrong.</exception>
    public static RunSpec ToSpec(RunRequest request, RunDefaults defaults, RecordSpec records, RunTrigger trigger)
    {
        CheckTopic(request, defaults);
        return new RunSpec
        {
            Topic = request.Topic ?? defaults.Topic.Name,
            Partitions = request.Partitions ?? defaults.Topic.Partitions,
            ReplicationFactor = defaults.Topic.ReplicationFactor,
            Records = records,
            Window = request.Window ?? defaults.Workflow.Window,
            NotifyLimit = request.Notify is { } limit ? limit.Addresses
                : defaults.Workflow.NotifyLimit < 0 ? null
                : defaults.Workflow.NotifyLimit,
            Deadline = request.Deadline ?? defaults.Workflow.Deadline,
            HoldFor = defaults.Workflow.HoldFor,
            Duration = records is RecordSpec.Sample ? request.Duration ?? DefaultDuration : null,
            Overlap = request.Overlap,
            Policies = defaults.Workflow.Steps,
            Trigger = trigger,
        };
    }

    /// <exception cref="RunRequestException">The topic's name or its partitions are wrong.</exception>
    public static void CheckTopic(RunRequest request, RunDefaults defaults)
    {
        var topic = request.Topic ?? defaults.Topic.Name;
        if (!TopicRules.IsForRecords(topic))
        {
            throw new RunRequestException("topic", $"'{topic}' is no name of a topic; it takes 1 to 245 of a-z A-Z 0-9 . _ -");
        }

        // Whether commands are taken now or not: what lies there would be read as commands one day.
        if (topic == defaults.Commands.Topic)
        {
            throw new RunRequestException("topic", $"{topic} belongs to the commands: choose another one");
        }

        if (topic.EndsWith(DeadLetters.Suffix, StringComparison.Ordinal))
        {
            throw new RunRequestException("topic", $"a topic that ends in {DeadLetters.Suffix} is for dead letters alone");
        }

        if ((request.Partitions ?? defaults.Topic.Partitions) is var partitions and (< 1 or > 1_000))
        {
            throw new RunRequestException("partitions", $"{partitions} is not between 1 and 1000");
        }
    }

    /// <summary>The records where the request itself tells them; null where it brings them along (<see cref="InlineOf"/>).</summary>
    /// <exception cref="RunRequestException">A field is wrong, or fields do not go together.</exception>
    public static RecordSpec? RecordsOf(RunRequest request)
    {
        if (request.Records is not null)
        {
            Alone(request, "records", count: true);
            return null;
        }

        if (request.Count is { } count)
        {
            Alone(request, "count", count: false);
            return count is >= 1 and <= MaxCount
                ? new RecordSpec.Generated(count, RecordSpec.Generated.NewSeed())
                : throw new RunRequestException("count", $"{count} is not between 1 and {MaxCount}");
        }

        var record = new OtpRecord(
            Email(request.Email ?? DefaultEmail, "email"), Password(request.Otp ?? DefaultOtp, "otp"));
        var interval = request.Interval ?? DefaultInterval;
        // The first at once, the last at the end: 5 s apart for 20 s are five, at 0, 5, 10, 15 and 20 s.
        var number = ((request.Duration ?? DefaultDuration).Ticks / interval.Ticks) + 1;
        return number <= MaxCount
            ? new RecordSpec.Sample(record, interval, number)
            : throw new RunRequestException("duration", $"with this interval there are more than {MaxCount} records; shorten it");
    }

    /// <summary>The records that the request brings along, each checked.</summary>
    /// <param name="field">What the list is called where it came from.</param>
    /// <exception cref="RunRequestException">One of them is wrong; the field names it.</exception>
    public static IReadOnlyList<OtpRecord> InlineOf(IReadOnlyList<OtpInput> inputs, string field = "records") => inputs.Count switch
    {
        0 => throw new RunRequestException(field, "at least one record is required"),
        > MaxInlineRecords => throw new RunRequestException(
            field, $"there are {inputs.Count}, at most {MaxInlineRecords} are taken at a time"),
        _ => [.. inputs.Select((input, i) => RecordOf(input, $"{field}[{i}]"))],
    };

    /// <summary>The record; a password that is left out is made of seven random digits.</summary>
    /// <exception cref="RunRequestException">The address or the password is wrong.</exception>
    public static OtpRecord RecordOf(OtpInput? input, string field) => input is null
        ? throw new RunRequestException(field, "a record is required")
        : new OtpRecord(
            Email(input.Email ?? throw new RunRequestException(Within(field, "email"), "the address is required"), Within(field, "email")),
            input.Otp is null ? RandomPassword() : Password(input.Otp, Within(field, "otp")));

    /// <summary>What a run was asked for, without given records.</summary>
    /// <param name="email">Stands for its one address.</param>
    /// <param name="otp">Stands for that one's password.</param>
    public static RunRequest From(RunSpec spec, string? email, string? otp)
    {
        var sample = spec.Records as RecordSpec.Sample;
        return new RunRequest
        {
            Topic = spec.Topic,
            Partitions = spec.Partitions,
            Email = email,
            Otp = otp,
            Interval = sample?.Interval,
            Duration = spec.Duration ?? (sample is null ? null : sample.Interval * sample.Count - TimeSpan.FromTicks(1)), // of an earlier version's run: gives as many
            Count = (spec.Records as RecordSpec.Generated)?.Count,
            Window = spec.Window,
            Notify = new NotifyLimit(spec.NotifyLimit),
            Deadline = spec.Deadline,
            Overlap = spec.Overlap,
        };
    }

    /// <summary>
    /// The records of a run that is made again: the same; of generated ones other addresses and passwords. Another address takes its
    /// own password with it: the old one is that address's owner's.
    /// </summary>
    /// <exception cref="RunRequestException">A field is wrong, or the run did not produce one address.</exception>
    public static RecordSpec AgainOf(RecordSpec records, AgainRequest change)
    {
        if (records is RecordSpec.Sample sample)
        {
            return change switch
            {
                { Email: null, Otp: null } => sample,
                { Email: not null, Otp: null } => throw new RunRequestException("otp", "another address must have its own password"),
                _ => sample with
                {
                    Record = new OtpRecord(change.Email is null ? sample.Record.Email : Email(change.Email, "email"), Password(change.Otp, "otp")),
                },
            };
        }

        if ((change.Email is not null ? "email" : change.Otp is not null ? "otp" : null) is { } field)
        {
            throw new RunRequestException(field, "is for a run that produced one address: leave it out");
        }

        return records is RecordSpec.Generated generated ? generated with { Seed = RecordSpec.Generated.NewSeed() } : records;
    }

    /// <summary>Tells a repeated request from another one; a digest, from which nothing can be read.</summary>
    public static string FingerprintOf(RunRequest request) => FingerprintOf<RunRequest>(request);

    /// <summary>The same of a run that is made again.</summary>
    /// <param name="runId">The run whose request it is.</param>
    public static string FingerprintOf(string runId, AgainRequest change) => FingerprintOf(new { Again = runId, change.Email, change.Otp });

    private static string FingerprintOf<T>(T request) =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(request, RequestJson.Options)));

    private static string Within(string field, string name) => field.Length == 0 ? name : $"{field}.{name}";

    private static OneTimePassword RandomPassword() => OneTimePassword.Parse(RandomNumberGenerator.GetString("0123456789", 7));

    private static EmailAddress Email(string text, string field) => EmailAddress.TryParse(text, out var email, out var error)
        ? email
        : throw new RunRequestException(field, error);

    private static OneTimePassword Password(string text, string field) => OneTimePassword.TryParse(text, out var otp, out var error)
        ? otp
        : throw new RunRequestException(field, error);

    /// <exception cref="RunRequestException">Other fields say what is produced as well.</exception>
    private static void Alone(RunRequest request, string field, bool count)
    {
        (string Name, bool Given)[] others =
        [
            ("count", count && request.Count is not null), ("email", request.Email is not null), ("otp", request.Otp is not null),
            ("interval", request.Interval is not null), ("duration", request.Duration is not null),
        ];
        var given = others.Where(other => other.Given).Select(other => other.Name).ToList();
        if (given.Count > 0)
        {
            throw new RunRequestException(field, $"says what is produced: leave out {string.Join(", ", given)}");
        }
    }
}
