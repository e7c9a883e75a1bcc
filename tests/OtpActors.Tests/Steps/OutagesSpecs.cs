using Akka.Event;
using Microsoft.Extensions.Time.Testing;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Storage.Sqlite;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Topics;
using OtpActors.Steps;
using OtpActors.Tests.Fakes;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Steps;

public class OutagesSpecs : StepKit
{
    private static readonly StoreUnavailableException Refused = new("connection refused");

    private readonly FakeTimeProvider _clock = new(RunDriver.Start);

    [Fact]
    public async Task A_fault_is_the_caller_s_and_holds_nothing()
    {
        await Should.ThrowAsync<InvalidOperationException>(() => Of().WaitOutAsync<int>(
            StoreNames.Mongo, () => throw new InvalidOperationException("no such table"), Cancel));
        await Should.ThrowAsync<TopicException>(() => Of().WaitOutAsync<int>(
            PartNames.Topic, () => throw new TopicException("not authorised"), Cancel));
        await Should.ThrowAsync<SqliteFailureException>(() => Of().WaitOutAsync<int>(
            PartNames.Mail, () => throw new SqliteFailureException("damaged", canPass: false), Cancel));
        Run.HasMessages.ShouldBeFalse();
    }

    [Fact]
    public async Task Of_many_calls_one_tries_and_all_get_their_answer()
    {
        var (back, tries) = (false, 0);
        var outages = Of(TimeProvider.System);
        var calls = Enumerable.Range(0, 300).Select(n => outages.WaitOutAsync(
            StoreNames.Mongo,
            async () =>
            {
                Interlocked.Increment(ref tries);
                await Task.Yield();
                return Volatile.Read(ref back) ? n : throw Refused;
            },
            Cancel)).ToList();
        await Run.NextAsync<RunCommands.HoldStep>();
        await outages.WaitOutAsync(StoreNames.Cassandra, () => Task.CompletedTask, Cancel); // another part is not waited for
        Volatile.Read(ref tries).ShouldBeInRange(1, 320, "those that wait do not try");
        Volatile.Write(ref back, true);
        (await Task.WhenAll(calls).Eventually()).ShouldBe(Enumerable.Range(0, 300));
        await Run.NextAsync<RunCommands.ReleaseStep>();
        Run.HasMessages.ShouldBeFalse();
    }

    [Fact]
    public async Task A_reason_that_changes_is_told_once_a_minute()
    {
        var outages = Of();
        outages.Missing(StoreNames.Mongo, "one");
        outages.Missing(StoreNames.Mongo, "two");
        _clock.Advance(TimeSpan.FromSeconds(59));
        outages.Missing(StoreNames.Mongo, "three");
        _clock.Advance(TimeSpan.FromSeconds(1));
        outages.Missing(StoreNames.Mongo, "four");
        (await Run.NextAsync<RunCommands.HoldStep>()).Reason.ShouldBe("one");
        (await Run.NextAsync<RunCommands.HoldStep>()).Reason.ShouldBe("four");
        Run.HasMessages.ShouldBeFalse();
    }

    [Fact]
    public async Task Of_several_parts_that_are_out_the_first_is_told_and_then_the_others()
    {
        var changes = new List<bool>();
        var outages = Of(changed: changes.Add);
        outages.Missing(PartNames.Topic, "no broker answers");
        _clock.Advance(TimeSpan.FromSeconds(1));
        outages.Missing(StoreNames.Mongo, "connection refused");
        _clock.Advance(TimeSpan.FromSeconds(1));
        outages.Missing(PartNames.Ledger, "the disk is full");
        (await Run.NextAsync<RunCommands.HoldStep>()).WaitsFor.ShouldBe(PartNames.Topic);
        Run.HasMessages.ShouldBeFalse();
        outages.Answered(PartNames.Topic);
        (await Run.NextAsync<RunCommands.HoldStep>()).WaitsFor.ShouldBe(StoreNames.Mongo);
        outages.Answered(StoreNames.Mongo);
        (await Run.NextAsync<RunCommands.HoldStep>()).WaitsFor.ShouldBe(PartNames.Ledger);
        outages.Answered(PartNames.Ledger);
        await Run.NextAsync<RunCommands.ReleaseStep>();
        outages.Answered(StoreNames.Mongo);
        Run.HasMessages.ShouldBeFalse();
        changes.ShouldBe([true, false]);
    }

    [Fact]
    public async Task What_an_earlier_process_waited_for_is_released_by_that_part_alone()
    {
        var outages = Of(known: new StepHold(PartNames.Topic, "no broker answers", RunDriver.Start));
        outages.Answered(StoreNames.Mongo);
        Run.HasMessages.ShouldBeFalse();
        outages.Answered(PartNames.Topic);
        await Run.NextAsync<RunCommands.ReleaseStep>();
    }

