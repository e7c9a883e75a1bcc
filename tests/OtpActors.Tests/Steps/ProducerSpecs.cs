using Akka.Actor;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Topics;
using OtpActors.Steps;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Steps;

public class ProducerSpecs : StepKit
{
    private static readonly OtpRecord Jane = new(EmailAddress.Parse("jane@example.com"), OneTimePassword.Parse("0042"));

    private readonly IActorRef _producer;

    public ProducerSpecs()
    {
        var (topic, data) = (Topic, Data);
        _producer = Sys.ActorOf(Props.Create(() => new Producer(topic, data, TimeProvider.System)));
    }

    [Fact]
    public async Task All_records_of_the_run_go_to_the_topic_in_order()
    {
        await EnsureTopicAsync();
        Begin(Generated(4_500));
        var done = await Run.UntilAsync<RunCommands.CompleteProduction>();
        (done.Produced, done.HighWatermarks[0]).ShouldBe((4_500, 4_500));
        (await ReadAsync("otps")).Select(r => OtpRecordCodec.TryDecode(r.Key, r.Value, out var record, out _) ? record : default)
            .ShouldBe(Records(Generated(4_500)));
    }

    [Fact]
    public async Task Production_goes_on_where_the_topic_says_that_it_was()
    {
        await EnsureTopicAsync();
        await AppendAsync(Records(Generated(10)).Take(6), producer: RunId);
        Begin(Generated(10), from: 2);
        (await Run.UntilAsync<RunCommands.CompleteProduction>()).HighWatermarks[0].ShouldBe(10);
    }

    [Fact]
    public async Task A_run_whose_records_are_all_there_is_done_at_once()
    {
        await EnsureTopicAsync();
        await AppendAsync(Records(Generated(3)), producer: RunId);
        Begin(Generated(3));
        (await Run.NextAsync<RunCommands.CompleteProduction>()).Produced.ShouldBe(3);
    }

    [Fact]
    public async Task A_sample_is_paced_and_the_wait_is_no_stall()
    {
        await EnsureTopicAsync();
        Run.IgnoreNoMessages();
        Begin(new RecordSpec.Sample(Jane, TimeSpan.FromMilliseconds(5), 3));
        var told = new List<object>();
        while (told.LastOrDefault() is not RunCommands.CompleteProduction)
        {
            told.Add(await Run.NextAsync<object>());
        }

        told.OfType<RunCommands.RecordProduced>().Select(p => p.Produced).Where(n => n < 3).ShouldBe([1, 2]);
        told.OfType<RunCommands.Heartbeat>().Count().ShouldBe(2, "one for each wait");
    }

    [Fact]
    public async Task A_stop_leaves_in_order_and_says_how_far_it_came()
    {
        await EnsureTopicAsync();
        Begin(new RecordSpec.Sample(Jane, TimeSpan.FromHours(1), 3));
        (await Run.NextAsync<RunCommands.RecordProduced>()).Produced.ShouldBe(1);
        _producer.Tell(new StopStep(RunId, StepId.Produce), Run);
        (await Run.NextAsync<RunCommands.RecordProduced>()).Produced.ShouldBe(1);
        await Run.NextAsync<StepStopped>();
    }

    [Fact]
    public async Task A_log_that_is_out_amid_holds_the_step_which_goes_on_from_what_is_there()
    {
        await EnsureTopicAsync();
        var appends = 0;
        Topic.BeforeAppend = _ => ++appends is 2 or 3 or 4
            ? throw new TopicException("not enough replicas") { CanPass = true } : Task.CompletedTask;
        Begin(Generated(4_500));
        (await Run.UntilAsync<RunCommands.HoldStep>()).WaitsFor.ShouldBe(PartNames.Topic);
        await Run.UntilAsync<RunCommands.ReleaseStep>();
        (await Run.UntilAsync<RunCommands.CompleteProduction>()).HighWatermarks[0].ShouldBe(4_500, "none is lost, none is doubled");
    }

    [Fact]
    public async Task A_log_that_says_nothing_holds_the_step()
    {
        await EnsureTopicAsync();
        var frozen = new TaskCompletionSource();
        Topic.BeforeAppend = _ => frozen.Task;
        var impatient = SpecOf(Generated(3)) with
        {
            Policies = new StepPolicies { Produce = new StepPolicy { Timeout = TimeSpan.FromMilliseconds(150) } },
        };
        _producer.Tell(new Producer.Begin(RunId, 1, impatient, 0), Run);
        (await Run.NextAsync<RunCommands.HoldStep>()).Reason.ShouldBe("no answer for 0.05 s");
        frozen.SetResult();
        await Run.NextAsync<RunCommands.ReleaseStep>();
        (await Run.NextAsync<RunCommands.CompleteProduction>()).Produced.ShouldBe(3);
    }

    [Fact]
    public async Task A_topic_that_fails_fails_the_attempt()
    {
        await EnsureTopicAsync();
        Topic.BeforeAppend = _ => throw new TopicException("the disk is full");
        Begin(Generated(3));
        (await Run.NextAsync<RunCommands.FailAttempt>()).Error.ShouldBe("the disk is full");
        (await Topic.HighWatermarksAsync("otps", Cancel))[0].ShouldBe(0);
    }

    private void Begin(RecordSpec records, long from = 0) => _producer.Tell(new Producer.Begin(RunId, 1, SpecOf(records), from), Run);
}
