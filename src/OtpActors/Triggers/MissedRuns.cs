using Akka.Actor;
using Akka.Event;
using OtpActors.Domain.Schedules;

namespace OtpActors.Triggers;

/// <summary>Tells of missed runs wherever that is told: log, count, event stream.</summary>
internal static class MissedRuns
{
    public static void Tell(ActorSystem system, ILoggingAdapter log, TriggerCounts counts, MissedRun missed)
    {
        counts.CountMissed(missed.Count);
        log.Error("Missed: {Kind} of {Subject}, {Count} run(s): {Detail}", missed.Kind.ToString(), missed.Subject, missed.Count, missed.Detail);
        system.EventStream.Publish(missed);
    }
}
