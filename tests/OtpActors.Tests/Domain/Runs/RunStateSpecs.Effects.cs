using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Domain.Runs;

/// <summary>What should be in flight.</summary>
public partial class RunStateSpecs
{
    private static readonly RunEffect Deadline = new RunEffect.DeadlineAt(RunDriver.Start + TimeSpan.FromHours(1));

    [Theory]
    [InlineData(RunPhase.New)]
    [InlineData(RunPhase.Requested)]
    [InlineData(RunPhase.Completed)]
    [InlineData(RunPhase.Failed)]
    [InlineData(RunPhase.Cancelled)]
    [InlineData(RunPhase.TimedOut)]
    public void Nothing_is_in_flight_before_a_run_begins_and_after_it_ends(RunPhase phase) =>
        RunDriver.At(phase).State.Effects().ShouldBeEmpty();

    [Fact]
    public void Only_the_running_steps_are_in_flight()
    {
        Flying(RunPhase.EnsuringTopic).ShouldBe([Deadline, new RunEffect.EnsureTopic(1)]);
        Flying(RunPhase.StartingSinks).ShouldBe([Deadline, Sink(Say.CassandraSink), Sink(Say.MongoSink)]);
        Flying(RunPhase.Checking).ShouldBe(
            [Deadline, new RunEffect.Check(Say.CassandraCheck, 1), new RunEffect.Check(StepId.Check(StoreNames.Mongo), 1)]);
        Flying(RunPhase.Notifying).ShouldBe(
            [Deadline, Mail(Say.CassandraMail, new(0, 0, 0)), Mail(StepId.Mail(StoreNames.Mongo), new(0, 0, 0))]);

        static RunEffect Sink(StepId id) => new RunEffect.StartSink(id, 1, OffsetMaps.Empty);
        static RunEffect Mail(StepId id, NotifyProgress from) => new RunEffect.Notify(id, 1, from);
    }

    [Fact]
    public void Sinks_drain_only_after_production()
    {
        Flying(RunPhase.Producing).OfType<RunEffect.Drain>().ShouldBeEmpty();

        var drains = Flying(RunPhase.Draining).OfType<RunEffect.Drain>().ToList();
        drains.Select(d => d.Id).ShouldBe([Say.CassandraSink, Say.MongoSink]);
        var end = Say.Offsets((0, 6), (1, 4));
        drains.ShouldAllBe(d => d.Window == TimeSpan.FromSeconds(30) && d.HighWatermarks.SequenceEqual(end));
    }

    [Fact]
    public void A_drained_sink_is_not_in_flight() =>
        RunDriver.At(RunPhase.Draining).Do(Say.Drained(Say.CassandraSink)).State.Effects()
            .ShouldAllBe(effect => effect.Step != Say.CassandraSink);

    [Fact]
    public void A_step_goes_on_from_what_is_known()
    {
        var run = RunDriver.At(RunPhase.Producing).Do(Say.Produced(7), Say.Progress(Say.MongoSink, 0, 3));
        run.State.Effects().ShouldContain(new RunEffect.Produce(1, 7));
        run.State.Effects().OfType<RunEffect.StartSink>().Last().Counted.ShouldBe(Say.Offsets((0, 3), (1, 0)));

        RunDriver.At(RunPhase.Notifying).Do(Say.Notified(Say.CassandraMail, 4, 3, 1)).State.Effects()
            .ShouldContain(new RunEffect.Notify(Say.CassandraMail, 1, new NotifyProgress(4, 3, 1)));
    }

    [Fact]
    public void A_step_between_two_attempts_is_only_waited_for()
    {
        var run = RunDriver.At(RunPhase.Producing).Do(Say.Fail(Say.CassandraSink));
        run.State.Effects().Where(effect => effect.Step == Say.CassandraSink)
            .ShouldBe([new RunEffect.RetryAt(Say.CassandraSink, 1, run.Now + TimeSpan.FromSeconds(10))]);
    }

    [Fact]
    public void An_effect_is_known_by_its_kind_step_and_attempt()
    {
        var early = RunDriver.At(RunPhase.Producing);
        var late = RunDriver.At(RunPhase.Producing).Do(Say.Produced(7), Say.Progress(Say.MongoSink, 0, 3));
        late.State.Effects().Select(effect => effect.Key).ShouldBe(early.State.Effects().Select(effect => effect.Key));
        late.State.Effects().Select(effect => effect.Key).ShouldBeUnique();
    }

    private static List<RunEffect> Flying(RunPhase phase) => [.. RunDriver.At(phase).State.Effects()];
}
