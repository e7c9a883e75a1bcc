using System.CommandLine;
using System.Globalization;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Inputs;
using OtpActors.Infrastructure.Storage;
using OtpActors.Triggers;

namespace OtpActors.CommandLine;

/// <summary>The options of <c>run</c>, and the run they ask for.</summary>
internal sealed class RunOptions
{
    private readonly RequestOptions _request = new();

    private readonly Option<string?> _otp = new("--otp")
    {
        Description = $"Its password; '-' reads it from standard input, which keeps it out of the process list. [default: {RunRequests.DefaultOtp}]",
        HelpName = "PASSWORD",
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

    private readonly Option<string?> _resume = new("--resume")
    {
        Description = "Go on with a run that was interrupted, where it was. Takes no option but --data and --json.",
        HelpName = "RUNID",
    };

    /// <summary>Those that say what a new run is to do.</summary>
    public IReadOnlyList<Option> OfNewRuns =>
    [
        _request.Topic, _request.Partitions, _request.Email, _otp, _request.Interval, _request.Length, _request.Count, _from, _skipBad,
        _request.Window, _request.Notify,
    ];

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

    /// <summary>What was given beside the run itself, as it was given: it holds for the run when it is resumed too. No secrets.</summary>
    public static IEnumerable<string> Kept(ParseResult parsed) =>
        parsed.GetResult(Cli.Data) is { Implicit: false, Tokens: [var data] } ? [Cli.Data.Name, data.Value] : [];

    /// <summary>The same for a service: what to type instead, without the password.</summary>
    public IEnumerable<string> InService(ParseResult parsed)
    {
        if (parsed.GetValue(_resume) is { } resumed)
        {
            return ["runs", resumed, "--follow", .. Kept(parsed)];
        }

        var words = parsed.Tokens.Select(token => token.Value).ToList();
        return words.Select((word, i) => i == 0 ? "start" : words[i - 1] == _otp.Name ? "-" : word);
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
        CheckTogether(parsed);
        var request = await RequestAsync(parsed, null, cancellationToken);
        try
        {
            RunRequests.CheckTopic(request, options.RunDefaults);
            var records = parsed.GetValue(_from) is { } file
                ? await CheckFileAsync(file, parsed.GetValue(_skipBad), data, runId, cancellationToken)
                : RunRequests.RecordsOf(request)!;
            return RunRequests.ToSpec(request, options.RunDefaults, records, new RunTrigger(TriggerKind.CommandLine));
        }
        catch (RunRequestException e)
        {
            throw new UsageException($"--{e.Field}: {e.Message}.");
        }
    }

    /// <summary>The request for a service, which checks its values. The records of a file come along.</summary>
    /// <exception cref="UsageException">Options do not go together, or a file has more records than a request takes.</exception>
    /// <exception cref="InputFileException">The file cannot be used.</exception>
    /// <exception cref="BadLinesException">The file has bad lines.</exception>
    public async Task<RunRequest> ToRequestAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        CheckTogether(parsed);
        var records = parsed.GetValue(_from) is { } file ? RecordsOf(file, parsed.GetValue(_skipBad), cancellationToken) : null;
        return await RequestAsync(parsed, records, cancellationToken);
    }

    /// <param name="text">As it was given; <c>-</c> for a line of standard input.</param>
    public static async Task<string?> PasswordAsync(string? text, CancellationToken cancellationToken) =>
        text is "-" ? await Console.In.ReadLineAsync(cancellationToken) ?? "" : text;

    private async Task<RunRequest> RequestAsync(ParseResult parsed, IReadOnlyList<OtpInput>? records, CancellationToken cancellationToken) =>
        _request.ToRequest(parsed, await PasswordAsync(parsed.GetValue(_otp), cancellationToken), records);

    private static IReadOnlyList<OtpInput> RecordsOf(string file, bool skipBad, CancellationToken cancellationToken)
    {
        var tally = new FileTally();
        var (records, bad) = (new List<OtpInput>(), new List<BadLine>());
        foreach (var line in OtpFile.Read(file, tally))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (line.Error is { } error)
            {
                bad.Add(new BadLine(line.Number, error));
            }
            else if (records.Count < RunRequests.MaxInlineRecords)
            {
                records.Add(new OtpInput { Email = line.Record.Email.Value, Otp = line.Record.Otp.Reveal() });
            }
            else
            {
                throw new UsageException(
                    $"'{file}' has more than {Texts.Number(RunRequests.MaxInlineRecords)} records, which is what a request takes: split it, or stop the "
                    + "service and use `run --from`.");
            }
        }

        var found = new CheckedInput(records.Count, bad.Count, [.. bad.Take(CheckedInput.BadLinesKept)], 0, 0, tally.Blank);
        return records.Count == 0 || bad.Count > 0 && !skipBad ? throw new BadLinesException(file, found) : records;
    }

    private void CheckTogether(ParseResult parsed)
    {
        if (parsed.GetValue(_skipBad) && parsed.GetValue(_from) is null)
        {
            throw new UsageException("--skip-bad goes with --from.");
        }

        if (parsed.GetValue(_request.Count) is not null)
        {
            Alone(parsed, _request.Count, _from, _request.Email, _otp, _request.Interval, _request.Length);
        }
        else if (parsed.GetValue(_from) is not null)
        {
            Alone(parsed, _from, _request.Email, _otp, _request.Interval, _request.Length);
        }
    }

    private static async Task<RecordSpec> CheckFileAsync(
        string file, bool skipBad, Lazy<DataDirectory> data, string runId, CancellationToken cancellationToken)
    {
        OtpFile.RequireThere(file);
        var input = await RecordSpool.CheckAsync(file, data.Value.InputsDirectory, runId, skipBad, cancellationToken);
        return input.Spec ?? throw new BadLinesException(file, input.Checked);
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
}

/// <summary>The user's file has bad lines, and was refused for them.</summary>
internal sealed class BadLinesException(string file, CheckedInput found) : Exception(Describe(file, found))
{
    public CheckedInput Found { get; } = found;

    private static string Describe(string file, CheckedInput found)
    {
        var lines = found.FirstBad.Select(bad => string.Create(CultureInfo.InvariantCulture, $"  line {bad.Line}: {bad.Reason}"));
        var more = found.Bad > found.FirstBad.Count
            ? string.Create(CultureInfo.InvariantCulture, $"  … and {found.Bad - found.FirstBad.Count:N0} more")
            : null;
        return string.Join(
            Environment.NewLine,
            [
                $"'{file}' has {Texts.Count(found.Bad, "bad line")} and {Texts.Number(found.Good)} good: nothing was produced.",
                $"  {Texts.Count(found.Rows, "row")} = {Texts.Count(found.Good, "record")} + {Texts.Count(found.Bad, "bad line")} "
                    + $"+ {Texts.Count(found.Blank, "blank line")}",
                .. lines,
                .. more is null ? Array.Empty<string>() : [more],
                found.Good > 0 ? "Mend them, or produce the good ones alone with --skip-bad." : "There is no good line in it.",
            ]);
    }
}
