using System.Text.Json;
using OtpActors.Api;
using OtpActors.Client;
using OtpActors.CommandLine.Screens;
using OtpActors.CommandLine.Tables;

namespace OtpActors.CommandLine.Services;

/// <summary>Schedules for people.</summary>
internal static class ScheduleText
{
    public static Table TableOf(IReadOnlyList<ScheduleDocument> schedules)
    {
        var table = new Table(
            new Column("schedule"), new Column("state"), new Column("cron", Keep: 5), new Column("zone", Keep: 2), new Column("next", Keep: 4),
            new Column("run", Keep: 3), new Column("missed", Keep: 1, Right: true));
        foreach (var schedule in schedules)
        {
            table.Add(
                schedule.Name, StateOf(schedule), schedule.Cron, schedule.TimeZone, schedule.Enabled ? NextOf(schedule) : null, schedule.LastRunId,
                schedule.Missed);
        }

        return table;
    }

    /// <summary>A line for a command that changed it: what it is now.</summary>
    public static void WriteLine(Screen screen, ScheduleDocument schedule) => screen.WriteText(TextWidth.Clean(
        $"schedule {schedule.Name}: {StateOf(schedule)}{(schedule.Enabled && NextOf(schedule) is { } next ? $", next {Texts.Stamp(next)}" : "")}"));

    public static void Write(Screen screen, ScheduleDocument schedule)
    {
        screen.Write([new Line(
        [
            new Span("schedule "), new Span(schedule.Name, Ink.Strong), new Span(" · "),
            new Span(StateOf(schedule), schedule.Enabled ? Ink.Good : Ink.Warning),
        ])]);
        foreach (var line in About(schedule))
        {
            screen.WriteText(TextWidth.Clean(line));
        }

        screen.Out.WriteLine();
        var due = new Table(new Column("coming due times"));
        foreach (var time in schedule.Next)
        {
            due.Add(time);
        }

        due.WriteAligned(screen);
    }

    private static IEnumerable<string> About(ScheduleDocument schedule)
    {
        yield return $"{schedule.Cron} in {schedule.TimeZone}; a taken topic: {JsonNamingPolicy.CamelCase.ConvertName($"{schedule.Overlap}")}"
            + (schedule.CatchUp is { } time ? $"; missed times are caught up within {Texts.Roughly(time)}" : "");
        yield return $"each run: {JsonSerializer.Serialize(schedule.Request, ClientJson.Options)}";
        if (schedule.LastRunId is { } run)
        {
            yield return $"last run: {run}";
        }

        if (schedule.Missed > 0)
        {
            yield return $"missed: {Texts.Count(schedule.Missed, "due time")}{(schedule.LastMissed is { } missed ? $", the newest {Texts.Stamp(missed)}" : "")}";
        }
    }

    private static string StateOf(ScheduleDocument schedule) => schedule.Enabled ? "enabled" : "paused";

    private static DateTimeOffset? NextOf(ScheduleDocument schedule) => schedule.Next.Count == 0 ? null : schedule.Next[0];
}
