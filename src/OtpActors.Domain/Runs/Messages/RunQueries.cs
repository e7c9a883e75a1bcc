namespace OtpActors.Domain.Runs.Messages;

/// <summary>Questions to a run.</summary>
public static class RunQueries
{
    /// <summary>Answered by <see cref="RunReplies.Accepted"/> with the state; one without a spec is an unknown run.</summary>
    public sealed record Get(string RunId) : IRunMessage;
}
