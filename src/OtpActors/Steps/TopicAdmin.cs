using Akka.Actor;
using Akka.Hosting;
using OtpActors.Topics;
using OtpActors.Workflow;

namespace OtpActors.Steps;

/// <summary>Creates a run's topic, or finds that it exists; both lead on to production.</summary>
public sealed class TopicAdmin(IOtpTopic topic) : StepActor<TopicAdmin.Begin>
{
    /// <summary>Answered by <see cref="RunCommands.ConfirmTopic"/>.</summary>
    public sealed record Begin(string RunId, int Attempt, RunSpec Spec) : IBeginStep
    {
        public StepId Step => StepId.EnsureTopic;
    }

    protected override async Task<IStepCommand?> RunAsync(Begin begin, IActorRef run, CancellationToken stop)
    {
        var spec = new TopicSpec(begin.Spec.Topic, begin.Spec.Partitions, begin.Spec.ReplicationFactor);
        var ensured = await topic.EnsureAsync(spec, stop);
        return new RunCommands.ConfirmTopic(begin.RunId, begin.Attempt, ensured.Outcome, ensured.Partitions);
    }
}

public static class TopicAdminHosting
{
    public static AkkaConfigurationBuilder AddTopicAdmin(this AkkaConfigurationBuilder builder) =>
        builder.WithActors((system, registry, resolver) =>
            registry.Register<TopicAdmin>(system.ActorOf(resolver.Props<TopicAdmin>(), "topic-admin")));
}
