using System.Globalization;
using OtpActors.Workflow;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace OtpActors.CommandLine;

/// <summary>Shows a run while it goes on. Called from one thread.</summary>
internal interface IRunView : IDisposable
{
    void Show(RunState state);
}

internal static class RunView
{
    public static IRunView For(IAnsiConsole console, TimeProvider time) =>
        Terminal.IsPlain ? new PlainView(console.Profile.Out.Writer) : new LiveView(console, time);
}

internal sealed class SilentView : IRunView
{
    public void Show(RunState state)
    {
    }

    public void Dispose()
    {
    }
}

/// <summary>One line for each step that ends, and for each attempt that fails.</summary>
internal sealed class PlainView(TextWriter output) : IRunView
{
    private readonly Dictionary<StepId, StepState> _shown = [];
    private bool _begun;

    public void Show(RunState state)
    {
        if (!_begun)
        {
            _begun = true;
            output.WriteLine($"run {state.RunId}");
        }

        foreach (var step in StepId.All)
        {
            var now = state.Steps[step];
            var told = _shown.GetValueOrDefault(step) ?? new StepState();
            if (now.Status is StepStatus.Retrying && now.Attempt > told.Attempt)
            {
                output.WriteLine($"{step.Name,-16} attempt {now.Attempt} failed: {now.Detail}");
                _shown[step] = now;
            }
            else if (now.EndedAt is not null && told.EndedAt is null)
            {
                output.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"{step.Name,-16} {now.Status,-10} {StepText.Took(now),9}  {StepText.Of(state, step)}").TrimEnd());
                _shown[step] = now;
            }
        }
    }

    public void Dispose() => output.Flush();
}

/// <summary>The steps in a table that is drawn again in place.</summary>
internal sealed class LiveView : IRunView
{
    private readonly IAnsiConsole _console;
    private readonly TimeProvider _time;
    private readonly Rates _rates;
    private IRenderable _table = new Text("");
    private int _height;

    public LiveView(IAnsiConsole console, TimeProvider time)
    {
        (_console, _time, _rates) = (console, time, new Rates(time));
        _console.Cursor.Hide();
    }

    public void Show(RunState state)
    {
        _rates.Take(state);
        _table = Steps(state);
        var options = RenderOptions.Create(_console, _console.Profile.Capabilities);
        var height = Segment.SplitLines(_table.Render(options, _console.Profile.Width)).Count;
        if (_height > 0)
        {
            _console.Write(new ControlCode($"\e[{_height}A\e[0J"));
        }

        _console.Write(_table);
        _height = height;
    }

    public void Dispose() => _console.Cursor.Show();

    private Table Steps(RunState state)
    {
        var table = new Table()
            .Border(TableBorder.Rounded)
            .Title($"run [bold]{state.RunId.EscapeMarkup()}[/] · {state.Phase}")
            .AddColumns(
                new TableColumn("step"), new TableColumn("state"), new TableColumn("attempt").RightAligned(),
                new TableColumn("time").RightAligned(), new TableColumn("rate").RightAligned(), new TableColumn("").NoWrap());
        foreach (var id in StepId.All)
        {
            var step = state.Steps[id];
            table.AddRow(
                id.Name,
                $"[{Colour(step.Status)}]{step.Status}[/]",
                step.Attempt == 0 ? "" : step.Attempt.ToString(CultureInfo.InvariantCulture),
                StepText.Took(step, _time.GetUtcNow()),
                step.Status == StepStatus.Running ? _rates.Of(id) : "",
                StepText.Of(state, id).EscapeMarkup());
        }

        return table;
    }

    private static string Colour(StepStatus status) => status switch
    {
        StepStatus.Completed => "green",
        StepStatus.Running => "aqua",
        StepStatus.Retrying => "yellow",
        StepStatus.Failed or StepStatus.Cancelled => "red",
        _ => "grey",
    };
}

/// <summary>Records a second of the steps that count records, over the last moments.</summary>
internal sealed class Rates(TimeProvider time)
{
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(3);

    private readonly Queue<(long At, RunState State)> _samples = [];

    public void Take(RunState state)
    {
        _samples.Enqueue((time.GetTimestamp(), state));
        while (_samples.Count > 2 && time.GetElapsedTime(_samples.Peek().At) > Span)
        {
            _samples.Dequeue();
        }
    }

    public string Of(StepId step)
    {
        var (first, last) = (_samples.First(), _samples.Last());
        var seconds = time.GetElapsedTime(first.At, last.At).TotalSeconds;
        var rate = seconds > 0.1 ? (Records(last.State, step) - Records(first.State, step)) / seconds : 0;
        return rate >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{rate:N0}/s") : "";
    }

    private static long Records(RunState state, StepId step) => step.Kind switch
    {
        StepKind.Produce => state.Produced,
        StepKind.Sink => state.Sinks[step.Store!].Counts.Read,
        StepKind.Mail or StepKind.Slack => state.Notified.GetValueOrDefault(step)?.Sent ?? 0,
        _ => 0,
    };
}

/// <summary>A step in words.</summary>
internal static class StepText
{
    public static string Of(RunState state, StepId id)
    {
        var step = state.Steps[id];
        return step.Status switch
        {
            StepStatus.Pending => "",
            StepStatus.Retrying or StepStatus.Failed or StepStatus.Skipped => step.Detail ?? "",
            _ => string.Create(CultureInfo.InvariantCulture, $"{Counts(state, id)}"),
        };
    }

    public static string Took(StepState step, DateTimeOffset? now = null) =>
        step.StartedAt is { } started && (step.EndedAt ?? now) is { } ended
            ? string.Create(CultureInfo.InvariantCulture, $"{(ended - started).TotalSeconds:N2} s")
            : "";

    private static FormattableString Counts(RunState state, StepId id) => id.Kind switch
    {
        StepKind.EnsureTopic => $"{state.Spec?.Topic}: {state.Topic?.Outcome}, {state.Topic?.Partitions} partition(s)",
        StepKind.Produce => $"{state.Produced:N0} of {state.Spec?.Records.Count:N0} produced",
        StepKind.Sink => Sink(state.Sinks[id.Store!].Counts, state.Steps[id].Detail),
        StepKind.Check when state.Checks.TryGetValue(id.Store!, out var check) =>
            $"{check.Found:N0} of {check.Checked:N0} found",
        StepKind.Mail or StepKind.Slack when state.Notified.TryGetValue(id, out var sent) =>
            $"{sent.Sent:N0} sent{(sent.Failed > 0 ? $", {sent.Failed} failed" : "")}",
        _ => $"",
    };

    private static FormattableString Sink(SinkCounts counts, string? detail) =>
        $"{counts.Read:N0} read = {counts.Inserted:N0} inserted + {counts.Skipped:N0} skipped + {counts.DeadLettered:N0} dead-lettered{(detail == "WindowElapsed" ? " (window elapsed)" : "")}";
}
