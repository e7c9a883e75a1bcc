using System.ComponentModel.DataAnnotations;

namespace OtpActors.Domain.Runs;

/// <summary>How often and how patiently a step is tried. Kept with the run: a change of settings meets new runs only.</summary>
public sealed record StepPolicy
{
    /// <summary>Tries in all, the first included. Default 3 (the tutorial's two retries).</summary>
    [Range(1, 100)]
    public int Attempts { get; init; } = 3;

    /// <summary>The wait before the second attempt. Default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan Delay { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>What each further wait is multiplied with. Default 1: constant, as in the tutorial.</summary>
    [Range(1.0, 10.0)]
    public double Backoff { get; init; } = 1;

    /// <summary>The longest wait. Default 5 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The share of a wait that chance adds or takes, 0 to 1. Default 0.1.</summary>
    [Range(0.0, 1.0)]
    public double Jitter { get; init; } = 0.1;

    /// <summary>
    /// An attempt that shows no progress for this long is given up. Default 45 s. A step that moves may take as long
    /// as it needs; the run's deadline bounds it.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "1.00:00:00")]
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>The wait after a failed attempt.</summary>
    /// <param name="failedAttempt">From 1.</param>
    /// <param name="chance">Drawn evenly from [0, 1).</param>
    public TimeSpan DelayAfter(int failedAttempt, double chance)
    {
        var delay = Math.Min(Delay.TotalMilliseconds * Math.Pow(Backoff, failedAttempt - 1), MaxDelay.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(delay * (1 + Jitter * (2 * chance - 1)));
    }
}

/// <summary>The policy of each kind of step; the tutorial's values by default.</summary>
public sealed record StepPolicies
{
    /// <summary>Creating the topic: one retry after 5 s.</summary>
    public StepPolicy EnsureTopic { get; init; } = OneRetry;

    /// <summary>The sinks: two retries, 10 s apart.</summary>
    public StepPolicy Sink { get; init; } = new();

    /// <summary>The producer: two retries, 10 s apart.</summary>
    public StepPolicy Produce { get; init; } = new();

    /// <summary>The checks: two retries, 10 s apart.</summary>
    public StepPolicy Check { get; init; } = new();

    /// <summary>Mail: one retry after 5 s.</summary>
    public StepPolicy Mail { get; init; } = OneRetry;

    /// <summary>Slack: one retry after 5 s.</summary>
    public StepPolicy Slack { get; init; } = OneRetry;

    private static StepPolicy OneRetry => new() { Attempts = 2, Delay = TimeSpan.FromSeconds(5) };

    public StepPolicy For(StepKind kind) => kind switch
    {
        StepKind.EnsureTopic => EnsureTopic,
        StepKind.Sink => Sink,
        StepKind.Produce => Produce,
        StepKind.Check => Check,
        StepKind.Mail => Mail,
        StepKind.Slack => Slack,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No such kind of step."),
    };
}
