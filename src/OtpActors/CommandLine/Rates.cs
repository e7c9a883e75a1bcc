using OtpActors.Records;
using OtpActors.Workflow;

namespace OtpActors.CommandLine;

/// <summary>How fast the steps that count are, over the last moments, and how long they will still take.</summary>
internal sealed class Rates(TimeProvider time)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Spacing = TimeSpan.FromMilliseconds(100);

    private readonly Queue<(long At, RunState State)> _samples = [];
    private (long At, RunState State) _newest;

    public void Take(RunState state)
    {
        var now = time.GetTimestamp();
        if (_samples.Count == 0 || time.GetElapsedTime(_newest.At, now) >= Spacing)
        {
            _newest = (now, state);
            _samples.Enqueue(_newest);
        }

        while (_samples.Count > 2 && time.GetElapsedTime(_samples.Peek().At, now) > Window)
        {
            _samples.Dequeue();
        }
    }

    /// <summary>A second; 0 where it cannot be told.</summary>
    public double Of(StepId step)
    {
        if (!_samples.TryPeek(out var oldest))
        {
            return 0;
        }

        var seconds = time.GetElapsedTime(oldest.At, _newest.At).TotalSeconds;
        return seconds > 0 ? Math.Max(0, (StepProgress.Done(_newest.State, step) - StepProgress.Done(oldest.State, step)) / seconds) : 0;
    }

    /// <summary>Null where it cannot be told.</summary>
    public TimeSpan? Left(RunState state, StepId step)
    {
        if (StepProgress.Total(state, step) is not { } total || state.Steps[step].Hold is not null)
        {
            return null;
        }

        var left = Math.Max(0, total - StepProgress.Done(state, step));
        if (StepProgress.IsPaced(state, step))
        {
            return left * ((RecordSpec.Sample)state.Spec!.Records).Interval;
        }

        var seconds = Of(step) is var rate and > 0 ? left / rate : double.NaN;
        return seconds < TimeSpan.MaxValue.TotalSeconds / 2 ? TimeSpan.FromSeconds(seconds) : null;
    }
}

/// <summary>How much of a step is done, for the steps that count.</summary>
internal static class StepProgress
{
    public static long Done(RunState state, StepId step) => step.Kind switch
    {
        StepKind.Produce => state.Produced,
        StepKind.Sink => state.Sinks[step.Store!].Counts.Read,
        StepKind.Mail or StepKind.Slack => state.Notified.GetValueOrDefault(step) is { } sent ? sent.Sent + sent.Failed : 0,
        _ => 0,
    };

    /// <summary>Whether the run's producer waits between records, so that the step is as fast as that and no faster.</summary>
    public static bool IsPaced(RunState state, StepId step) =>
        step.Kind is StepKind.Produce or StepKind.Sink && state.Spec?.Records is RecordSpec.Sample;

    /// <summary>Null where the step does not count, or what there is to do is unknown.</summary>
    public static long? Total(RunState state, StepId step) => step.Kind switch
    {
        StepKind.Produce or StepKind.Sink => state.Spec?.Records.Count,
        StepKind.Mail or StepKind.Slack when state.Checks.TryGetValue(step.Store!, out var check) =>
            Math.Min(check.Found, state.Spec?.NotifyLimit ?? long.MaxValue),
        _ => null,
    };
}