    [Fact]
    public async Task Silence_holds_and_an_answer_releases()
    {
        var answer = new TaskCompletionSource<int>();
        var call = Of().WaitOutAsync(StoreNames.Mongo, () => answer.Task, Cancel);
        _clock.Advance(TimeSpan.FromSeconds(9));
        Run.HasMessages.ShouldBeFalse();
        _clock.Advance(TimeSpan.FromSeconds(1));
        (await Run.NextAsync<RunCommands.HoldStep>()).Reason.ShouldBe("no answer for 10 s");
        answer.SetResult(7);
        (await call.Eventually()).ShouldBe(7);
        await Run.NextAsync<RunCommands.ReleaseStep>();
    }

    [Fact]
    public async Task A_topic_that_is_unknown_for_a_moment_is_waited_for()
    {
        var known = false;
        var call = Of().WaitOutAsync(PartNames.Topic, () => known ? Task.CompletedTask : throw TopicException.NoTopic("otps"), Cancel);
        (await Run.NextAsync<RunCommands.HoldStep>()).Reason.ShouldBe("there is no topic otps: create it first");
        known = true;
        await UntilEndedAsync(call);
        await Run.NextAsync<RunCommands.ReleaseStep>();
    }

    [Fact]
    public async Task A_topic_that_stays_unknown_is_a_fault()
    {
        var tries = new List<DateTimeOffset>();
        var call = Of().WaitOutAsync(
            PartNames.Topic,
            () =>
            {
                tries.Add(_clock.GetUtcNow());
                throw TopicException.NoTopic("otps");
            },
            Cancel);
        await UntilEndedAsync(call);
        (await Should.ThrowAsync<TopicException>(call)).IsMissing.ShouldBeTrue();
        (tries[^1] - tries[0]).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromSeconds(30));
        (tries[^2] - tries[0]).ShouldBeLessThan(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task What_no_broker_answers_is_not_unknown()
    {
        var unknown = new List<DateTimeOffset>();
        var call = Of().WaitOutAsync(
            PartNames.Topic,
            () =>
            {
                if (_clock.GetUtcNow() - RunDriver.Start < TimeSpan.FromMinutes(2))
                {
                    throw new TopicException("no broker answers") { CanPass = true };
                }

                unknown.Add(_clock.GetUtcNow());
                throw TopicException.NoTopic("otps");
            },
            Cancel);
        await UntilEndedAsync(call);
        await Should.ThrowAsync<TopicException>(call);
        (unknown[^1] - unknown[0]).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public void A_stream_that_answers_is_not_silent()
    {
        var answers = 0L;
        using var watch = Of().Watch(PartNames.Mail, () => answers);
        for (var i = 0; i < 5; i++)
        {
            answers++;
            _clock.Advance(TimeSpan.FromSeconds(10));
        }

        Run.HasMessages.ShouldBeFalse();
    }

    [Fact]
    public async Task A_part_that_answers_while_another_goes_is_not_waited_for()
    {
        var failures = new Queue<Exception>(
        [
            new NotificationException("421 closing", canPass: true), new SqliteFailureException("the disk is full", canPass: true),
        ]);
        var call = Of().WaitOutAsync(
            PartNames.Mail, () => failures.TryDequeue(out var failure) ? throw failure : Task.CompletedTask, Cancel);
        await UntilEndedAsync(call);
        await call;
        (await Run.NextAsync<RunCommands.HoldStep>()).WaitsFor.ShouldBe(PartNames.Mail);
        await Run.NextAsync<RunCommands.ReleaseStep>();
        (await Run.NextAsync<RunCommands.HoldStep>()).WaitsFor.ShouldBe(PartNames.Ledger);
        await Run.NextAsync<RunCommands.ReleaseStep>();
    }

    [Fact]
    public async Task A_topic_that_was_known_between_may_be_unknown_for_as_long_again()
    {
        var outages = Of();
        for (var time = 0; time < 2; time++)
        {
            var since = _clock.GetUtcNow();
            var call = outages.WaitOutAsync(
                PartNames.Topic,
                () => _clock.GetUtcNow() - since < TimeSpan.FromSeconds(20) ? throw TopicException.NoTopic("otps") : Task.CompletedTask,
                Cancel);
            await UntilEndedAsync(call);
            await call;
        }
    }

    /// <summary>Lets time pass until the call has its answer or its fault.</summary>
    private async Task UntilEndedAsync(Task call)
    {
        while (!call.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(1, Cancel);
        }
    }

    private Outages Of(TimeProvider? time = null, StepHold? known = null, Action<bool>? changed = null) => new(
        new OutageSetup(RunId, Say.CassandraSink, 1, known, TimeSpan.FromSeconds(10)), Run, time ?? _clock,
        Logging.GetLogger(Sys, "outages"), changed);
}
