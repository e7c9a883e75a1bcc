using System.Runtime.InteropServices;
using OtpActors.CommandLine.Screens;
using OtpActors.Workflow;

namespace OtpActors.CommandLine;

/// <summary>Shows a run while it goes on. Called from one thread.</summary>
internal interface IRunView : IDisposable
{
    /// <summary>Called at each change, and several times a second.</summary>
    /// <param name="hold">What the whole run waits for; null while it is at work.</param>
    void Show(RunState state, StepHold? hold = null);

    /// <summary>Called once, with the last state there is in this process.</summary>
    void End(RunState state);
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
    public void Show(RunState state, StepHold? hold = null)
    {
    }

    public void End(RunState state)
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

    private readonly Dictionary<StepId, StepState> _shown = [];
    private bool _begun;
    private StepHold? _hold;
    private DateTimeOffset _heldSaidAt;

    public void Show(RunState state, StepHold? hold = null)
    {
        Steps(state);
        WholeRun(hold);
    }

    public void End(RunState state) => Steps(state);

    public void Dispose() => screen.Out.Flush();

    private void Steps(RunState state)
    {
        if (!_begun)
        {
            _begun = true;
            screen.Out.WriteLine($"run {state.RunId}");
        }

        foreach (var id in StepId.All)
        {
            var now = state.Steps[id];
            var known = _shown.GetValueOrDefault(id) ?? new StepState();
            if (now.EndedAt is not null && known.EndedAt is null)
            {
                Write(id, $"{now.Status,-10} {StepText.Took(now) ?? "",10}", StepText.Of(state, id));
            }

            if (known.Hold is { } over && now is { Status: StepStatus.Running, Hold: null })
            {
                Write(id, null, $"goes on: waited {Texts.Roughly(time.GetUtcNow() - over.Since)} for {StepText.Part(over)}");
            }

            if ((now.Status, now.Attempt, now.Hold?.WaitsFor) != (known.Status, known.Attempt, known.Hold?.WaitsFor)
                && StepText.Note(state, id, time.GetUtcNow()) is { } note)
            {
                Write(id, null, note);
            }

            _shown[id] = now;
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

    private void Write(StepId id, string? how, string what) => Write(id.Name, how, what);

    private void Write(string who, string? how, string what)
    {
        what = TextWidth.Clean(what);
        if (screen.Width is not { } width)
        {
            screen.Out.WriteLine($"{who,-16}{(how is null ? "" : $" {how} ")} {what}".TrimEnd());
            return;
        }

        var head = $"{who,-16} {how}".TrimEnd();
        if (TextWidth.Of(head) + 2 + TextWidth.Of(what) <= width)
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

    public void Show(RunState state, StepHold? hold = null)
    {
        _rates.Take(state);
        if (_drawnAt is { } before && _time.GetElapsedTime(before) < Pause)
        {
            return; // the next one shows it
        }

        _drawnAt = _time.GetTimestamp();
        _redraw.Draw(RunPicture.Live(state, _time.GetUtcNow(), _rates, _screen.Size, hold));
    }

    public void End(RunState state) => _redraw.Draw(RunPicture.Final(state, _time.GetUtcNow(), _screen.Size.Width));

    public void Dispose() => _resumed?.Dispose();
}
