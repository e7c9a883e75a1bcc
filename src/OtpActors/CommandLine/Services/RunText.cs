using OtpActors.Api;
using OtpActors.CommandLine.Screens;
using OtpActors.CommandLine.Tables;
using OtpActors.Workflow;

namespace OtpActors.CommandLine.Services;

/// <summary>A run's document for people: state, steps, counts, timeline.</summary>
internal static class RunText
{
    /// <summary>The width of a file or a pipe, where no line is cut.</summary>
    private const int Unbounded = 100_000;

    public static void Write(Screen screen, RunDocument run, DateTimeOffset now)
    {
        var progress = RunProgress.Of(run);
        var picture = RunPicture.Final(progress, now, screen.Width ?? Unbounded, goesOn: true);
        screen.Write(picture.Take(1));
        foreach (var line in About(run))
        {
            screen.WriteText(TextWidth.Clean(line));
        }

        screen.Out.WriteLine();
        if (screen.Width < Screen.Narrow)
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
        Timeline(run.Timeline).WriteAligned(screen);
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
                StepText.Note(run, step, now) ?? StepText.Of(run, step));
        }

        return table;
    }

    private static Table Timeline(IReadOnlyList<RunDocument.Fact> facts)
    {
        var table = new Table(
            new Column("time"), new Column("what"), new Column("step", Keep: 3), new Column("attempt", Keep: 1, Right: true),
            new Column("detail", Keep: 2, Flexible: true));
        foreach (var fact in facts)
        {
            table.Add(fact.At, fact.What, fact.Step, fact.Attempt, fact.Detail);
        }

        return table;
    }
}
