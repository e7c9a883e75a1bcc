using System.Collections.Immutable;
using OtpActors.Domain.Runs;

namespace OtpActors.Infrastructure.Journal;

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
    private volatile ImmutableDictionary<string, JournalOutage> _broken = ImmutableDictionary<string, JournalOutage>.Empty;
    private volatile string? _damage;

    /// <summary>Null while the journal can be written, as far as is known.</summary>
    public JournalOutage? Outage
    {
        get => _outage;
        set => _outage = value;
    }

    /// <summary>What shows that the journal is damaged; null while nothing does.</summary>
    public string? Damage
    {
        get => _damage;
        set => _damage = value;
    }

    /// <summary>Null while the list of runs can be written, as far as is known.</summary>
    public JournalOutage? ListOutage
    {
        get => _listOutage;
        set => _listOutage = value;
    }

    /// <summary>Unfinished runs that broke off and wait until their journal can be read and written again.</summary>
    public int BrokenRuns => _broken.Count;

    /// <summary>Why such a run broke off, in a sentence, and when; null for one that is at work or over.</summary>
    public JournalOutage? BreakageOf(string runId) => _broken.GetValueOrDefault(runId);

    /// <summary>What such a run waits for now, in the form of a step's hold; null for one that is at work or over.</summary>
    public StepHold? HoldOf(string runId) => (BreakageOf(runId), _outage) switch
    {
        (null, _) => null,
        ({ } breakage, { } outage) => new StepHold(
            PartNames.Journal, outage.Error, breakage.Since > outage.Since ? breakage.Since : outage.Since),
        ({ } breakage, null) => new StepHold(PartNames.Journal, breakage.Error, breakage.Since),
    };

    /// <summary>Has one writer: the parent of the runs.</summary>
    public void Break(string runId, JournalOutage breakage) => _broken = _broken.SetItem(runId, breakage);

    /// <summary>The run is at work again.</summary>
    public void Mend(string runId) => _broken = _broken.Remove(runId);
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
