using System.Globalization;
using OtpActors.Api;
using OtpActors.CommandLine.Screens;
using OtpActors.CommandLine.Tables;
using OtpActors.Domain.Runs;

namespace OtpActors.CommandLine.Services;

/// <summary>A run's document for people: state, steps, counts, timeline.</summary>
internal static class RunText
{
    /// <summary>The width of a file or a pipe, where no line is cut.</summary>
    private const int Unbounded = 100_000;

    private const string Hanging = "  ";

    public static void Write(Screen screen, RunDocument run, DateTimeOffset now)
    {
        var progress = RunProgress.From(run);
        var isNarrow = screen.Width < Screen.Narrow;
        var picture = RunPicture.Final(progress, now, isNarrow ? Unbounded : screen.Width ?? Unbounded, goesOn: true);
        if (isNarrow)
        {
            screen.WriteText(picture[0].ToString());
        }
        else
        {
            screen.Write(picture.Take(1));
        }

        foreach (var line in About(run))
        {
            screen.WriteText(TextWidth.Clean(line));
        }

        screen.Out.WriteLine();
        if (isNarrow)
        {
            Steps(progress, now).WriteAligned(screen);
        }
        else
        {
            screen.Write(picture.Skip(1));
        }

        screen.Out.WriteLine();
        Summary.Stores(run.Report).WriteAligned(screen);
        screen.Out.WriteLine();
        WriteTimeline(screen, run);
    }

    /// <summary>A line for a command that changed the run: what it is now.</summary>
    public static void WriteLine(Screen screen, RunDocument run)
    {
        screen.WriteText(TextWidth.Clean($"run {run.RunId}: {run.State}{Reason(run)}"));
    }

    private static IEnumerable<string> About(RunDocument run)
    {
        var records = run.Records.Source switch
        {
            RunDocument.RecordsSource.Sample => $"{Texts.Count(run.Records.Count, "record")} of {run.Request.Email}",
            RunDocument.RecordsSource.Generated => $"{Texts.Count(run.Records.Count, "generated record")}",
            _ => $"{Texts.Count(run.Records.Count, "given record")}",
        };
        yield return $"{records} to {run.Request.Topic}, requested {Texts.Stamp(run.RequestedAt)}{By(run.Trigger)}";
        if (Reason(run) is { Length: > 0 } reason)
        {
            yield return reason.TrimStart(' ', '(').TrimEnd(')');
        }
    }

    private static string By(RunDocument.TriggerPart? trigger) => trigger?.Kind switch
    {
        null => "",
        TriggerKind.Http => " over HTTP",
        TriggerKind.CommandLine => " by the command line",
        TriggerKind.Schedule => $" by the schedule {trigger.Key}",
        var kind => $" by {kind}".ToLowerInvariant(),
    };

    private static string Reason(RunDocument run) => run.Report.Reason is { Length: > 0 } reason ? $" ({reason})" : "";

    /// <summary>Where the picture has no room.</summary>
    private static Table Steps(RunProgress run, DateTimeOffset now)
    {
        var table = new Table(new Column("step"), new Column("state"), new Column("time"), new Column("progress", Flexible: true));
        foreach (var step in run.Steps)
        {
            table.Add(
                step.Name, step.Hold is null ? step.State.ToString() : "Waiting", StepText.Took(step, now),
                StepText.Note(run, step, now) ?? StepText.From(run, step));
        }

        return table;
    }

    /// <summary>Times to the millisecond; the day where it is not that of the line above.</summary>
    private static IEnumerable<(string At, RunDocument.Fact Fact, string What)> Timeline(RunDocument run)
    {
        var day = run.RequestedAt.UtcDateTime.Date;
        foreach (var fact in run.Timeline)
        {
            var at = fact.At.UtcDateTime;
            var format = at.Date == day ? "HH:mm:ss.fff'Z'" : "yyyy-MM-dd HH:mm:ss.fff'Z'";
            day = at.Date;
            yield return (at.ToString(format, CultureInfo.InvariantCulture), fact, Words(fact.What));
        }
    }

    private static void WriteTimeline(Screen screen, RunDocument run)
    {
        if (screen.Width is { } width and < Screen.Narrow)
        {
            foreach (var (at, fact, what) in Timeline(run))
            {
                var text = string.Join(' ', new[] { at, fact.Step, what, fact.Detail }.Where(word => word is { Length: > 0 }));
                foreach (var (line, n) in TextWidth.Wrap(TextWidth.Clean(text), width - Hanging.Length).Select((line, n) => (line, n)))
                {
                    screen.Out.WriteLine(n == 0 ? line : $"{Hanging}{line}");
                }
            }

            return;
        }

        var table = new Table(
            new Column("time"), new Column("step"), new Column("what"), new Column("attempt", Keep: 1), new Column("detail", Keep: 2, Flexible: true));
        foreach (var (at, fact, what) in Timeline(run))
        {
            table.Add(at, fact.Step, what, fact.Attempt, fact.Detail);
        }

        table.WriteAligned(screen);
    }

    /// <summary><c>stepStarted</c> as <c>step started</c>.</summary>
    private static string Words(string name) => string.Concat(name.Select(c => char.IsAsciiLetterUpper(c) ? $" {char.ToLowerInvariant(c)}" : $"{c}"));
}
