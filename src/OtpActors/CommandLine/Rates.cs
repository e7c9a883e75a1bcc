using OtpActors.Api;
using OtpActors.Domain.Runs;

namespace OtpActors.CommandLine;

/// <summary>How fast the steps that count are, over the last moments, and how long they will still take.</summary>
internal sealed class Rates(TimeProvider time)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Spacing = TimeSpan.FromMilliseconds(100);

    private readonly Queue<(long At, RunProgress Run)> _samples = [];
    private (long At, RunProgress Run) _newest;

    public void Take(RunProgress run)
    {
        var now = time.GetTimestamp();
        if (_samples.Count == 0 || time.GetElapsedTime(_newest.At, now) >= Spacing)
        {
            _newest = (now, run);
            _samples.Enqueue(_newest);
        }

        while (_samples.Count > 2 && time.GetElapsedTime(_samples.Peek().At, now) > Window)
        {
            _samples.Dequeue();
        }
    }

    /// <summary>A second; 0 where it cannot be told.</summary>
    public double Of(string step)
    {
        if (!_samples.TryPeek(out var oldest))
        {
            return 0;
        }

        var seconds = time.GetElapsedTime(oldest.At, _newest.At).TotalSeconds;
        return seconds > 0 ? Math.Max(0, (Done(_newest.Run, step) - Done(oldest.Run, step)) / seconds) : 0;
    }

    /// <summary>Null where it cannot be told.</summary>
    public TimeSpan? Left(RunProgress run, RunStep step)
    {
        if (StepCount.Total(step) is not { } total || step.Hold is not null)
        {
            return null;
        }

        var left = Math.Max(0, total - (step.Done ?? 0));
        if (StepCount.Pace(run, step) is { } pace)
        {
            return left * pace;
        }

        var seconds = Of(step.Name) is var rate and > 0 ? left / rate : double.NaN;
        return seconds < TimeSpan.MaxValue.TotalSeconds / 2 ? TimeSpan.FromSeconds(seconds) : null;
    }

    private static long Done(RunProgress run, string step) => run.Steps.FirstOrDefault(each => each.Name == step)?.Done ?? 0;
}

/// <summary>How much of a step is to be done, for the steps that count while they run.</summary>
internal static class StepCount
{
    /// <summary>Null where the step does not count, or what there is to do is unknown: a check tells its result at its end.</summary>
    public static long? Total(RunStep step) => KindOf(step) is StepKind.Check ? null : step.Total;

    /// <summary>The time between two records where the run's producer waits between them: the step is as fast as that.</summary>
    public static TimeSpan? Pace(RunProgress run, RunStep step) => KindOf(step) is StepKind.Produce or StepKind.Sink ? run.Pace : null;

    private static StepKind? KindOf(RunStep step) => StepId.TryParse(step.Name, out var id) ? id.Value.Kind : null;
}
