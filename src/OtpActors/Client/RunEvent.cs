using OtpActors.Api;

namespace OtpActors.Client;

/// <summary>What a service tells of a run while it is followed.</summary>
public abstract record RunEvent
{
    private RunEvent()
    {
    }

    /// <summary>A line of the timeline; its id is where to go on after a connection is lost.</summary>
    public sealed record Happened(RunDocument.Fact Fact) : RunEvent;

    /// <summary>The newest state and counters.</summary>
    public sealed record Progressed(RunProgress Progress) : RunEvent;
}
