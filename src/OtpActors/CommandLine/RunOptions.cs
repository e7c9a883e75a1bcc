using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using OtpActors.Hosting;
using OtpActors.Records;
using OtpActors.Workflow;

namespace OtpActors.CommandLine;

/// <summary>The options of <c>run</c>, and the run they ask for.</summary>
internal sealed class RunOptions
{
    private const string DefaultEmail = "sample_email@my_email.com";
    private const string DefaultOtp = "1234567";
    private const long MaxCount = 1_000_000_000;
    private static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan DefaultDuration = TimeSpan.FromSeconds(20);

    private readonly Option<string?> _topic = new("--topic")
    {
        Description = "The topic, created if it is absent. [default: email_topic]",
        HelpName = "NAME",
    };

    private readonly Option<int?> _partitions = new("--partitions")
    {
        Description = "Partitions of a topic that is created. [default: 1]",
        HelpName = "N",
        CustomParser = Numbers.Parse<int>,
    };

    private readonly Option<string?> _email = new("--email")
    {
        Description = $"The address to produce. [default: {DefaultEmail}]",
        HelpName = "ADDRESS",
    };

    private readonly Option<string?> _otp = new("--otp")
    {
        Description = $"Its password; '-' reads it from standard input, which keeps it out of the process list. [default: {DefaultOtp}]",
        HelpName = "PASSWORD",
    };

    private readonly Option<TimeSpan?> _interval = new("--interval")
    {
        Description = "The time between two records of the one address. [default: 5s]",
        HelpName = "TIME",
        CustomParser = Durations.Parse,
    };

    private readonly Option<TimeSpan?> _duration = new("--duration")
    {
        Description = "How long records of the one address are produced. [default: 20s]",
        HelpName = "TIME",
        CustomParser = Durations.Parse,
    };

    private readonly Option<long?> _count = new("--count")
    {
        Description = "Produce N made-up addresses, each its own, with random passwords, as fast as they are taken.",
        HelpName = "N",
        CustomParser = Numbers.Parse<long>,
    };

    private readonly Option<string?> _from = new("--from")
    {
        Description = "Produce the records of FILE: CSV with the header email,otp or JSON lines. It is checked as a whole first.",
        HelpName = "FILE",
    };

    private readonly Option<bool> _skipBad = new("--skip-bad")
    {
        Description = "With --from: leave bad lines out instead of refusing the file.",
    };

    private readonly Option<TimeSpan?> _window = new("--window")
    {
        Description = "How long the sinks may store nothing more before the checks begin all the same. [default: 30s]",
        HelpName = "TIME",
        CustomParser = Durations.Parse,
    };

    private readonly Option<Limit?> _notify = new("--notify")
    {
        Description = "Mail and post all addresses found in a store, none, or the first N. [default: 100]",
        HelpName = "all|none|N",
        CustomParser = ParseLimit,
    };

    private readonly Option<string?> _resume = new("--resume")
    {
        Description = "Go on with a run that was interrupted, where it was. Takes no option but --data and --json.",
        HelpName = "RUNID",
    };

    private IReadOnlyList<Option> OfNewRuns =>
        [_topic, _partitions, _email, _otp, _interval, _duration, _count, _from, _skipBad, _window, _notify];

    public IEnumerable<Option> All => [.. OfNewRuns, _resume];

    /// <summary>The run to go on with; null for a new one.</summary>
    /// <exception cref="UsageException">Options do not go together.</exception>
    public string? Resumed(ParseResult parsed)
    {
        var resumed = parsed.GetValue(_resume);
        return resumed is null ? null
            : Given(parsed, [.. OfNewRuns]) is { Count: > 0 } others
                ? throw new UsageException($"--resume goes on with the run as it was asked for: leave out {string.Join(", ", others)}.")
            : resumed;
    }

