using Akka.Actor;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Steps;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Steps;

public class StepActorSpecs : StepKit
{
    private readonly IActorRef _step;

    public StepActorSpecs() => _step = Sys.ActorOf(Props.Create(() => new TestStep()));

    [Fact]
    public async Task An_attempt_ends_with_its_last_word()
    {
        Begin(1, (_, _) => Done(1));
        (await Run.NextAsync<RunCommands.CompleteProduction>()).Attempt.ShouldBe(1);
    }

    [Fact]
    public async Task A_failure_is_the_attempt_s_last_word()
    {
        Begin(3, (_, _) => throw new InvalidOperationException("no luck"));
        (await Run.NextAsync<RunCommands.FailAttempt>()).ShouldBe(Say.Fail(StepId.Produce, 3, error: "no luck"));
    }

    [Fact]
    public async Task A_stop_is_answered_where_nothing_runs() =>
        (await StopAsync(_step, StepId.Produce)).ShouldBe(new StepStopped(RunId, StepId.Produce));

    [Fact]
    public async Task A_stopped_attempt_finishes_what_is_in_hand_and_then_the_stop_is_answered()
    {
        await BeginAsync(1, async (run, stop) =>
        {
            await Stopped(stop);
            run.Tell(Say.Produced(7));
            return null;
        });
        _step.Tell(new StopStep(RunId, StepId.Produce), Run);
        (await Run.NextAsync<RunCommands.RecordProduced>()).Produced.ShouldBe(7);
        await Run.NextAsync<StepStopped>();
    }

    [Fact]
    public async Task A_newer_attempt_stops_the_older_one_and_waits_for_it()
    {
        var release = new TaskCompletionSource();
        await BeginAsync(1, async (run, stop) =>
        {
            await Stopped(stop);
            await release.Task;
            run.Tell(Say.Produced(1));
            return await Done(1);
        });
        Begin(2, (_, _) => Done(2));
        await StopAsync(_step, StepId.Check(StoreNames.Mongo)); // the newer attempt has been taken up
        Run.HasMessages.ShouldBeFalse();
        release.SetResult();

        (await Run.NextAsync<RunCommands.RecordProduced>()).Produced.ShouldBe(1);
        (await Run.NextAsync<RunCommands.CompleteProduction>()).Attempt.ShouldBe(2, "nobody waits for the older one's last word");
    }

    [Fact]
    public async Task A_stop_of_the_older_attempt_is_answered_though_a_newer_one_came()
    {
        await BeginAsync(1, async (_, stop) =>
        {
            await Stopped(stop);
            return null;
        });
        _step.Tell(new StopStep(RunId, StepId.Produce), Run);
        Begin(2, (_, _) => Done(2));
        await Run.UntilAsync<StepStopped>();
    }

    [Fact]
    public async Task The_end_of_the_actor_stops_its_attempts()
    {
        var stopped = new TaskCompletionSource();
        await BeginAsync(1, async (_, stop) =>
        {
            await Stopped(stop);
            stopped.SetResult();
            return null;
        });
        Sys.Stop(_step);
        await stopped.Task.WaitAsync(Cancel);
    }

    private static Task<IStepCommand?> Done(int attempt) => Task.FromResult<IStepCommand?>((IStepCommand)Say.AllProduced(attempt));

    private void Begin(int attempt, Func<IActorRef, CancellationToken, Task<IStepCommand?>> work) =>
        _step.Tell(new TestBegin(RunId, attempt, SpecOf(Generated(1)), work), Run);

    /// <summary>Waits until the work has begun.</summary>
    private Task BeginAsync(int attempt, Func<IActorRef, CancellationToken, Task<IStepCommand?>> work)
    {
        var begun = new TaskCompletionSource();
        Begin(attempt, (run, stop) =>
        {
            begun.SetResult();
            return work(run, stop);
        });
        return begun.Task.WaitAsync(Cancel);
    }

    private static async Task Stopped(CancellationToken stop)
    {
        var stopped = new TaskCompletionSource();
        await using var registration = stop.Register(stopped.SetResult);
        await stopped.Task;
    }

    private sealed record TestBegin(
        string RunId, int Attempt, RunSpec Spec, Func<IActorRef, CancellationToken, Task<IStepCommand?>> Work) : IBeginStep
    {
        public StepId Step => StepId.Produce;

        public StepHold? Hold => null;
    }

    private sealed class TestStep() : StepActor<TestBegin>(TimeProvider.System)
    {
        protected override Task<IStepCommand?> RunAsync(
            TestBegin begin, IActorRef run, Outages outages, CancellationToken stop) => begin.Work(run, stop);
    }
}
