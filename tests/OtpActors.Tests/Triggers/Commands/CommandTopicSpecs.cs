using System.Text;
using Akka.Actor;
using Akka.Streams.Dsl;
using Microsoft.Extensions.Time.Testing;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Topics;
using OtpActors.Lifecycle;
using OtpActors.Tests.Fakes;
using OtpActors.Tests.Support;
using OtpActors.Triggers;
using OtpActors.Triggers.Commands;
using Shouldly;
using Xunit;
using StreamSink = Akka.Streams.Dsl.Sink;

namespace OtpActors.Tests.Triggers.Commands;

public class CommandTopicSpecs : StepKit
{
    private const string Commands = "otp_commands";
    private const string Letters = "otp_commands.dlq";

    private readonly FakeStarter _starter = new();
    private readonly TriggerCounts _counts = new();
    private readonly FakeTimeProvider _clock = new(RunDriver.Start);

    [Fact]
    public async Task A_command_starts_the_run_of_its_place()
    {
        await AppendAsync("""{"count":7}""", "{}");
        var commands = Open();
        await StopAsync(commands, committed: 2);
        _starter.RunIds.ShouldBe(["otp_commands-0-0", "otp_commands-0-1"]);
        _starter.Started.First().Request.Count.ShouldBe(7);
        _starter.Started.ShouldAllBe(run => run.Trigger == new RunTrigger(TriggerKind.CommandTopic, run.RunId, null));
        (_counts.CommandsStarted, _counts.CommandsRepeated, _counts.CommandsDeadLettered).ShouldBe((2, 0, 0));
    }

