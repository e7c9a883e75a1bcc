namespace OtpActors.Workflow.Journal;

/// <summary>Something of the journal is unavailable.</summary>
/// <param name="Error">For people; free of secrets.</param>
/// <param name="Since">When that was noticed.</param>
public sealed record JournalOutage(string Error, DateTimeOffset Since);

/// <summary>How the journal is and what waits for it: for readiness and metrics.</summary>
/// <remarks>Can be used from any thread; each value has one writer.</remarks>
public sealed class JournalStatus
{
    private volatile JournalOutage? _outage;
    private volatile JournalOutage? _listOutage;
    private volatile int _brokenRuns;
    private volatile string? _damage;

    /// <summary>Null while the journal can be written, as far as is known.</summary>
    public JournalOutage? Outage
    {
        get => _outage;
        internal set => _outage = value;
    }

    /// <summary>What shows that the journal is damaged; null while nothing does.</summary>
    public string? Damage
    {
        get => _damage;
        internal set => _damage = value;
    }

    /// <summary>Null while the list of runs can be written, as far as is known.</summary>
    public JournalOutage? ListOutage
    {
        get => _listOutage;
        internal set => _listOutage = value;
    }

    /// <summary>Unfinished runs that broke off and wait until their journal can be read and written again.</summary>
    public int BrokenRuns
    {
        get => _brokenRuns;
        internal set => _brokenRuns = value;
    }
}

/// <summary>What becomes of the journal, on the actor system's event stream.</summary>
public static class JournalNotices
{
    /// <summary>It cannot be written. Told once an outage.</summary>
    public sealed record Out(string Error);

    /// <summary>A write has succeeded after an outage, or after a run broke off.</summary>
    public sealed record Back
    {
        public static readonly Back Instance = new();
    }
}
