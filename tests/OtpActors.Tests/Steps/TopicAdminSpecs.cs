using Akka.Actor;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Topics;
using OtpActors.Steps;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Steps;

public class TopicAdminSpecs : StepKit
{
    private readonly IActorRef _admin;

    public TopicAdminSpecs()
    {
        var topic = Topic;
        _admin = Sys.ActorOf(Props.Create(() => new TopicAdmin(topic, TimeProvider.System)));
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
    public async Task A_log_that_is_out_holds_the_step_and_costs_no_attempt()
    {
        var calls = 0;
        Topic.BeforeEnsure = () => ++calls < 3 ? throw new TopicException("no broker answers") { CanPass = true } : Task.CompletedTask;
        _admin.Tell(new TopicAdmin.Begin(RunId, 1, SpecOf(Generated(1))), Run);
        (await Run.NextAsync<RunCommands.HoldStep>())
            .ShouldBe(new RunCommands.HoldStep(RunId, StepId.EnsureTopic, 1, PartNames.Topic, "no broker answers"));
        (await Run.NextAsync<RunCommands.ReleaseStep>()).Step.ShouldBe(StepId.EnsureTopic);
        await Run.NextAsync<RunCommands.ConfirmTopic>();
        calls.ShouldBe(3);
    }

    [Fact]
    public async Task What_an_earlier_process_waited_for_is_released_once_it_answers()
    {
        var hold = new StepHold(PartNames.Topic, "no broker answers", RunDriver.Start);
        _admin.Tell(new TopicAdmin.Begin(RunId, 1, SpecOf(Generated(1)), hold), Run);
        await Run.NextAsync<RunCommands.ReleaseStep>();
        await Run.NextAsync<RunCommands.ConfirmTopic>();
    }

    [Fact]
    public async Task A_stop_during_an_outage_does_not_wait_for_its_end_and_fails_nothing()
    {
        Topic.BeforeEnsure = () => throw new TopicException("no broker answers") { CanPass = true };
        _admin.Tell(new TopicAdmin.Begin(RunId, 1, SpecOf(Generated(1))), Run);
        await Run.NextAsync<RunCommands.HoldStep>();
        await StopAsync(_admin, StepId.EnsureTopic);
        Run.HasMessages.ShouldBeFalse();
    }

    [Fact]
    public async Task A_topic_that_cannot_be_made_fails_the_attempt()
    {
        _admin.Tell(new TopicAdmin.Begin(RunId, 2, SpecOf(Generated(1)) with { Topic = "no/topic" }), Run);
        var failed = await Run.NextAsync<RunCommands.FailAttempt>();
        (failed.Step, failed.Attempt).ShouldBe((StepId.EnsureTopic, 2));
    }
}
