using System.Text;
using Akka.Actor;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Stores;
using OtpActors.Steps;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;
using OffsetMap = System.Collections.Immutable.ImmutableSortedDictionary<int, long>;

namespace OtpActors.Tests.Steps;

public class MenderSpecs : StepKit
{
    private readonly ScriptedStore _store = new();
    private readonly IActorRef _mender;

    public MenderSpecs()
    {
        var (stores, topic) = (new IOtpStore[] { new ScriptedStore(StoreNames.Mongo), _store }, Topic);
        _mender = Sys.ActorOf(Props.Create(() => new Mender(stores, topic, TimeProvider.System)));
    }

    [Fact]
    public async Task What_the_store_lacks_is_written_again_as_it_lies_in_the_topic()
    {
        await EnsureTopicAsync();
        await AppendAsync(Records(Generated(2_500)));
        var stands = Records(Generated(2_500))[7];
        await _store.WriteAsync([new StoreRecord(stands.Email, OneTimePassword.Parse("earlier"), new RecordOrigin("otps", 0, 1), RunDriver.Start)], Cancel);

        await MendAsync(OffsetMaps.Empty, Say.Offsets((0, 2_500)));

        _store.Count.ShouldBe(2_500);
        var found = await _store.FindAsync([.. Records(Generated(2_500)).Select(record => record.Email)], Cancel);
        Records(Generated(2_500)).Select((record, offset) => (record, offset)).Where(each => each.offset != 7).ShouldAllBe(each =>
            found[each.record.Email].Origin == new RecordOrigin("otps", 0, each.offset) && found[each.record.Email].Otp == each.record.Otp);
        found[stands.Email].Otp.Reveal().ShouldBe("earlier");
    }

    [Fact]
    public async Task Nothing_before_or_after_the_run_s_records_is_written_and_what_is_no_record_is_passed_over()
    {
        await EnsureTopicAsync();
        await AppendAsync(Records(Generated(10)));
        await AppendAsync("other", (Encoding.UTF8.GetBytes("no address"), Encoding.UTF8.GetBytes("1")), (null, null));
        await MendAsync(Say.Offsets((0, 3)), Say.Offsets((0, 8)));

        (await _store.FindAsync([.. Records(Generated(10)).Select(record => record.Email)], Cancel)).Values
            .Select(row => row.Origin!.Value.Offset).Order().ShouldBe([3, 4, 5, 6, 7]);
        await MendAsync(Say.Offsets((0, 8)), Say.Offsets((0, 12)), attempt: 2);
        _store.Count.ShouldBe(7);
    }

    [Fact]
    public async Task A_store_that_is_out_holds_it_and_costs_no_attempt()
    {
        await EnsureTopicAsync();
        await AppendAsync(Records(Generated(10)));
        var calls = 0;
        _store.BeforeWrite = () => ++calls < 3 ? throw new StoreUnavailableException("connection refused") : Task.CompletedTask;
        Tell(OffsetMaps.Empty, Say.Offsets((0, 10)), 1);
        (await Run.NextAsync<RunCommands.HoldStep>()).WaitsFor.ShouldBe(StoreNames.Cassandra);
        await Run.NextAsync<RunCommands.ReleaseStep>();
        await Run.NextAsync<RunCommands.ConfirmSinkDrained>();
        _store.Count.ShouldBe(10);
    }

    private async Task MendAsync(OffsetMap from, OffsetMap to, int attempt = 1)
    {
        Tell(from, to, attempt);
        var done = await Run.NextAsync<RunCommands.ConfirmSinkDrained>();
        (done.Step, done.Attempt).ShouldBe((Say.CassandraSink, attempt));
    }

    private void Tell(OffsetMap from, OffsetMap to, int attempt) =>
        _mender.Tell(new Mender.Begin(RunId, Say.CassandraSink, attempt, SpecOf(Generated(10)), from, to), Run);
}
