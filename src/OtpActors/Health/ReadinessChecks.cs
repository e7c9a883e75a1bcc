using System.Globalization;
using Akka.Actor;
using Akka.Hosting;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Journal;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Topics;
using OtpActors.Runs;
using OtpActors.Steps;
using OtpActors.Telemetry;

namespace OtpActors.Health;

/// <summary>Whether the topic's log can be asked. That the topic is not there yet is no fault: a run creates it.</summary>
internal sealed class TopicCheck(TopicOptions options, IOtpTopic topic) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await topic.HighWatermarksAsync(options.Name, cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (TopicException e) when (e.IsMissing)
        {
            return HealthCheckResult.Healthy("the topic is not there yet; the first run creates it");
        }
        catch (TopicException e)
        {
            return HealthCheckResult.Unhealthy(e.Message);
        }
    }
}

/// <summary>Whether a store is set up and answers.</summary>
internal sealed class StoreCheck(IOtpStore store) : IHealthCheck
{
    /// <summary>Belongs to nobody (RFC 2606 §2).</summary>
    private static readonly EmailAddress Nobody = EmailAddress.Parse("health@check.invalid");

    private volatile bool _ready;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            if (!_ready)
            {
                await store.EnsureSchemaAsync(cancellationToken);
                _ready = true;
            }

            await store.FindAsync([Nobody], cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (Exception e) when (e is StoreUnavailableException or StoreSetupException)
        {
            return HealthCheckResult.Unhealthy(e.Message);
        }
    }
}

/// <summary>Whether the journal of runs can be written, and the list of runs.</summary>
internal sealed class JournalCheck(IRequiredActor<JournalWatch> watch, JournalStatus status) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var journal = await watch.GetAsync(cancellationToken);
        var answer = await journal.Ask<JournalWatch.Checked>(JournalWatch.Check.Instance, cancellationToken);
        var since = status.Outage is { } outage ? $" since {outage.Since:u}" : "";
        return answer.Error is { } error
            ? HealthCheckResult.Unhealthy(
                $"the journal cannot be written{since}: {error}; {status.BrokenRuns} run(s) wait for it and go on by themselves")
            : status.ListOutage is { } list
                ? HealthCheckResult.Unhealthy($"the list of runs cannot be written since {list.Since:u}: {list.Error}")
                : HealthCheckResult.Healthy();
    }
}

/// <summary>Whether the sinks that should consume get on.</summary>
internal sealed class SinksCheck(LagMonitor lag, ContinuousSinkCounts continuous, TelemetryOptions options) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var held = continuous.Holds
            .Select(sink => $"the continuous sink into {sink.Key} {HeldStepsCheck.Sentence(sink.Value)}").Order(StringComparer.Ordinal);
        var stalled = lag.Latest.Where(group => group.StalledFor >= options.StallAfter)
            .Select(group => FormattableString.Invariant(
                $"{group.Group} has committed nothing for {group.StalledFor.TotalSeconds:0} s, {group.Lag} records wait"))
            .ToList();
        var detail = string.Join("; ", stalled.Concat(held));
        return Task.FromResult(stalled.Count > 0 ? HealthCheckResult.Unhealthy(detail)
            : HealthCheckResult.Healthy(detail.Length > 0 ? detail : null));
    }
}

/// <summary>
/// Tells which steps of runs wait for a part that is out. That makes nobody unready: the part's own check does where it is
/// one that requests need, and a mail server is none.
/// </summary>
internal sealed class HeldStepsCheck(ServiceMetrics metrics) : IHealthCheck
{
    private const int Shown = 5;

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var held = metrics.Held;
        var told = held.Take(Shown).Select(step => $"{step.Step} of the run {step.RunId} {Sentence(step.Hold)}");
        var rest = held.Count > Shown ? [FormattableString.Invariant($"and {held.Count - Shown} more")] : Array.Empty<string>();
        return Task.FromResult(HealthCheckResult.Healthy(held.Count == 0 ? null : string.Join("; ", told.Concat(rest))));
    }

    public static string Sentence(StepHold hold) => string.Create(
        CultureInfo.InvariantCulture, $"waits for {hold.WaitsFor} since {hold.Since.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC: {hold.Reason}");
}
