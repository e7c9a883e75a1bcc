using Akka.Actor;
using Akka.Hosting;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Topics;

namespace OtpActors.Steps;

/// <summary>Creates a run's topic, or finds that it exists; both lead on to production.</summary>
public sealed class TopicAdmin(IOtpTopic topic, TimeProvider time) : StepActor<TopicAdmin.Begin>(time)
{
    /// <summary>Answered by <see cref="RunCommands.ConfirmTopic"/>.</summary>
    public sealed record Begin(string RunId, int Attempt, RunSpec Spec, StepHold? Hold = null) : IBeginStep
    {
        public StepId Step => StepId.EnsureTopic;
    }

    protected override async Task<IStepCommand?> RunAsync(
        Begin begin, IActorRef run, Outages outages, CancellationToken cancellationToken)
    {
        var spec = new TopicSpec(begin.Spec.Topic, begin.Spec.Partitions, begin.Spec.ReplicationFactor);
        var ensured = await outages.WaitOutAsync(PartNames.Topic, () => topic.EnsureAsync(spec, cancellationToken), cancellationToken);
        return new RunCommands.ConfirmTopic(begin.RunId, begin.Attempt, ensured.Outcome, ensured.Partitions);
    }
}

public static class TopicAdminHosting
{
    public static AkkaConfigurationBuilder AddTopicAdmin(this AkkaConfigurationBuilder builder) =>
        builder.WithActors((system, registry, resolver) =>
            registry.Register<TopicAdmin>(system.ActorOf(resolver.Props<TopicAdmin>(), "topic-admin")));
}
