using System.Text.Json;
using System.Text.Json.Serialization;
using CsCheck;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Journal;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Domain.Runs;

/// <summary>What holds for a run whatever it is told.</summary>
public class RunStatePropertySpecs
{
    private const int Runs = 1_000;

    private static readonly JsonSerializerOptions Json = new() { Converters = { new StepKeys(), new JsonStringEnumConverter() } };

    private static readonly Gen<StepId> AnyStep = OneOf([.. StepId.All]);
    private static readonly Gen<StepId> AnySink = OneOf(Say.CassandraSink, Say.MongoSink);
    private static readonly Gen<string> AnyStore = OneOf([.. StepId.Stores]);
    private static readonly Gen<StepId> AnyNotification =
        OneOf([.. StepId.Stores.Select(StepId.Mail), .. StepId.Stores.Select(StepId.Slack)]);

    /// <summary>How far off the present attempt a command is; mostly not at all.</summary>
    private static readonly Gen<int> Lag = Gen.Frequency((12, Gen.Const(0)), (1, Gen.Const(-1)), (1, Gen.Const(1)));

    private static readonly Gen<SinkCounts?> AnyCounts = Gen.Frequency(
        (5, Gen.Const((SinkCounts?)null)),
        (1, Gen.Select(Gen.Long[0, 5], Gen.Long[0, 5], Gen.Long[0, 5], Gen.Long[0, 5], (a, b, c, d) => (SinkCounts?)new SinkCounts(a, b, c, d))));

    /// <summary>A command, given the state it meets: plausible ones pick up where the state is, wild ones do not.</summary>
    private static readonly Gen<Func<RunState, IRunCommand>> AnyCommand = Gen.Frequency(
        (1, Gen.Const<Func<RunState, IRunCommand>>(_ => Say.Request())),
        (2, Gen.Const<Func<RunState, IRunCommand>>(_ => Say.Begin)),
        (3, Gen.Select(Lag, (lag) => To(lag, StepId.EnsureTopic, (_, attempt) => Say.Topic(attempt: attempt)))),
        (6, Gen.Select(Lag, AnySink, Gen.Long[0, 3], (lag, sink, start) => To(lag, sink, (_, attempt) => Say.Ready(sink, attempt, Say.Offsets((0, start)))))),
        (8, Gen.Select(Lag, AnySink, Gen.Int[0, 1], Gen.Long[-2, 2], Gen.Long[-1, 6], AnyCounts, (lag, sink, partition, shift, length, counts) => To(lag, sink, (state, attempt) =>
        {
            var from = state.Sinks[sink.Store!].Counted.GetValueOrDefault(partition) + Math.Min(shift, 0);
            return Say.Progress(sink, from, from + length, attempt, partition, counts);
        }))),
        (4, Gen.Select(Lag, AnySink, Gen.Bool, (lag, sink, drained) => To(lag, sink, (_, attempt) => drained ? Say.Drained(sink, attempt) : Say.Elapsed(sink, attempt)))),
        (3, Gen.Select(Lag, Gen.Long[-1, 3], (lag, more) => To(lag, StepId.Produce, (state, attempt) => Say.Produced(state.Produced + more, attempt)))),
        (3, Gen.Select(Lag, Gen.Long[9, 10], (lag, all) => To(lag, StepId.Produce, (_, attempt) => Say.AllProduced(attempt, all)))),
        (5, Gen.Select(Lag, AnyStore, Gen.Frequency((3, Gen.Const(10L)), (1, Gen.Long[0, 10])), (lag, store, found) => To(lag, StepId.Check(store), (_, attempt) => Say.Checked(store, found, attempt)))),
        (3, Gen.Select(Lag, AnyNotification, Gen.Long[-1, 3], (lag, step, more) => To(lag, step, (state, attempt) =>
        {
            var known = state.Notified.GetValueOrDefault(step, new NotifyProgress(0, 0, 0));
            return Say.Notified(step, known.Next + more, known.Sent + more, known.Failed, attempt);
        }))),
        (9, Gen.Select(Lag, AnyNotification, (lag, step) => To(lag, step, (_, attempt) => Say.AllNotified(step, attempt: attempt)))),
        (4, Gen.Select(Lag, AnyStep, Gen.Double.Unit, (lag, step, chance) => To(lag, step, (_, attempt) => Say.Fail(step, attempt, chance)))),
        (6, Gen.Select(Lag, AnyStep, (lag, step) => To(lag, step, (_, attempt) => Say.Retry(step, attempt)))),
        (3, Gen.Select(Lag, AnyStep, AnyStore, Gen.Int[0, 1], (lag, step, part, reason) => To(lag, step, (_, attempt) => Say.Hold(step, attempt, part, $"reason {reason}")))),
        (3, Gen.Select(Lag, AnyStep, (lag, step) => To(lag, step, (_, attempt) => Say.Release(step, attempt)))),
        (3, Gen.Select(Lag, AnyStep, (lag, step) => To(lag, step, (_, attempt) => Say.HoldLimit(step, attempt)))),
        (1, Gen.Const<Func<RunState, IRunCommand>>(_ => Say.Pause)),
        (6, Gen.Const<Func<RunState, IRunCommand>>(_ => Say.Resume)),
        (1, AnyStep.Select<StepId, Func<RunState, IRunCommand>>(step => _ => Say.RetryStep(step))),
        (1, Gen.Select(Lag, AnyStep, (lag, step) => To(lag, step, (_, attempt) => Say.Heartbeat(step, attempt)))));