    [Fact]
    public async Task Nothing_is_started_before_the_unfinished_runs_are_known()
    {
        await AppendAsync("{}");
        var commands = NewActor();
        (await commands.Ask<CommandTopic.Stopped>(new CommandTopic.Stop(), TimeSpan.FromSeconds(15), Cancel)).ShouldNotBeNull();
        _starter.Started.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_command_is_committed_only_once_its_run_is_journaled()
    {
        var (starting, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        _starter.Before = _ =>
        {
            starting.TrySetResult();
            return gate.Task;
        };
        await AppendAsync("{}");
        var commands = Open();
        await starting.Task.Eventually();
        (await CommittedAsync()).ShouldBe(0);
        gate.SetResult();
        await StopAsync(commands, committed: 1);
    }

    [Fact]
    public async Task A_command_that_comes_again_gives_the_same_run()
    {
        await AppendAsync("{}", "{}");
        await _starter.StartAsync("otp_commands-0-0", new RunRequest(), new RunTrigger(TriggerKind.CommandTopic), Cancel); // and killed before the commit
        await StopAsync(Open(), committed: 2);
        _starter.RunIds.ShouldBe(["otp_commands-0-0", "otp_commands-0-1"]);
        (_starter.Repeated, _counts.CommandsRepeated).ShouldBe((1, 1));
    }

    [Fact]
    public async Task A_malformed_command_becomes_a_dead_letter_and_the_next_one_is_taken()
    {
        _starter.Before = run => run.EndsWith("-2", StringComparison.Ordinal) ? throw new RunRequestException("partitions", "0 is not between 1 and 1000")
            : run.EndsWith("-3", StringComparison.Ordinal) ? throw new RunKeyReusedException(run)
            : Task.CompletedTask;
        await AppendAsync("s3cret", """{"passwort":"s3cret"}""", """{"partitions":0}""", "{}", "{}");
        await StopAsync(Open(), committed: 5);

        _starter.RunIds.ShouldBe(["otp_commands-0-4"]);
        var letters = await ReadAsync(Letters);
        letters.Select(letter => Encoding.UTF8.GetString(letter.Value!)).ShouldBe(["s3cret", """{"passwort":"s3cret"}""", """{"partitions":0}""", "{}"]);
        letters.Select(letter => letter.Headers![DeadLetters.ReasonHeader]).ShouldBe(
        [
            "the command is not JSON that can be read: line 1, byte 1", "a field is not known: line 1, byte 13",
            "partitions: 0 is not between 1 and 1000", "another command has started a run at this place; was the topic made anew?",
        ]);
        letters.ShouldAllBe(letter => letter.Headers![DeadLetters.SinkHeader] == "commands" && letter.Headers[DeadLetters.TopicHeader] == Commands);
        _counts.CommandsDeadLettered.ShouldBe(4);
    }

    /// <summary>What nobody foresaw fails the same way each time; what it says may repeat the command.</summary>
    [Fact]
    public async Task A_command_that_the_program_trips_over_becomes_a_dead_letter()
    {
        _starter.Before = run => run.EndsWith("-0", StringComparison.Ordinal) ? throw new FormatException("s3cret") : Task.CompletedTask;
        await AppendAsync("""{"otp":"s3cret"}""", """{"interval":"\u0665s","otp":"s3cret"}""", "{}");
        await StopAsync(Open(), committed: 3);
        _starter.RunIds.ShouldBe(["otp_commands-0-2"]);
        var reasons = (await ReadAsync(Letters)).Select(letter => letter.Headers![DeadLetters.ReasonHeader]).ToList();
        reasons[0].ShouldBe("it cannot be processed (FormatException)");
        reasons[1].ShouldStartWith("interval: ");
        _counts.CommandsDeadLettered.ShouldBe(2);
    }

    [Fact]
    public async Task An_outage_holds_the_command_and_makes_no_dead_letter()
    {
        var calls = 0;
        _starter.Before = _ => ++calls < 4 ? throw new RunRefusedException("the journal does not answer") : Task.CompletedTask;
        await AppendAsync("{}");
        var commands = Open();
        while (_starter.Started.IsEmpty)
        {
            Cancel.ThrowIfCancellationRequested();
            _clock.Advance(TimeSpan.FromMinutes(1)); // whichever pause it is in is over
            await Task.Yield();
        }

        await StopAsync(commands, committed: 1);
        calls.ShouldBe(4);
        await Should.ThrowAsync<TopicException>(() => Topic.HighWatermarksAsync(Letters, Cancel));
    }

    [Fact]
    public async Task A_late_command_starts_its_run_unless_it_says_until_when_it_is_wanted()
    {
        await AppendAsync(
            "{}",
            $$"""{"notAfter":"{{RunDriver.Start.AddHours(-1):O}}"}""",
            $$"""{"notAfter":"{{RunDriver.Start.AddHours(1):O}}"}""",
            $$"""{"notAfter":"{{RunDriver.Start.AddHours(-1):O}}"}""");
        await _starter.StartAsync("otp_commands-0-3", new RunRequest(), new RunTrigger(TriggerKind.CommandTopic), Cancel); // in time, and comes again
        await StopAsync(Open(), committed: 4);
        _starter.RunIds.ShouldBe(["otp_commands-0-3", "otp_commands-0-0", "otp_commands-0-2"]);
        var letter = (await ReadAsync(Letters)).ShouldHaveSingleItem();
        (letter.Headers![DeadLetters.OffsetHeader], letter.Headers[DeadLetters.ReasonHeader]).ShouldBe(("1", "too late: its notAfter has passed"));
    }

    [Fact]
    public async Task A_stop_finishes_the_command_in_hand_and_what_comes_again_makes_no_second_run()
    {
        var (starting, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        _starter.Before = _ =>
        {
            starting.TrySetResult();
            return gate.Task;
        };
        await AppendAsync("{}", "{}");
        var commands = Open();
        await starting.Task.Eventually();
        var stopped = commands.Ask<CommandTopic.Stopped>(new CommandTopic.Stop(), TimeSpan.FromSeconds(15), Cancel);
        await commands.Ask<ActorIdentity>(new Identify(1), Cancel); // it has been told
        stopped.IsCompleted.ShouldBeFalse();
        gate.SetResult();
        await stopped;
        _starter.RunIds.ShouldBe(["otp_commands-0-0"]);

        await StopAsync(Open(), committed: 2);
        _starter.RunIds.ShouldBe(["otp_commands-0-0", "otp_commands-0-1"]);
    }

    [Fact]
    public async Task A_topic_that_fails_is_tried_again()
    {
        await AppendAsync("{}");
        var commands = Open();
        await UntilCommittedAsync(1);
        var (control, end) = Topic.Consume(Commands, Group).ToMaterialized(StreamSink.Ignore<PartitionBatch>(), Keep.Both).Run(Materializer);
        await control.Assigned.Eventually(); // has fenced the actor's consumer, which comes back
        await end.ContinueWith(_ => { }, TaskScheduler.Default).Eventually();
        await AppendAsync("{}");
        await UntilCommittedAsync(2);
        await StopAsync(commands, committed: 2);
    }

    private IActorRef NewActor()
    {
        var setup = new CommandTopicSetup(
            new CommandTopicOptions { ConsumerGroup = Group, MaxBytes = 1_024 }, 1, Topic, _starter, _clock, _counts);
        var commands = Sys.ActorOf(Props.Create(() => new CommandTopic(setup)));
        TriggerPhase.NotifyWhenResumed(Sys, commands);
        return commands;
    }

    private IActorRef Open()
    {
        var commands = NewActor();
        Sys.EventStream.Publish(new RunNotices.Resumed(0));
        return commands;
    }

    private async Task StopAsync(IActorRef commands, long committed)
    {
        await UntilCommittedAsync(committed);
        await commands.Ask<CommandTopic.Stopped>(new CommandTopic.Stop(), TimeSpan.FromSeconds(15), Cancel);
    }

    private async Task UntilCommittedAsync(long offset)
    {
        while (await CommittedAsync() < offset)
        {
            Cancel.ThrowIfCancellationRequested();
            await Task.Delay(10, Cancel);
        }
    }

    private async Task<long> CommittedAsync() => (await Topic.CommittedAsync(Commands, Group, Cancel)).GetValueOrDefault(0);

    private async Task AppendAsync(params string[] commands)
    {
        await Topic.EnsureAsync(new TopicSpec(Commands, 1, 1), Cancel);
        var from = await Topic.ResumeSequenceAsync(Commands, "p", Cancel);
        var batch = commands.Select((text, i) => new ProducerRecord(from + i, null, Encoding.UTF8.GetBytes(text), RunDriver.Start)).ToList();
        await Source.Single<IReadOnlyList<ProducerRecord>>(batch).Via(Topic.ProducerFlow(Commands, "p"))
            .RunWith(StreamSink.Ignore<ProducerAck>(), Materializer);
    }
}
