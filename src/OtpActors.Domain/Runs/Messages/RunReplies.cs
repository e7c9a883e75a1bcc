namespace OtpActors.Domain.Runs.Messages;

/// <summary>What a run answers; always after the facts are journaled.</summary>
public static class RunReplies
{
    /// <summary>The command took effect, or had none to take.</summary>
    public sealed record Accepted(string RunId, RunState State);

    /// <summary>The command changed nothing.</summary>
    public sealed record Refused(string RunId, string Reason);

    /// <summary>
    /// Nothing is promised: the journal cannot be read or written now. What was asked may yet turn out to be journaled, and
    /// can be asked again.
    /// </summary>
    /// <param name="Message">What was asked.</param>
    public sealed record Unavailable(string RunId, string Reason, IRunMessage Message);
}
