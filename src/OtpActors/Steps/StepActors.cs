using Akka.Actor;
using Akka.Hosting;
using OtpActors.Domain.Runs;

namespace OtpActors.Steps;

/// <summary>Who carries which step out, and what each is told.</summary>
public sealed record StepActors(
    IActorRef TopicAdmin, IActorRef Producer, IActorRef CassandraSink, IActorRef MongoSink, IActorRef Checker, IActorRef Notifier,
    IActorRef Mender)
{
    public static StepActors From(IReadOnlyActorRegistry registry) => new(
        registry.Get<TopicAdmin>(), registry.Get<Producer>(), registry.Get<CassandraSink>(), registry.Get<MongoSink>(),
        registry.Get<Checker>(), registry.Get<Notifier>(), registry.Get<Mender>());

    public IActorRef For(RunEffect effect) => effect is RunEffect.MendSink ? Mender : For(effect.Step!.Value);

    public IActorRef For(StepId step) => step switch
    {
        { Kind: StepKind.EnsureTopic } => TopicAdmin,
        { Kind: StepKind.Produce } => Producer,
        { Kind: StepKind.Sink, Store: StoreNames.Cassandra } => CassandraSink,
        { Kind: StepKind.Sink, Store: StoreNames.Mongo } => MongoSink,
        { Kind: StepKind.Check } => Checker,
        { Kind: StepKind.Mail or StepKind.Slack } => Notifier,
        _ => throw new ArgumentOutOfRangeException(nameof(step), step, "Nobody carries this step out."),
    };

    /// <summary>The message that puts an effect in flight; null for an effect that is the run's own timer.</summary>
    public static object? MessageFor(RunEffect effect, string runId, RunState state)
    {
        var spec = state.Spec!;
        var hold = effect.Step is { } step ? state.Steps[step].Hold : null;
        return effect switch
        {
            RunEffect.EnsureTopic e => new TopicAdmin.Begin(runId, e.Attempt, spec, hold),
            RunEffect.StartSink e => new Sink.Begin(runId, e.Id, e.Attempt, spec, e.Counted, hold),
            RunEffect.MendSink e => new Mender.Begin(runId, e.Id, e.Attempt, spec, e.From, e.To, hold),
            RunEffect.Drain e => new Sink.Drain(runId, e.Attempt, e.HighWatermarks),
            RunEffect.Produce e => new Producer.Begin(runId, e.Attempt, spec, e.From, hold),
            RunEffect.Check e => new Checker.Begin(runId, e.Id, e.Attempt, spec, hold),
            RunEffect.Notify e => new Notifier.Begin(runId, e.Id, e.Attempt, spec, e.From, hold),
            _ => null,
        };
    }
}
