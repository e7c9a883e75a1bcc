using Akka.Actor;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Stores;
using OtpActors.Steps;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Steps;

public class CheckerSpecs : StepKit
{
    private readonly ScriptedStore _store = new();
    private readonly IActorRef _checker;

    public CheckerSpecs()
    {
        var (stores, data) = (new IOtpStore[] { new ScriptedStore(StoreNames.Mongo), _store }, Data);
        _checker = Sys.ActorOf(Props.Create(() => new Checker(stores, data, TimeProvider.System)));
    }

    [Fact]
    public async Task Every_address_is_looked_up_and_some_of_the_missing_ones_are_named_masked()
    {
        await StoreAsync(Records(Generated(2_500)).Where((_, i) => i % 10 != 0));
        var result = await CheckAsync(Generated(2_500));
        (result.Checked, result.Found, result.Missing).ShouldBe((2_500, 2_250, 250));
        result.MissingSample.Count.ShouldBe(20);
        result.MissingSample.ShouldAllBe(address => address.StartsWith("u***@", StringComparison.Ordinal));
        _store.Lookups.ShouldBe([1_000, 1_000, 500]);
    }

    [Fact]
    public async Task A_repeated_address_is_checked_once()
    {
        var jane = new OtpRecord(EmailAddress.Parse("jane@example.com"), OneTimePassword.Parse("0042"));
        await StoreAsync([jane]);
        var result = await CheckAsync(new RecordSpec.Sample(jane, TimeSpan.FromSeconds(3), 10));
        (result.Checked, result.Found).ShouldBe((1, 1));
        result.MissingSample.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_store_that_is_out_holds_the_check_and_costs_no_attempt()
    {
        await StoreAsync(Records(Generated(10)));
        var calls = 0;
        _store.BeforeFind = () => _ = ++calls < 3 ? throw new StoreUnavailableException("connection refused") : 0;
        _checker.Tell(new Checker.Begin(RunId, Say.CassandraCheck, 1, SpecOf(Generated(10))), Run);
        (await Run.NextAsync<RunCommands.HoldStep>()).WaitsFor.ShouldBe(StoreNames.Cassandra);
        await Run.NextAsync<RunCommands.ReleaseStep>();
        (await Run.NextAsync<RunCommands.CompleteCheck>()).Result.Found.ShouldBe(10);
    }

    [Fact]
    public async Task A_check_that_cannot_be_made_fails_the_attempt()
    {
        _checker.Tell(new Checker.Begin(RunId, StepId.Check("redis"), 1, SpecOf(Generated(1))), Run);
        (await Run.NextAsync<RunCommands.FailAttempt>()).Step.Store.ShouldBe("redis");
    }

    private async Task<CheckResult> CheckAsync(RecordSpec records)
    {
        _checker.Tell(new Checker.Begin(RunId, Say.CassandraCheck, 1, SpecOf(records)), Run);
        return (await Run.NextAsync<RunCommands.CompleteCheck>()).Result;
    }

    private Task StoreAsync(IEnumerable<OtpRecord> records) => _store.WriteAsync(
        [.. records.Select((r, i) => new StoreRecord(r.Email, r.Otp, new RecordOrigin("otps", 0, i), RunDriver.Start))], Cancel);
}
