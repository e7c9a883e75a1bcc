namespace OtpActors.Domain.Runs.Messages;

/// <summary>What a run tells whoever listens on the actor system's event stream.</summary>
public static class RunNotices
{
    /// <summary>The run has changed.</summary>
    public sealed record Updated(RunState State);

    /// <summary>So many past runs have been removed; nothing is known of them any more.</summary>
    public sealed record Removed(long Runs);

    /// <summary>
    /// Every unfinished run of an earlier process is known, and has the topic it had: only now may something new
    /// take one.
    /// </summary>
    public sealed record Resumed(int Count);

    /// <summary>An event was journaled.</summary>
    public sealed record Journaled(IRunEvent Event, RunState Before, RunState After);

    /// <summary>
    /// The run has stopped: its journal cannot be read or written. What was journaled stands, and an unfinished run goes on from
    /// there by itself.
    /// </summary>
    public sealed record Broken(string RunId, string Error);

    /// <summary>The run begins or ceases to wait for the journal.</summary>
    public sealed record HoldChanged(string RunId);

    /// <summary>The list of runs could not take this; it is brought up to date later.</summary>
    public sealed record Unlisted(RunSummary Summary, string Error);
}
