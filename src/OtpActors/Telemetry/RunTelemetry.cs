using Akka.Actor;
using Akka.Hosting;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Steps;

namespace OtpActors.Telemetry;

/// <summary>Turns what runs journal into metrics and spans: each event once, by the process that journaled it.</summary>
public sealed class RunTelemetry : ReceiveActor
{
    private readonly ServiceMetrics _metrics;

    public RunTelemetry(ServiceMetrics metrics)
    {
        _metrics = metrics;
        Receive<RunNotices.Journaled>(journaled =>
        {
            Count(journaled.Event, journaled.Before, journaled.After);
            RunTracing.Record(journaled.Event, journaled.After);
        });
        Receive<RunNotices.Updated>(updated => metrics.Follow(updated.State));
        Receive<RunNotices.Broken>(broken => metrics.Forget(broken.RunId));
    }

    protected override void PreStart()
    {
        _metrics.Begin();
        foreach (var notice in new[] { typeof(RunNotices.Journaled), typeof(RunNotices.Updated), typeof(RunNotices.Broken) })
        {
            Context.System.EventStream.Subscribe(Self, notice);
        }
    }

    private void Count(IRunEvent e, RunState before, RunState after)
    {
        if (StepTelemetry.Closed(e) is { } closed)
        {
            _metrics.StepEnds.Add(1, new("step", closed.Step.Name), new("outcome", closed.Outcome));
            if (closed.Last && after.Steps[closed.Step].StartedAt is { } started)
            {
                _metrics.StepDuration.Record((e.At - started).TotalSeconds, new("step", closed.Step.Name), new("outcome", closed.Outcome));
            }
        }

        switch (e)
        {
            case RunEvents.Requested r:
                _metrics.RunsStarted.Add(1, new KeyValuePair<string, object?>("trigger", $"{r.Spec.Trigger?.Kind ?? TriggerKind.CommandLine}"));
                break;
            case RunEvents.Ended end:
                _metrics.RunsEnded.Add(1, new KeyValuePair<string, object?>("outcome", end.Outcome.ToString()));
                _metrics.RunDuration.Record(
                    (end.At - (after.ReopenedAt ?? after.BeganAt ?? end.At)).TotalSeconds,
                    new KeyValuePair<string, object?>("outcome", end.Outcome.ToString()));
                break;
            case RunEvents.SinkProgressed s:
                _metrics.CountStored(s.Step.Store!, s.Progress.Counts);
                break;
            case RunEvents.Produced or RunEvents.ProductionCompleted:
                _metrics.Produced.Add(after.Produced - before.Produced);
                break;
            case RunEvents.Notified n:
                CountNotified(n.Step, n.Progress, before);
                break;
            case RunEvents.NotifyingCompleted n:
                CountNotified(n.Step, n.Progress, before);
                break;
            default:
                break; // nothing that is counted
        }
    }

    private void CountNotified(StepId step, NotifyProgress progress, RunState before)
    {
        var known = before.Notified.GetValueOrDefault(step, new NotifyProgress(0, 0, 0));
        _metrics.CountNotified(step.Kind, progress.Sent - known.Sent, progress.Failed - known.Failed);
    }
}

public static class RunTelemetryHosting
{
    /// <summary>Comes before the runs, so that it misses none of what they do.</summary>
    public static AkkaConfigurationBuilder AddRunTelemetry(this AkkaConfigurationBuilder builder) =>
        builder.WithActors((system, registry, resolver) =>
            registry.Register<RunTelemetry>(system.ActorOf(resolver.Props<RunTelemetry>(), "run-telemetry")));
}
