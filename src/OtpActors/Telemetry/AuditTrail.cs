using Akka.Actor;
using Akka.Hosting;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using Serilog.Core;
using Serilog.Events;

namespace OtpActors.Telemetry;

/// <summary>
/// Who did what, in files of its own (<c>logs/audit-….log</c>): runs that are requested and that end; what callers of the API change;
/// passwords that are revealed; keys that are refused. The same lines are in the log.
/// </summary>
public sealed class AuditTrail : ReceiveActor
{
    /// <summary>The category of what is written for the audit; it passes whatever the least level is.</summary>
    public const string Category = "OtpActors.Audit";

    /// <summary>Another category whose lines belong to it: keys that are refused, counted.</summary>
    private const string RefusedKeys = "OtpActors.Api.RefusedKeys";

    public AuditTrail(ILoggerFactory logs)
    {
        var log = logs.CreateLogger(Category);
        Receive<RunNotices.Journaled>(journaled =>
        {
            switch (journaled.Event)
            {
                case RunEvents.Requested { Spec: var spec }:
                    log.LogInformation(
                        "Run {RunId} is requested by {Trigger} {Key}: {Count} record(s) on {Topic}",
                        journaled.After.RunId, (spec.Trigger?.Kind ?? TriggerKind.CommandLine).ToString(), spec.Trigger?.Key ?? "", spec.Records.Count, spec.Topic);
                    break;
                case RunEvents.Ended end:
                    log.LogInformation("Run {RunId} ended: {Outcome} {Reason}", journaled.After.RunId, end.Outcome.ToString(), end.Reason ?? "");
                    break;
            }
        });
    }

    /// <summary>Whether the line belongs into the audit's file.</summary>
    public static bool Has(LogEvent line) =>
        line.Properties.TryGetValue(Constants.SourceContextPropertyName, out var source) && source is ScalarValue { Value: Category or RefusedKeys };

    protected override void PreStart() => Context.System.EventStream.Subscribe(Self, typeof(RunNotices.Journaled));
}

public static class AuditTrailHosting
{
    public static AkkaConfigurationBuilder AddAuditTrail(this AkkaConfigurationBuilder builder) =>
        builder.WithActors((system, registry, resolver) =>
            registry.Register<AuditTrail>(system.ActorOf(resolver.Props<AuditTrail>(), "audit-trail")));
}
