using Akka.Actor;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Steps;

namespace OtpActors.Runs;

/// <summary>
/// How long a run lets its steps be silent. A step that is held waits for a part that is unavailable: it may be silent, and nothing
/// but the limit of the wait, the deadline or its own end gives it up.
/// </summary>
public sealed partial class RunSupervisor
{
    private readonly Dictionary<(Type Kind, StepId? Step, int Attempt), InactivityTimer> _silences = [];

    /// <summary>Any word of an attempt proves that it lives; of draining, only progress does.</summary>
    private void RecordActivity(IRunCommand command)
    {
        if (command is not IStepCommand step)
        {
            return;
        }

        foreach (var effect in _inFlight.Values.Where(e => e.Step == step.Step && e.Attempt == step.Attempt))
        {
            if (IsWork(effect) || command is RunCommands.RecordSinkProgress)
            {
                StartTimer(effect);
            }
        }
    }

    /// <summary>Listens from now on for an attempt, or for progress of a sink that is waited for.</summary>
    private void StartTimer(RunEffect effect)
    {
        if (effect is RunEffect.Drain || IsWork(effect))
        {
            var limit = (effect as RunEffect.Drain)?.Window ?? TimeoutOf(effect);
            var silence = _silences[effect.Key] = new InactivityTimer(_time, limit);
            Timers.StartPeriodicTimer(TimerOf(effect), new Tick(effect), silence.Tick);
        }
    }

    /// <summary>
    /// Ends an attempt that shows no progress, and asks a sink that shows none whether it can end. A step that waits for a
    /// part shows none.
    /// </summary>
    private void Listen(Tick tick)
    {
        var effect = tick.Effect;
        if (!_inFlight.ContainsKey(effect.Key) || !_silences.TryGetValue(effect.Key, out var silence))
        {
            return;
        }

        var step = effect.Step!.Value;
        if (_state.Steps[step].Hold is not null)
        {
            silence.Break();
        }
        else if (silence.IsOver() && effect is RunEffect.Drain)
        {
            silence.Break(); // another window, if the sink has a reason for its silence
            _steps.For(step).Tell(new Sink.EndDrain(_runId));
        }
        else if (silence.IsOver())
        {
            Handle(new RunCommands.FailAttempt(
                _runId, step, effect.Attempt, FormattableString.Invariant($"no progress for {TimeoutOf(effect).TotalSeconds:0.###} s")));
        }
    }

    private TimeSpan TimeoutOf(RunEffect effect) => _state.Spec!.Policies.For(effect.Step!.Value.Kind).Timeout;

    /// <summary>After a process that was away for longer than the step may wait, the part gets one more chance to answer.</summary>
    private TimeSpan PatienceWith(RunEffect.HoldUntil hold)
    {
        var (left, holdFor) = (Until(hold.At), _state.Spec!.HoldFor ?? RunSpec.DefaultHoldFor);
        return left > TimeSpan.Zero ? left : TimeoutOf(hold) < holdFor ? TimeoutOf(hold) : holdFor;
    }

    /// <summary>A part of the time that an effect may be silent for has passed.</summary>
    private sealed record Tick(RunEffect Effect);
}