    private static readonly Gen<Func<RunState, IRunCommand>> AnyEnd =
        OneOf<Func<RunState, IRunCommand>>(_ => Say.Cancel, _ => Say.Deadline);

    private static readonly Gen<(Func<RunState, IRunCommand> Command, int Seconds)[]> Stories = Gen.Select(
        Gen.Frequency((60, AnyCommand), (1, AnyEnd)), Gen.Int[0, 12]).Array[60, 260];

    [Fact]
    public void A_run_keeps_its_promises_whatever_it_is_told()
    {
        var chance = new PCG(1, 20_310_517); // its own, so that every day tells the same stories
        var met = new HashSet<RunPhase>();
        for (var n = 0; n < Runs; n++)
        {
            var run = new RunDriver();
            var retried = 0;
            run.Do(Say.Request(RunDriver.Spec with { Deadline = TimeSpan.FromMinutes(7), HoldFor = TimeSpan.FromSeconds(20) }), Say.Begin);
            foreach (var (command, seconds) in Stories.Generate(chance, null, out _))
            {
                run.Now += TimeSpan.FromSeconds(seconds);
                var before = run.State;
                var told = command(before);
                var decision = run.Try(told);
                retried += told is RunCommands.RetryStep && decision.Rejection is null ? 1 : 0;
                CheckStep(before, decision, run.State);
                CheckState(run.State, retried);
                met.Add(run.State.Phase);
            }

            var replayed = run.Events.Aggregate(RunState.New(RunDriver.RunId), (state, e) => state.Apply(e));
            Canonical(replayed).ShouldBe(Canonical(run.State));
        }

        // The stories are only worth something where they go everywhere.
        met.Order().ShouldBe(Enum.GetValues<RunPhase>().Where(phase => phase >= RunPhase.EnsuringTopic));
    }

    [Fact]
    public void A_snapshot_and_the_events_after_it_make_what_all_events_make()
    {
        var chance = new PCG(1, 20_310_518);
        var serializer = new RunSnapshotSerializer(null!);
        var met = new HashSet<RunPhase>();
        for (var n = 0; n < Runs; n++)
        {
            var run = new RunDriver();
            run.Do(Say.Request(RunDriver.Spec with { Deadline = TimeSpan.FromMinutes(7), HoldFor = TimeSpan.FromSeconds(20) }), Say.Begin);
            foreach (var (command, seconds) in Stories.Generate(chance, null, out _))
            {
                run.Now += TimeSpan.FromSeconds(seconds);
                run.Try(command(run.State));
            }

            var cut = Gen.Int[1, run.Events.Count].Generate(chance, null, out _);
            var whole = run.Events.Take(cut).Aggregate(RunState.New(RunDriver.RunId), (state, e) => state.Apply(e));
            met.Add(whole.Phase);
            var snapshot = whole.ToSnapshot();
            var kept = RunState.From((RunSnapshot)serializer.FromBinary(serializer.ToBinary(snapshot), serializer.Manifest(snapshot)));
            Canonical(kept).ShouldBe(Canonical(whole));
            Canonical(run.Events.Skip(cut).Aggregate(kept, (state, e) => state.Apply(e))).ShouldBe(Canonical(run.State));
        }

        met.ShouldBeSubsetOf(Enum.GetValues<RunPhase>().Where(phase => phase >= RunPhase.Requested));
        met.Count.ShouldBeGreaterThan(8, "snapshots are taken in most phases");
    }

