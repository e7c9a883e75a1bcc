namespace OtpActors.Domain.Runs;

/// <summary>What becomes of a run whose topic is taken by another one.</summary>
public enum OverlapPolicy
{
    /// <summary>It waits for its turn.</summary>
    Wait,

    /// <summary>It is cancelled at once.</summary>
    Skip,

    /// <summary>The runs before it on the topic are cancelled.</summary>
    CancelOther,
}
