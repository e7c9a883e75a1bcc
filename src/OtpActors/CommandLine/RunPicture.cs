using OtpActors.Api;
using OtpActors.CommandLine.Screens;
using OtpActors.Domain.Runs;

namespace OtpActors.CommandLine;

/// <summary>
/// A run as it looks at one moment: what is shown at which size, without a terminal. No line is wider than the screen, and
/// a picture that will be drawn over is lower than it.
/// </summary>
internal static class RunPicture
{
    private const int Gap = 2;
    private const int Bar = 8;
    private const int LongBar = 16;
    private const int NoteIndent = 4;
    private const int NoteLines = 3;

    /// <summary>A picture that is drawn over by the next one: lower than the screen by the line of the cursor.</summary>
    public static IReadOnlyList<Line> Live(RunProgress run, DateTimeOffset now, Rates rates, ScreenSize size) =>
        Bound(Draw(run, now, rates, size.Width, goesOn: true), size);

    /// <summary>The last picture, which stays: every step of the run, however low the screen.</summary>
    /// <param name="goesOn">Whether a run that is not over goes on elsewhere; else it was interrupted.</param>
    public static IReadOnlyList<Line> Final(RunProgress run, DateTimeOffset now, int width, bool goesOn = false) =>
        [.. Draw(run, run.EndedAt ?? now, null, width, goesOn).Select(row => row.Line)];

    private static List<(Line Line, int Keep)> Draw(RunProgress run, DateTimeOffset now, Rates? rates, int width, bool goesOn)
    {
        var rows = run.Steps.Select(step => Row.From(run, step, now, rates)).ToList();
        var columns = Columns(rows, width);
        var picture = new List<(Line, int)> { (Title(run, now, rates, goesOn).Cut(width), 9) };
        if (run.Hold is { } hold)
        {
            picture.AddRange(Note(StepText.Note(hold, now), width).Select(line => (new Line(line, Ink.Warning).Cut(width), 9)));
        }

        picture.Add((columns.Heading().Cut(width), 1));
        foreach (var row in rows)
        {
            picture.Add((columns.From(row, run).Cut(width), row.Keep));
            if (row.Note is { } note)
            {
                picture.AddRange(Note(note, width).Select(line => (new Line(line, row.Ink).Cut(width), 3)));
            }
        }

        return picture;
    }

    /// <summary>A few lines at most: the whole of an error is in the log and, if the run fails of it, in the summary.</summary>
    private static IEnumerable<string> Note(string note, int width)
    {
        var lines = TextWidth.Wrap(TextWidth.Clean(note), width, NoteIndent);
        return lines.Count <= NoteLines ? lines
            : [.. lines.Take(NoteLines - 1), TextWidth.Cut(lines[NoteLines - 1], width - 2, always: true)];
    }

    private static Line Title(RunProgress run, DateTimeOffset now, Rates? rates, bool goesOn)
    {
        var (phase, ink) = run switch
        {
            { IsOver: true } => ($"{run.State}", run.State == RunPhase.Completed ? Ink.Good : Ink.Bad),
            { PausedAt: { } since } => ($"Paused since {Texts.Clock(since, now)}", Ink.Warning),
            _ when run.Hold is not null => ($"Waiting, {run.State}", Ink.Warning),
            _ when !goesOn => ($"Interrupted, {run.State}", Ink.Warning),
            _ => ($"{run.State}", Ink.Busy),
        };
        var took = run.BeganAt is { } began ? $" · {Texts.Duration((run.EndedAt ?? now) - began)}" : "";
        var left = rates is not null && run.Hold is null && run.PausedAt is null && Left(run, rates) is { } time ? $" · {Texts.Roughly(time)} left" : "";
        return new Line([new Span("run "), new Span(run.RunId, Ink.Strong), new Span(" · "), new Span(phase, ink), new Span(took + left)]);
    }

    /// <summary>Until what counts now is done: the slowest of the steps that run.</summary>
    private static TimeSpan? Left(RunProgress run, Rates rates) =>
        run.Steps.Where(step => step.State == StepStatus.Running).Select(step => rates.Left(run, step)).Max();

    /// <summary>The lines that fit, in their order; what is left out is counted in the last line.</summary>
    private static IReadOnlyList<Line> Bound(List<(Line Line, int Keep)> picture, ScreenSize size)
    {
        var room = Math.Max(1, size.Height - 1);
        if (picture.Count <= room)
        {
            return [.. picture.Select(row => row.Line)];
        }

        var kept = picture.Select((row, n) => (row.Line, row.Keep, n)).OrderByDescending(row => row.Keep).ThenBy(row => row.n)
            .Take(Math.Max(1, room - 1)).OrderBy(row => row.n).Select(row => row.Line).ToList();
        return room < 2 ? kept : [.. kept, new Line($"… {picture.Count - kept.Count} more lines: the screen is too low", Ink.Faint).Cut(size.Width)];
    }