    private static void CheckStep(RunState before, RunDecision decision, RunState after)
    {
        if (decision.Events.Count == 0)
        {
            after.ShouldBeSameAs(before);
        }
        else
        {
            decision.Rejection.ShouldBeNull();
            (before.IsTerminal && decision.Events[0] is not RunEvents.Reopened).ShouldBeFalse("what is over stays so, unless a step is retried");
            after.Version.ShouldBe(before.Version + decision.Events.Count);
        }

        if (decision.Events is not [RunEvents.Paused or RunEvents.Resumed or RunEvents.Reopened, ..])
        {
            (after.Phase >= before.Phase).ShouldBeTrue($"{before.Phase} became {after.Phase}");
        }

        (after.Produced >= before.Produced).ShouldBeTrue();
        foreach (var store in StepId.Stores)
        {
            after.Sinks[store].Counted.Covers(before.Sinks[store].Counted).ShouldBeTrue("counting goes forward");
        }
    }

    private static void CheckState(RunState state, int retried)
    {
        foreach (var (id, step) in state.Steps)
        {
            step.Attempt.ShouldBeInRange(0, state.Spec!.Policies.For(id.Kind).Attempts + retried);
            (step.RetryAt is not null).ShouldBe(step.Status == StepStatus.Retrying);
            (step.Hold is not null && (step.Status != StepStatus.Running || state.PausedAt is not null))
                .ShouldBeFalse("nothing but a step that runs waits for a part");
        }

        state.Sinks.Values.All(sink => sink.Counts.Balance).ShouldBeTrue("every record read is accounted for");
        var effects = state.Effects().ToList();
        effects.OfType<RunEffect.HoldUntil>().Select(until => (until.Id, until.At - state.Spec!.HoldFor))
            .ShouldBe(
                state.Steps.Where(step => step.Value.Hold is not null)
                    .Select(step => (step.Key, (DateTimeOffset?)step.Value.Hold!.Since)),
                ignoreOrder: true);
        effects.DistinctBy(effect => effect.Key).Count().ShouldBe(effects.Count);
        var flying = effects.Where(effect => effect.Step is not null).Select(effect => (effect.Step!.Value, Status(effect))).ToHashSet();
        var open = state.Steps.Select(step => (step.Key, step.Value.Status)).Where(step => step.Status is StepStatus.Running or StepStatus.Retrying && state.PausedAt is null);
        flying.SetEquals(open).ShouldBeTrue("what is open, and nothing else, is in flight");
    }

    private static StepStatus Status(RunEffect effect) =>
        effect is RunEffect.RetryAt ? StepStatus.Retrying : StepStatus.Running;

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static Func<RunState, IRunCommand> To(int lag, StepId step, Func<RunState, int, IRunCommand> command) =>
        state => command(state, state.Steps[step].Attempt + lag);

    /// <summary>Dictionaries in the order of their keys, since it is not part of a state.</summary>
    private static string Canonical(RunState state) => JsonSerializer.Serialize(
        new
        {
            state.Spec,
            state.RequestedAt,
            state.BeganAt,
            state.EndedAt,
            state.PausedAt,
            state.ReopenedAt,
            state.Version,
            state.Timeline,
            state.Outcome,
            state.Reason,
            state.Topic,
            state.Produced,
            state.HighWatermarks,
            Steps = state.Steps.OrderBy(s => s.Key.Name),
            Sinks = state.Sinks.OrderBy(s => s.Key),
            Checks = state.Checks.OrderBy(c => c.Key),
            Notified = state.Notified.OrderBy(n => n.Key.Name),
        },
        Json);

    private sealed class StepKeys : JsonConverter<StepId>
    {
        public override StepId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, StepId value, JsonSerializerOptions options) => writer.WriteStringValue(value.Name);
    }
}
