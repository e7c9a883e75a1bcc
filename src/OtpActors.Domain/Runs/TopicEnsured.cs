namespace OtpActors.Domain.Runs;

/// <summary>How the making of a topic ended.</summary>
public enum TopicOutcome
{
    Created,
    Exists,
}

/// <param name="Outcome">Whether the topic was made now.</param>
/// <param name="Partitions">The partitions that the topic has.</param>
public sealed record TopicEnsured(TopicOutcome Outcome, int Partitions);
