using System.Runtime.InteropServices;
using OtpActors.Api;
using OtpActors.CommandLine.Screens;
using OtpActors.Domain.Runs;

namespace OtpActors.CommandLine;

/// <summary>Shows a run while it goes on. Called from one thread.</summary>
internal interface IRunView : IDisposable
{
    /// <summary>Called at each change, and several times a second.</summary>
    void Show(RunProgress run);

    /// <summary>What concerns the run and is no state of it.</summary>
    void Say(string text);

    /// <summary>Called once, with the last that is known of the run.</summary>
    /// <param name="goesOn">Whether a run that is not over goes on elsewhere, and is only not looked at any more.</param>
    void End(RunProgress run, bool goesOn = false);
}

internal static class RunView
{
    /// <summary>The lowest screen that a picture is drawn on.</summary>
    public const int Low = 6;

    public static IRunView For(Screen screen, TimeProvider time) =>
        screen.CanRedraw && screen.Size is { Width: >= Screen.Narrow, Height: >= Low } ? new LiveView(screen, time) : new PlainView(screen, time);
}

internal sealed class SilentView : IRunView
{
    public void Show(RunProgress run)
    {
    }

    public void Say(string text)
    {
    }

    public void End(RunProgress run, bool goesOn = false)
    {
    }

    public void Dispose()
    {
    }
}

/// <summary>A line for each step that ends, and for each thing that one waits for. Two lines where the screen is narrow.</summary>
internal sealed class PlainView(Screen screen, TimeProvider time) : IRunView
{
    private const string Run = "run";
    private static readonly TimeSpan SaidAgain = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, RunStep> _shown = [];
    private bool _begun;
    private StepHold? _hold;
    private DateTimeOffset _heldSaidAt;

    public void Show(RunProgress run)
    {
        Steps(run);
        WholeRun(run.Hold);
    }

    public void Say(string text) => screen.WriteText(text);

    public void End(RunProgress run, bool goesOn = false) => Steps(run);

    public void Dispose() => screen.Out.Flush();

    private void Steps(RunProgress run)
    {
        if (!_begun)
        {
            _begun = true;
            screen.Out.WriteLine($"run {run.RunId}");
        }

        foreach (var now in run.Steps)
        {
            var known = _shown.GetValueOrDefault(now.Name);
            if (now.EndedAt is not null && known?.EndedAt is null)
            {
                Write(now.Name, $"{now.State,-10} {StepText.Took(now) ?? "",10}", StepText.From(run, now));
            }

            if (known?.Hold is { } over && now is { State: StepStatus.Running, Hold: null })
            {
                Write(now.Name, null, $"goes on: waited {Texts.Roughly(time.GetUtcNow() - over.Since)} for {StepText.Part(over)}");
            }

            if ((now.State, now.Attempt, now.Hold?.WaitsFor) != (known?.State ?? StepStatus.Pending, known?.Attempt ?? 0, known?.Hold?.WaitsFor)
                && StepText.Note(run, now, time.GetUtcNow()) is { } note)
            {
                Write(now.Name, null, note);
            }

            _shown[now.Name] = now;
        }
    }

    /// <summary>A line where the run begins to wait, one a minute while it does, and one where it goes on.</summary>
    private void WholeRun(StepHold? hold)
    {
        var now = time.GetUtcNow();
        if (hold is not null && (_hold is null || now - _heldSaidAt >= SaidAgain))
        {
            _heldSaidAt = now;
            Write(Run, null, StepText.Note(hold, now));
        }
        else if (hold is null && _hold is { } over)
        {
            Write(Run, null, $"goes on: waited {Texts.Roughly(now - over.Since)} for {StepText.Part(over)}");
        }

        _hold = hold;
    }

    private void Write(string who, string? how, string what)
    {
        what = TextWidth.Clean(what);
        if (screen.Width is not { } width)
        {
            screen.Out.WriteLine($"{who,-16}{(how is null ? "" : $" {how} ")} {what}".TrimEnd());
            return;
        }

        var head = $"{who,-16} {how}".TrimEnd();
        if (TextWidth.Measure(head) + 2 + TextWidth.Measure(what) <= width)
        {
            screen.Out.WriteLine($"{head}  {what}".TrimEnd());
            return;
        }

        screen.Out.WriteLine(head);
        foreach (var line in TextWidth.Wrap(what, width, indent: 2))
        {
            screen.Out.WriteLine(line);
        }
    }
}

/// <summary>The run as a picture that is drawn again in place; the last one stays.</summary>
internal sealed class LiveView : IRunView
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(150);

    private readonly Screen _screen;
    private readonly TimeProvider _time;
    private readonly Rates _rates;
    private readonly Redraw _redraw;
    private readonly PosixSignalRegistration? _resumed;
    private long? _drawnAt;

    public LiveView(Screen screen, TimeProvider time)
    {
        (_screen, _time, _rates, _redraw) = (screen, time, new Rates(time), new Redraw(screen));

        // After Ctrl-Z the shell has written below the picture.
        _resumed = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGCONT, _ => _redraw.Forget());
    }

    public void Show(RunProgress run)
    {
        _rates.Take(run);
        if (_drawnAt is { } before && _time.GetElapsedTime(before) < Pause)
        {
            return; // the next one shows it
        }

        _drawnAt = _time.GetTimestamp();
        _redraw.Draw(RunPicture.Live(run, _time.GetUtcNow(), _rates, _screen.Size));
    }

    /// <summary>Stands below the picture so far; the next one follows it.</summary>
    public void Say(string text)
    {
        _redraw.Forget();
        _screen.WriteText(text);
    }

    public void End(RunProgress run, bool goesOn = false) =>
        _redraw.Draw(RunPicture.Final(run, _time.GetUtcNow(), _screen.Size.Width, goesOn));

    public void Dispose() => _resumed?.Dispose();
}
