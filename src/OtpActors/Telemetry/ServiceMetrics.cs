using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Journal;
using OtpActors.Infrastructure.Storage;
using OtpActors.Steps;
using OtpActors.Triggers;

namespace OtpActors.Telemetry;

/// <summary>
/// The service's instruments, under the meter <c>OtpActors</c>. Labels are of bounded number: stores, steps, channels,
/// outcomes, groups and phases; never a run, an address or a topic of a caller's choice. <c>docs/operations.md</c> lists them.
/// </summary>
/// <remarks>What counts, counts from this process's start: what a run did before belongs to the process that did it.</remarks>
public sealed class ServiceMetrics
{
    public const string MeterName = "OtpActors";

    private static readonly string[] Parts =
        [PartNames.Topic, .. StepId.Stores, PartNames.Mail, PartNames.Slack, PartNames.Ledger];

    private readonly ConcurrentDictionary<string, RunPhase> _active = new();
    private readonly ConcurrentDictionary<string, long> _lag = new();
    private readonly ConcurrentDictionary<string, IReadOnlyList<HeldStep>> _held = new();
    private readonly ContinuousSinkCounts _continuous;

    public ServiceMetrics(IMeterFactory factory, TriggerCounts triggers, ContinuousSinkCounts continuous, JournalStatus journal, DataDirectory data)
    {
        _continuous = continuous;
        continuous.Added += CountStored;
        var meter = factory.Create(MeterName);
        RunsStarted = meter.CreateCounter<long>("otpactors.runs.started", description: "Runs requested, by trigger.");
        RunsEnded = meter.CreateCounter<long>("otpactors.runs.ended", description: "Runs ended, by outcome.");
        RunDuration = meter.CreateHistogram(
            "otpactors.run.duration", "s", "From a run's beginning to its end, by outcome.",
            advice: Seconds(0.5, 1, 2, 5, 10, 30, 60, 120, 300, 900, 3600));
        StepEnds = meter.CreateCounter<long>("otpactors.steps", description: "Ends of steps and of their failed attempts, by step and outcome.");
        StepDuration = meter.CreateHistogram(
            "otpactors.step.duration", "s", "From a step's first attempt to its end, by step and outcome.",
            advice: Seconds(0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300));
        Produced = meter.CreateCounter<long>("otpactors.records.produced", description: "Records that runs appended to topics.");
        Read = meter.CreateCounter<long>(
            "otpactors.records.read", description: "Records that sinks read, by store: inserted + skipped + dead_lettered.");
        Stored = meter.CreateCounter<long>(
            "otpactors.records", description: "What became of the records read, by store and outcome: inserted, skipped, dead_lettered.");
        Notifications = meter.CreateCounter<long>("otpactors.notifications", description: "Messages, by channel and outcome: sent, failed.");
        StoreDuration = meter.CreateHistogram(
            "otpactors.store.duration", "s", "Calls to a store, by store, operation and outcome: ok, unavailable, error.",
            advice: Seconds(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10));
        StoreFailures = meter.CreateCounter<long>(
            "otpactors.store.failures", description: "Calls to a store that failed, by store and outcome: unavailable, error.");
        meter.CreateObservableGauge("otpactors.runs.active", Active, description: "Unfinished runs, by phase.");
        meter.CreateObservableGauge(
            "otpactors.steps.held", HeldByPart, description: "Steps and continuous sinks that wait for a part which is unavailable, by that part.");
        meter.CreateObservableGauge(
            "otpactors.runs.broken", () => (long)journal.BrokenRuns, description: "Unfinished runs that wait until the journal can be written.");
        meter.CreateObservableGauge(
            "otpactors.journal.out", () => journal.Outage is null && journal.ListOutage is null ? 0L : 1L,
            description: "1 while the journal, or the list of runs, cannot be written.");
        meter.CreateObservableGauge(
            "otpactors.data.free", () => data.FreeBytes is { } free ? [new Measurement<long>(free)] : Array.Empty<Measurement<long>>(), "By",
            "Bytes that can still be written to the data directory's disk.");
        meter.CreateObservableGauge("otpactors.topic.lag", Lags, description: "Records of the configured topic that a group has not committed.");
        meter.CreateObservableCounter(
            "otpactors.commands",
            () => Outcomes(("started", triggers.CommandsStarted), ("repeated", triggers.CommandsRepeated), ("dead_lettered", triggers.CommandsDeadLettered)),
            description: "Commands read from the command topic, by outcome: started, repeated, dead_lettered.");
        meter.CreateObservableCounter(
            "otpactors.runs.missed", () => triggers.MissedRuns, description: "Due times without a run, and runs past their deadline.");
    }

    public Counter<long> RunsStarted { get; }

    public Counter<long> RunsEnded { get; }

    public Histogram<double> RunDuration { get; }

    public Counter<long> StepEnds { get; }

    public Histogram<double> StepDuration { get; }

    public Counter<long> Produced { get; }

