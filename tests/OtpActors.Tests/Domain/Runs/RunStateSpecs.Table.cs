using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Domain.Runs;

/// <summary>What every command means in every phase.</summary>
public partial class RunStateSpecs
{
    /// <summary>
    /// A cell says what becomes of the command: <c>x</c> refused, <c>=</c> accepted and nothing to record, <c>.</c>
    /// recorded and the phase stays, or the phase that it leads to. A step's command comes from its first attempt.
    /// </summary>
    private const string Table = """
        .                   New       Requested     EnsuringTopic StartingSinks  Producing Draining  Checking  Notifying Paused    Completed Failed    Cancelled TimedOut  Incomplete
        Request             Requested =             =             =              =         =         =         =         =         =         =         =         =         =
        Begin               x         EnsuringTopic =             =              =         =         =         =         =         x         x         x         x         x
        Cancel              x         Cancelled     Cancelled     Cancelled      Cancelled Cancelled Cancelled Cancelled Cancelled x         x         x         x         x
        Pause               x         Paused        Paused        Paused         Paused    Paused    Paused    Paused    =         x         x         x         x         x
        Resume              x         =             =             =              =         =         =         =         Producing x         x         x         x         x
        RetryStep           x         x             x             x              x         x         x         x         x         x         EnsuringTopic x         x         x
        ReachDeadline       x         x             TimedOut      TimedOut       TimedOut  TimedOut  TimedOut  TimedOut  TimedOut  x         x         x         x         x
        ConfirmTopic        x         x             StartingSinks x              x         x         x         x         x         x         x         x         x         x
        ConfirmSinkReady    x         x             x             .              =         =         x         x         =         x         x         x         x         x
        RecordSinkProgress  x         x             x             .              .         .         x         x         .         x         x         x         x         x
        ConfirmSinkDrained  x         x             x             x              x         .         x         x         x         x         x         x         x         x
        ElapseWindow        x         x             x             x              x         .         x         x         x         x         x         x         x         x
        RecordProduced      x         x             x             x              .         x         x         x         .         x         x         x         x         x
        CompleteProduction  x         x             x             x              Draining  x         x         x         .         x         x         x         x         x
        CompleteCheck       x         x             x             x              x         x         .         x         x         x         x         x         x         x
        RecordNotified      x         x             x             x              x         x         x         .         x         x         x         x         x         x
        CompleteNotifying   x         x             x             x              x         x         x         .         x         x         x         x         x         x
        Heartbeat           x         x             x             =              =         =         x         x         =         x         x         x         x         x
        HoldStep            x         x             x             .              .         .         x         x         x         x         x         x         x         x
        ReleaseStep         x         x             x             =              =         =         x         x         =         x         x         x         x         x
        ReachHoldLimit      x         x             x             x              x         x         x         x         x         x         x         x         x         x
        FailAttempt         x         x             x             .              .         .         x         x         .         x         x         x         x         x
        Retry               x         x             x             x              x         x         x         x         x         x         x         x         x         x
        """;

    private static readonly IRunCommand[] OneOfEach =
    [
        Say.Request(), Say.Begin, Say.Cancel, Say.Pause, Say.Resume, Say.RetryStep(StepId.EnsureTopic), Say.Deadline, Say.Topic(), Say.Ready(Say.CassandraSink),
        Say.Progress(Say.CassandraSink, 0, 3), Say.Drained(Say.CassandraSink), Say.Elapsed(Say.CassandraSink),
        Say.Produced(5), Say.AllProduced(), Say.Checked(StoreNames.Cassandra), Say.Notified(Say.CassandraMail, 3, 3),
        Say.AllNotified(Say.CassandraMail), Say.Heartbeat(Say.CassandraSink), Say.Hold(Say.CassandraSink), Say.Release(Say.CassandraSink),
        Say.HoldLimit(Say.CassandraSink), Say.Fail(Say.CassandraSink), Say.Retry(Say.CassandraSink),
    ];

    private static readonly string[][] Cells =
        [.. Table.Split('\n').Select(line => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))];

    public static TheoryData<string, RunPhase, string> Matrix
    {
        get
        {
            var data = new TheoryData<string, RunPhase, string>();
            foreach (var row in Cells[1..])
            {
                for (var column = 1; column < row.Length; column++)
                {
                    data.Add(row[0], Enum.Parse<RunPhase>(Cells[0][column]), row[column]);
                }
            }

            return data;
        }
    }

    [Theory, MemberData(nameof(Matrix))]
    public void A_command_means_in_a_phase_what_the_table_says(string command, RunPhase phase, string expected)
    {
        var run = RunDriver.At(phase);
        var before = run.State;
        run.Now = RunDriver.Start + TimeSpan.FromDays(1);

        var decision = run.Try(OneOfEach.Single(c => c.GetType().Name == command));

        var found = decision switch
        {
            { Rejection: not null, Events.Count: 0 } => "x",
            { Rejection: null, Events.Count: 0 } => "=",
            { Rejection: null } when run.State.Phase == phase => ".",
            { Rejection: null } => run.State.Phase.ToString(),
            _ => "refused, and recorded all the same",
        };
        found.ShouldBe(expected);
        (expected is "x" or "=").ShouldBe(ReferenceEquals(before, run.State));
    }

    [Fact]
    public void The_table_has_every_phase_and_every_command()
    {
        Cells[0][1..].ShouldBe(Enum.GetNames<RunPhase>());
        Cells[1..].Select(row => row[0]).ShouldBe(typeof(RunCommands).GetNestedTypes().Select(type => type.Name));
        Cells.ShouldAllBe(row => row.Length == Enum.GetValues<RunPhase>().Length + 1);
    }

    [Fact]
    public void A_terminal_run_takes_nothing_but_a_retry()
    {
        foreach (var phase in new[] { RunPhase.Completed, RunPhase.Failed, RunPhase.Cancelled, RunPhase.TimedOut, RunPhase.Incomplete })
        {
            var run = RunDriver.At(phase);
            foreach (var command in OneOfEach.Where(c => c is not RunCommands.RetryStep))
            {
                run.Try(command).Events.ShouldBeEmpty($"{command} in {phase}");
            }

            run.State.IsTerminal.ShouldBeTrue();
            run.State.Effects().ShouldBeEmpty();
        }
    }
}