    private static Layout Columns(List<Row> rows, int width)
    {
        int Widest(Func<Row, string> text, int least) => Math.Max(least, rows.Max(row => TextWidth.Measure(text(row))));
        var (name, status, time) = (Widest(row => row.Name, 0), Widest(row => row.Status, 9), Widest(row => row.Time, 7));
        var counting = rows.Exists(row => row.Share is not null);
        var wide = width >= Screen.Wide;
        var bar = !counting || width < Screen.Narrow ? 0 : width >= 130 ? LongBar : Bar;
        var (rate, left) = counting && wide ? (Widest(row => row.Rate, 9), Widest(row => row.Left, 8)) : (0, 0);
        var used = new[] { name, status, time, bar > 0 ? bar + " 100 %".Length : 0, rate, left }.Where(own => own > 0).Sum(own => own + Gap);
        return new Layout(name, status, time, bar, rate, left, Math.Max(0, width - used));
    }

    private sealed record Layout(int Name, int Status, int Time, int Bar, int Rate, int Left, int Detail)
    {
        public Line Heading() => new(Cells("step", "state", "time", [new(Bar > 0 ? TextWidth.Pad("progress", Bar + 6) : "")], "rate", "left", "", Ink.Faint)
            .Select(span => span with { Ink = Ink.Faint }));

        public Line From(Row row, RunProgress run) => new(Cells(
            row.Name, row.Status, row.Time, Progress(row.Share), row.Rate, row.Left, StepText.From(run, row.Step, Detail), row.Ink));

        private IEnumerable<Span> Cells(
            string name, string status, string time, IEnumerable<Span> progress, string rate, string left, string detail, Ink ink)
        {
            var gap = new Span(new string(' ', Gap));
            yield return new(TextWidth.Pad(name, Name));
            yield return gap;
            yield return new(TextWidth.Pad(status, Status), ink);
            yield return gap;
            yield return new(TextWidth.Pad(time, Time, right: true));
            yield return gap;
            if (Bar > 0)
            {
                foreach (var span in progress)
                {
                    yield return span;
                }

                yield return gap;
            }

            if (Rate > 0)
            {
                yield return new(TextWidth.Pad(rate, Rate, right: true));
                yield return gap;
                yield return new(TextWidth.Pad(left, Left, right: true));
                yield return gap;
            }

            yield return new(detail, ink == Ink.Faint ? Ink.Faint : Ink.Plain);
        }

        private IEnumerable<Span> Progress(double? share)
        {
            if (share is not { } done)
            {
                return [new(new string(' ', Bar + 6))];
            }

            var full = (int)(done * Bar);
            return
            [
                new(new string('━', full), Ink.Busy),
                new(new string('─', Bar - full), Ink.Faint),
                new(TextWidth.Pad($"{Texts.Number((long)(done * 100))} %", 6, right: true)),
            ];
        }
    }

    /// <param name="Share">Of what is to be done, from 0 to 1; null where the step does not count now.</param>
    /// <param name="Keep">What has room on a low screen: what goes on, then what went wrong, then what is done.</param>
    private sealed record Row(
        RunStep Step, string Name, string Status, Ink Ink, string Time, double? Share, string Rate, string Left, string? Note, int Keep)
    {
        public static Row From(RunProgress run, RunStep step, DateTimeOffset now, Rates? rates)
        {
            var counts = rates is not null && step.State == StepStatus.Running;
            var rate = counts && StepCount.Pace(run, step) is null ? rates!.Of(step.Name) : 0;
            return new Row(
                step, step.Name, IsHeld(step) ? "Waiting" : step.State.ToString(), IsHeld(step) ? Ink.Warning : From(step.State), StepText.Took(step, now) ?? "",
                counts && StepCount.Total(step) is { } total && total > 0 ? Math.Clamp((double)(step.Done ?? 0) / total, 0, 1) : null,
                rate >= 1 ? $"{Texts.Number((long)rate)}/s" : "",
                counts && rates!.Left(run, step) is { } left ? Texts.Roughly(left) : "",
                StepText.Note(run, step, now),
                step.State switch
                {
                    StepStatus.Running or StepStatus.Retrying => 8,
                    StepStatus.Failed or StepStatus.Cancelled => 7,
                    StepStatus.Completed => 5,
                    _ => 4,
                });
        }

        private static bool IsHeld(RunStep step) => step is { State: StepStatus.Running, Hold: not null };

        private static Ink From(StepStatus status) => status switch
        {
            StepStatus.Completed => Ink.Good,
            StepStatus.Running => Ink.Busy,
            StepStatus.Retrying => Ink.Warning,
            StepStatus.Failed or StepStatus.Cancelled => Ink.Bad,
            _ => Ink.Faint,
        };
    }
}