    /// <summary>
    /// The run that is asked for. A file is checked, and its copy kept in the data directory, which is opened for that
    /// when all else has been found right.
    /// </summary>
    /// <exception cref="UsageException">A value is wrong, or options do not go together.</exception>
    /// <exception cref="InputFileException">The file cannot be used.</exception>
    /// <exception cref="BadLinesException">The file has bad lines.</exception>
    public async Task<RunSpec> ToSpecAsync(
        ParseResult parsed, OtpActorsOptions options, Lazy<DataDirectory> data, string runId, CancellationToken cancellationToken)
    {
        var topic = parsed.GetValue(_topic) ?? options.Topic.Name;
        if (topic.Length is 0 or > 245 || topic is "." or ".." || !topic.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'))
        {
            throw new UsageException($"--topic: '{topic}' is no name of a topic; it takes 1 to 245 of a-z A-Z 0-9 . _ -");
        }

        var partitions = parsed.GetValue(_partitions) ?? options.Topic.Partitions;
        if (partitions is < 1 or > 1_000)
        {
            throw new UsageException($"--partitions: {partitions} is not between 1 and 1000.");
        }

        return new RunSpec
        {
            Topic = topic,
            Partitions = partitions,
            ReplicationFactor = options.Topic.ReplicationFactor,
            Records = await RecordsAsync(parsed, data, runId, cancellationToken),
            Window = parsed.GetValue(_window) ?? options.Workflow.Window,
            NotifyLimit = parsed.GetValue(_notify) is { } limit ? limit.Addresses
                : options.Workflow.NotifyLimit < 0 ? null
                : options.Workflow.NotifyLimit,
            Deadline = options.Workflow.Deadline,
            Policies = options.Workflow.Steps,
        };
    }

    private async Task<RecordSpec> RecordsAsync(
        ParseResult parsed, Lazy<DataDirectory> data, string runId, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(_skipBad) && parsed.GetValue(_from) is null)
        {
            throw new UsageException("--skip-bad goes with --from.");
        }

        if (parsed.GetValue(_count) is { } count)
        {
            Alone(parsed, _count, _from, _email, _otp, _interval, _duration);
            return count is >= 1 and <= MaxCount
                ? new RecordSpec.Generated(count, RecordSpec.Generated.NewSeed())
                : throw new UsageException($"--count: {count} is not between 1 and {MaxCount}.");
        }

        if (parsed.GetValue(_from) is { } file)
        {
            Alone(parsed, _from, _email, _otp, _interval, _duration);
            OtpFile.RequireThere(file);
            var input = await RecordSpool.CheckAsync(
                file, data.Value.InputsDirectory, runId, parsed.GetValue(_skipBad), cancellationToken);
            return input.Spec ?? throw new BadLinesException(file, input.Checked);
        }

        return await SampleAsync(parsed, cancellationToken);
    }

    private async Task<RecordSpec> SampleAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        if (!EmailAddress.TryParse(parsed.GetValue(_email) ?? DefaultEmail, out var email, out var error))
        {
            throw new UsageException($"--email: {error}.");
        }

        var text = parsed.GetValue(_otp) ?? DefaultOtp;
        if (text == "-")
        {
            text = await Console.In.ReadLineAsync(cancellationToken);
        }

        if (!OneTimePassword.TryParse(text, out var otp, out error))
        {
            throw new UsageException($"--otp: {error}.");
        }

        var interval = parsed.GetValue(_interval) ?? DefaultInterval;
        var duration = parsed.GetValue(_duration) ?? DefaultDuration;
        return new RecordSpec.Sample(new OtpRecord(email, otp), interval, (long)Math.Ceiling(duration / interval));
    }

    private static void Alone(ParseResult parsed, Option option, params Option[] others)
    {
        if (Given(parsed, others) is { Count: > 0 } given)
        {
            throw new UsageException($"{option.Name} says what is produced: leave out {string.Join(", ", given)}.");
        }
    }

    private static List<string> Given(ParseResult parsed, params Option[] options) =>
        [.. options.Where(o => parsed.GetResult(o) is { Implicit: false }).Select(o => o.Name)];

    private static Limit? ParseLimit(ArgumentResult result)
    {
        var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        switch (text)
        {
            case "all":
                return new Limit(null);
            case "none":
                return new Limit(0);
            default:
                if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var addresses))
                {
                    return new Limit(addresses);
                }

                result.AddError($"--notify takes all, none or a number of addresses, not '{text}'.");
                return null;
        }
    }

    /// <param name="Addresses">Null for all.</param>
    private sealed record Limit(long? Addresses);
}

/// <summary>The user's file has bad lines, and was refused for them.</summary>
internal sealed class BadLinesException(string file, CheckedInput found) : Exception(Describe(file, found))
{
    public CheckedInput Found { get; } = found;

    private static string Describe(string file, CheckedInput found)
    {
        var lines = found.FirstBad.Select(bad => $"  line {bad.Line}: {bad.Reason}");
        var more = found.Bad > found.FirstBad.Count ? $"  … and {found.Bad - found.FirstBad.Count:N0} more" : null;
        return string.Join(
            Environment.NewLine,
            [
                $"'{file}' has {found.Bad:N0} bad line{(found.Bad == 1 ? "" : "s")} and {found.Good:N0} good: nothing was produced.",
                .. lines,
                .. more is null ? Array.Empty<string>() : [more],
                found.Good > 0 ? "Mend them, or produce the good ones alone with --skip-bad." : "There is no good line in it.",
            ]);
    }
}
