using Akka.Actor;
using OtpActors.Steps;
using OtpActors.Tests.Fakes;
using OtpActors.Topics;
using OtpActors.Workflow;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Steps;

public class TopicAdminSpecs : StepKit
{
    private readonly IActorRef _admin;

    public TopicAdminSpecs()
    {
        var topic = Topic;
        _admin = Sys.ActorOf(Props.Create(() => new TopicAdmin(topic)));
    }

    [Fact]
    public async Task A_topic_is_made_once_and_found_afterwards()
    {
        foreach (var outcome in new[] { TopicOutcome.Created, TopicOutcome.Exists })
        {
            _admin.Tell(new TopicAdmin.Begin(RunId, 1, SpecOf(Generated(1))), Run);
            (await Run.NextAsync<RunCommands.ConfirmTopic>()).ShouldBe(new RunCommands.ConfirmTopic(RunId, 1, outcome, 1));
        }
    }

    [Fact]
    public async Task A_topic_that_cannot_be_made_fails_the_attempt()
    {
        _admin.Tell(new TopicAdmin.Begin(RunId, 2, SpecOf(Generated(1)) with { Topic = "no/topic" }), Run);
        var failed = await Run.NextAsync<RunCommands.FailAttempt>();
        (failed.Step, failed.Attempt).ShouldBe((StepId.EnsureTopic, 2));
    }
}
