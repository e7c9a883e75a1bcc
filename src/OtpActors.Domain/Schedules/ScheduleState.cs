namespace OtpActors.Domain.Schedules;

/// <summary>
/// A schedule and how far it has come. Immutable and pure: <see cref="Plan"/> decides from it and the time alone.
/// </summary>
/// <param name="HandledUntil">Every due time up to this one is dealt with: started, missed, or not wanted.</param>
public sealed record ScheduleState(ScheduleDefinition Definition, DateTimeOffset HandledUntil)
{
    /// <summary>A timer can be late on a busy machine: the newest due time counts as in time this long.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);

    /// <summary>The longest window within which due times are caught up with.</summary>
    public static readonly TimeSpan LongestCatchUp = TimeSpan.FromDays(7);

    /// <summary>No more than this many due times are caught up with, the newest.</summary>
    public const int MaxMadeUp = 100;

    /// <summary>Missed times are counted up to here: after years a schedule of seconds has more than anybody wants to know.</summary>
    private const int MaxCounted = 10_000;

    /// <summary>Clocks are set back a little without harm. Beyond this what is handled was handled by a wrong clock.</summary>
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromHours(1);

    public static ScheduleState New(ScheduleDefinition definition, DateTimeOffset now) => new(definition, now);

    public string Name => Definition.Name;

    /// <summary>The newest due time that started a run.</summary>
    public DateTimeOffset? LastDue { get; init; }

    /// <summary>The newest run, by its due time or by hand.</summary>
    public string? LastRunId { get; init; }

    /// <summary>Due times that made no run.</summary>
    public long Missed { get; init; }

    /// <summary>The newest of them.</summary>
    public DateTimeOffset? LastMissed { get; init; }

    /// <summary>What is to be done now: at most one of the answers, and when to ask again.</summary>
    public SchedulePlan Plan(DateTimeOffset now)
    {
        if (!Definition.Enabled)
        {
            return SchedulePlan.Nothing;
        }

        if (HandledUntil - now > ClockTolerance)
        {
            return SchedulePlan.Nothing with { ClockWentBack = true };
        }

        var times = CronTimes.From(Definition);
        var due = DueOf(times, now);
        var missed = MissedOf(times, due, now);
        return missed is not null ? SchedulePlan.Nothing with { Missed = missed }
            : due is not null ? SchedulePlan.Nothing with { Due = due }
            : SchedulePlan.Nothing with { Next = times.After(Later(HandledUntil, now)) };
    }

    /// <summary>The coming due times, whether the schedule is enabled or not, in its own zone.</summary>
    public IReadOnlyList<DateTimeOffset> NextTimes(DateTimeOffset now, int count)
    {
        var times = CronTimes.From(Definition);
        var next = new List<DateTimeOffset>(count);
        for (var time = times.After(Later(HandledUntil, now)); next.Count < count && time is not null; time = times.After(time.Value))
        {
            next.Add(TimeZoneInfo.ConvertTime(time.Value, times.Zone));
        }

        return next;
    }

    /// <summary>Defined anew. Times before this moment do not count where the times are others, or did not count before.</summary>
    public ScheduleState Redefine(ScheduleDefinition definition, DateTimeOffset now)
    {
        var same = (definition.Cron, definition.TimeZone) == (Definition.Cron, Definition.TimeZone) && Definition.Enabled;
        return this with { Definition = definition, HandledUntil = same ? HandledUntil : now };
    }

    public ScheduleState Enable(bool enabled, DateTimeOffset now) => Redefine(Definition with { Enabled = enabled }, now);

    /// <summary>The due time has its run.</summary>
    public ScheduleState Start(DateTimeOffset due, string runId) => this with
    {
        HandledUntil = Later(HandledUntil, due),
        LastDue = due,
        LastRunId = runId,
    };

    /// <summary>The due times get no run.</summary>
    public ScheduleState Miss(MissedTimes missed) => this with
    {
        HandledUntil = Later(HandledUntil, missed.Last),
        Missed = Missed + missed.Count,
        LastMissed = missed.Last,
    };

    /// <summary>What was handled by a clock that was wrong counts again; run ids see to it that no time has two runs.</summary>
    public ScheduleState Rewind(DateTimeOffset now) => this with { HandledUntil = now };

    /// <summary>The oldest time that is to be started now.</summary>
    private DateTimeOffset? DueOf(CronTimes times, DateTimeOffset now)
    {
        var madeUp = Definition.CatchUp > TimeSpan.Zero ? Since(now - Definition.CatchUp).TakeLast(MaxMadeUp).ToList() : [];
        return madeUp.Count > 0 ? madeUp[0] : Since(now - Grace).Select(time => (DateTimeOffset?)time).LastOrDefault();

        IEnumerable<DateTimeOffset> Since(DateTimeOffset time) => times.Between(Later(HandledUntil, time.AddTicks(-1)), now);
    }

    /// <summary>The times that nobody dealt with before the one that is started now.</summary>
    private MissedTimes? MissedOf(CronTimes times, DateTimeOffset? due, DateTimeOffset now)
    {
        var end = due?.AddTicks(-1) ?? now;
        MissedTimes? missed = null;
        foreach (var time in times.Between(HandledUntil, end).Take(MaxCounted))
        {
            missed = missed is null ? new MissedTimes(1, time, time) : missed with { Count = missed.Count + 1, Last = time };
        }

        return missed?.Count == MaxCounted ? missed with { Last = end } : missed;
    }

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;
}

/// <summary>What a schedule wants now.</summary>
/// <param name="Missed">Due times that come too late for a run; dealt with before <paramref name="Due"/>.</param>
/// <param name="Due">The due time to start a run for.</param>
/// <param name="Next">Where nothing is to be done: the next due time. Null where none comes.</param>
/// <param name="ClockWentBack">What was handled lies far in the future of this clock.</param>
public sealed record SchedulePlan(MissedTimes? Missed, DateTimeOffset? Due, DateTimeOffset? Next, bool ClockWentBack)
{
    public static SchedulePlan Nothing { get; } = new(null, null, null, false);
}

/// <summary>A stretch of due times without a run.</summary>
/// <param name="Count">How many; 10,000 stands for as many or more.</param>
public sealed record MissedTimes(long Count, DateTimeOffset First, DateTimeOffset Last);