    public Counter<long> Read { get; }

    public Counter<long> Stored { get; }

    public Counter<long> Notifications { get; }

    public Histogram<double> StoreDuration { get; }

    public Counter<long> StoreFailures { get; }

    /// <summary>
    /// Makes every counter with every label that is known beforehand, at zero: what increases from nothing to one increases for
    /// nobody who counts. Comes after what collects them has begun.
    /// </summary>
    public void Begin()
    {
        foreach (var trigger in Enum.GetNames<TriggerKind>())
        {
            RunsStarted.Add(0, new KeyValuePair<string, object?>("trigger", trigger));
        }

        foreach (var outcome in Enum.GetNames<RunOutcome>())
        {
            RunsEnded.Add(0, new KeyValuePair<string, object?>("outcome", outcome));
        }

        foreach (var step in StepId.All)
        {
            foreach (var outcome in StepTelemetry.OutcomesOf(step))
            {
                StepEnds.Add(0, new("step", step.Name), new("outcome", outcome));
            }
        }

        foreach (var store in StepId.Stores)
        {
            CountStored(store, default);
            StoreFailures.Add(0, new("store", store), new("outcome", "unavailable"));
            StoreFailures.Add(0, new("store", store), new("outcome", "error"));
        }

        foreach (var channel in new[] { StepKind.Mail, StepKind.Slack })
        {
            CountNotified(channel, 0, 0);
        }

        Produced.Add(0);
    }

    public void CountNotified(StepKind channel, long sent, long failed)
    {
        var label = new KeyValuePair<string, object?>("channel", channel.ToString().ToLowerInvariant());
        Notifications.Add(sent, label, new("outcome", "sent"));
        Notifications.Add(failed, label, new("outcome", "failed"));
    }

    /// <summary>The runs that are not over in this process, and what each is doing.</summary>
    public IReadOnlyDictionary<string, RunPhase> ActiveRuns => _active;

    /// <summary>The steps of runs that wait for a part which is out; the longest wait first.</summary>
    public IReadOnlyList<HeldStep> Held => [.. _held.Values.SelectMany(steps => steps).OrderBy(step => step.Hold.Since)];

    public void Follow(RunState state)
    {
        var held = state.Steps.Where(step => step.Value.Hold is not null)
            .Select(step => new HeldStep(state.RunId, step.Key, step.Value.Hold!)).ToList();
        if (held.Count > 0)
        {
            _held[state.RunId] = held;
        }
        else
        {
            _held.TryRemove(state.RunId, out _);
        }

        if (state.IsTerminal)
        {
            _active.TryRemove(state.RunId, out _);
        }
        else
        {
            _active[state.RunId] = state.Phase;
        }
    }

    public void Forget(string runId)
    {
        _active.TryRemove(runId, out _);
        _held.TryRemove(runId, out _);
    }

    /// <summary>What a sink has dealt with, for a run or between runs.</summary>
    public void CountStored(string store, SinkCounts counts)
    {
        var label = new KeyValuePair<string, object?>("store", store);
        Read.Add(counts.Read, label);
        Stored.Add(counts.Inserted, label, new("outcome", "inserted"));
        Stored.Add(counts.Skipped, label, new("outcome", "skipped"));
        Stored.Add(counts.DeadLettered, label, new("outcome", "dead_lettered"));
    }

    public void SetLag(string group, long records) => _lag[group] = records;

    private IEnumerable<Measurement<long>> Active()
    {
        var counts = _active.Values.GroupBy(phase => phase).ToDictionary(group => group.Key, group => group.LongCount());
        return Enum.GetValues<RunPhase>()
            .Where(phase => phase is > RunPhase.New and < RunPhase.Completed)
            .Select(phase => new Measurement<long>(counts.GetValueOrDefault(phase), new KeyValuePair<string, object?>("phase", phase.ToString())));
    }

    private IEnumerable<Measurement<long>> HeldByPart()
    {
        var parts = Held.Select(step => step.Hold).Concat(_continuous.Holds.Values).CountBy(hold => hold.WaitsFor).ToDictionary();
        return Parts.Select(part =>
            new Measurement<long>(parts.GetValueOrDefault(part), new KeyValuePair<string, object?>("waits_for", part)));
    }

    private IEnumerable<Measurement<long>> Lags() =>
        _lag.Select(lag => new Measurement<long>(lag.Value, new KeyValuePair<string, object?>("group", lag.Key)));

    private static IEnumerable<Measurement<long>> Outcomes(params (string Outcome, long Count)[] counts) =>
        counts.Select(count => new Measurement<long>(count.Count, new KeyValuePair<string, object?>("outcome", count.Outcome)));

    private static InstrumentAdvice<double> Seconds(params double[] bounds) => new() { HistogramBucketBoundaries = bounds };
}

/// <summary>A step of a run that waits for a part which is out.</summary>
public sealed record HeldStep(string RunId, StepId Step, StepHold Hold);
