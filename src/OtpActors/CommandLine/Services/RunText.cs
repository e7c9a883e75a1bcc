using OtpActors.Api;
using OtpActors.CommandLine.Screens;
using OtpActors.CommandLine.Tables;
using OtpActors.Workflow;

namespace OtpActors.CommandLine.Services;

/// <summary>A run's document for people: state, steps, counts, timeline.</summary>
internal static class RunText
{
    public static void Write(Screen screen, RunDocument run)
    {
        screen.Write([Title(run)]);
        foreach (var line in About(run))
        {
            screen.WriteText(TextWidth.Clean(line));
        }

        screen.Out.WriteLine();
        Steps(run.Report).WriteAligned(screen);
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

    private static Line Title(RunDocument run)
    {
        var ink = run.State switch
        {
            RunPhase.Completed => Ink.Good,
            RunPhase.Failed or RunPhase.Cancelled or RunPhase.TimedOut or RunPhase.Incomplete => Ink.Bad,
            RunPhase.Paused => Ink.Warning,
            _ => Ink.Busy,
        };
        var took = run.Report.DurationMs is { } ms ? $" · {Texts.Duration(TimeSpan.FromMilliseconds(ms))}" : "";
        return new Line([new Span("run "), new Span(run.RunId, Ink.Strong), new Span(" · "), new Span($"{run.State}", ink), new Span(took)]);
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

    private static Table Steps(RunReport report)
    {
        var table = new Table(
            new Column("step"), new Column("state"), new Column("time", Keep: 4, Right: true), new Column("attempts", Keep: 2, Right: true),
            new Column("detail", Keep: 3, Flexible: true));
        foreach (var step in report.Steps)
        {
            table.Add(
                step.Name, step.Hold is null ? step.Outcome : "Waiting", step.DurationMs is { } ms ? Texts.Duration(TimeSpan.FromMilliseconds(ms)) : null,
                step.Attempts == 0 ? null : step.Attempts, step.Hold is { } hold ? $"waits for {StepText.Part(hold)}: {hold.Reason}" : step.Detail);
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
