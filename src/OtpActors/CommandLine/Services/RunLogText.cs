using System.Globalization;
using OtpActors.Api;
using OtpActors.CommandLine.Screens;
using OtpActors.CommandLine.Tables;

namespace OtpActors.CommandLine.Services;

/// <summary><c>runs ID --log</c>: a run's log, its last lines.</summary>
internal static class RunLogText
{
    private const string Hanging = "  ";

    public static async Task<int> ShowAsync(ServiceCall call, string id, ListOptions list)
    {
        var (_, items, next) = await list.ReadAsync(
            call.Parsed, RunLog.MaxLimit, (limit, cursor) => call.Client.GetRunLogAsync(id, "newest", limit, cursor, call.Cancel),
            page => (page.Items, page.Next));
        return call.Show(new RunLogPage(items, next), screen =>
        {
            list.WriteMore(screen, call.Parsed, next, "earlier ones");
            Write(screen, [.. items.Reverse()]);
        });
    }

    /// <summary>On a terminal no line is cut: an error is read to its end.</summary>
    /// <param name="lines">The oldest first.</param>
    public static void Write(Screen screen, IReadOnlyList<RunLogPage.Line> lines)
    {
        if (screen.Width is not { } width)
        {
            var table = new Table(new Column("time"), new Column("level"), new Column("step"), new Column("attempt"), new Column("text"));
            foreach (var line in lines)
            {
                table.Add(Iso(line.At), Name(line.Level), line.Step, line.Attempt, line.Text);
            }

            table.Write(screen);
            return;
        }

        var day = lines.Count == 0 ? default : lines[0].At.UtcDateTime.Date;
        if (lines.Count > 0)
        {
            screen.WriteText(day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        }

        foreach (var line in lines)
        {
            var at = line.At.UtcDateTime;
            var text = $"{at.ToString(at.Date == day ? "HH:mm:ss.fff'Z'" : "yyyy-MM-dd HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)} "
                + $"{(line.Level == RunLogLevel.Info ? "" : $"{Name(line.Level)}: ")}{line.Text}";
            day = at.Date;
            foreach (var (part, n) in TextWidth.Wrap(TextWidth.Clean(text), width - Hanging.Length).Select((part, n) => (part, n)))
            {
                screen.Out.WriteLine(n == 0 ? part : $"{Hanging}{part}");
            }
        }
    }

    private static string Iso(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static string Name(RunLogLevel level) => level switch
    {
        RunLogLevel.Info => "info",
        RunLogLevel.Warning => "warning",
        _ => "error",
    };
}
