using Akka.Actor;
using Akka.Event;
using Akka.Hosting;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Domain.Schedules;
using OtpActors.Infrastructure.Journal;
using OtpActors.Lifecycle;

namespace OtpActors.Triggers;

/// <summary>
/// Tells once of each run that was not done by its deadline, and of each scheduled run that never began because its topic
/// was taken. What was told is kept, so that neither a restart nor a second look at the run tells it again; what timed out
/// just before a process ended is told by the next one.
/// </summary>
public sealed class MissedRunAlerts : ReceiveActor
{
    private const int LookedBack = 500;

    private static readonly TimeSpan LookBack = TimeSpan.FromDays(1);

    private readonly IScheduleStore _store;
    private readonly TimeProvider _time;
    private readonly ILoggingAdapter _log = Context.GetLogger();

    public MissedRunAlerts(IScheduleStore store, IRunCatalog catalog, TimeProvider time, TriggerCounts counts)
    {
        (_store, _time) = (store, time);
        var system = Context.System;
        Receive<RunNotices.Updated>(updated =>
        {
            if (From(updated.State) is { } missed)
            {
                Note(missed, updated.State.EndedAt!.Value);
            }
        });
        Receive<RunNotices.Resumed>(_ => catalog
            .ListAsync(new RunFilter(LookedBack, [RunPhase.TimedOut], From: time.GetUtcNow() - LookBack), CancellationToken.None)
            .PipeTo(Self, success: runs => new Ended(runs)));
        Receive<Ended>(ended =>
        {
            foreach (var run in ended.Runs)
            {
                Note(new MissedRun(MissedKind.Deadline, run.RunId, 1, Late), run.EndedAt!.Value);
            }
        });
        Receive<Noted>(noted =>
        {
            if (noted.IsFirst)
            {
                MissedRuns.Tell(system, _log, counts, noted.Missed);
            }
        });
        Receive<Status.Failure>(failure => _log.Warning(failure.Cause, "The list of runs cannot be looked through for missed ones"));
    }

    private const string Late = "the run was not done by its deadline";

    private static MissedRun? From(RunState state) => state switch
    {
        { Outcome: RunOutcome.TimedOut } => new MissedRun(MissedKind.Deadline, state.RunId, 1, Late),
        { Outcome: RunOutcome.Cancelled, BeganAt: null, Spec.Trigger: { Kind: TriggerKind.Schedule, Key: not null } } =>
            new MissedRun(MissedKind.Overlap, state.RunId, 1, $"the scheduled run never began: {state.Reason}"),
        _ => null,
    };

    /// <summary>A run that is opened again and misses its deadline again is missed again. Told anyway where it cannot be kept.</summary>
    private void Note(MissedRun missed, DateTimeOffset endedAt) =>
        _store.NoteAlertAsync($"{missed.Kind}:{missed.Subject}:{endedAt.ToUnixTimeMilliseconds()}", _time.GetUtcNow())
            .PipeTo(Self, success: first => new Noted(missed, first), failure: _ => new Noted(missed, IsFirst: true));

    private sealed record Ended(IReadOnlyList<RunSummary> Runs);

    private sealed record Noted(MissedRun Missed, bool IsFirst);
}

public static class MissedRunAlertsHosting
{
    public static AkkaConfigurationBuilder AddMissedRunAlerts(this AkkaConfigurationBuilder builder) =>
        builder.WithActors((system, _, resolver) =>
        {
            var (store, catalog, time, counts) = (
                resolver.GetService<IScheduleStore>(), resolver.GetService<IRunCatalog>(),
                resolver.GetService<TimeProvider>(), resolver.GetService<TriggerCounts>());
            var alerts = system.ActorOf(Props.Create(() => new MissedRunAlerts(store, catalog, time, counts)), "missed-run-alerts");
            TriggerPhase.NotifyWhenResumed(system, alerts);
            system.EventStream.Subscribe(alerts, typeof(RunNotices.Updated));
        });
}
