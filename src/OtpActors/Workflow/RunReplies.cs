namespace OtpActors.Workflow;

/// <summary>What a run answers; always after the facts are journaled.</summary>
public static class RunReplies
{
    /// <summary>The command took effect, or had none to take.</summary>
    public sealed record Accepted(string RunId, RunState State);

    /// <summary>The command changed nothing.</summary>
    public sealed record Refused(string RunId, string Reason);
}
