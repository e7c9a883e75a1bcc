using Akka.Configuration;
using Akka.TestKit.Xunit;
using OtpActors.Api;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Api;

public sealed class RunCacheSpecs : TestKit
{
    private readonly RunCache _cache;

    public RunCacheSpecs() : base(ConfigurationFactory.ParseString("akka.loglevel = OFF\nakka.stdout-loglevel = OFF\nakka.loggers = []")) =>
        _cache = new RunCache(Sys);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void An_older_state_that_comes_late_takes_no_newer_one_s_place()
    {
        var older = RunDriver.At(RunPhase.Producing).State;
        var newer = RunDriver.At(RunPhase.Completed).State;
        _cache.Find(newer.RunId).ShouldBeNull();
        _cache.Put(newer).ShouldBeSameAs(newer);
        _cache.Put(older).ShouldBeSameAs(newer);
        _cache.Find(newer.RunId).ShouldBeSameAs(newer);
    }

    [Fact]
    public async Task What_a_run_tells_is_known_and_forgotten_when_runs_are_removed()
    {
        var state = RunDriver.At(RunPhase.Producing).State;
        Sys.EventStream.Publish(new RunNotices.Updated(state));
        await AwaitConditionAsync(() => Task.FromResult(_cache.Find(state.RunId) is not null), cancellationToken: Cancel);
        Sys.EventStream.Publish(new RunNotices.Removed(1));
        await AwaitConditionAsync(() => Task.FromResult(_cache.Find(state.RunId) is null), cancellationToken: Cancel);
    }

    [Fact]
    public void Those_longest_not_asked_for_make_room()
    {
        var states = Enumerable.Range(0, 502).Select(i => RunState.New($"run-{i}")).ToList();
        states.Take(500).ToList().ForEach(state => _cache.Put(state));
        _cache.Find("run-0").ShouldNotBeNull();
        _cache.Put(states[500]);
        _cache.Put(states[501]);

        _cache.Find("run-0").ShouldNotBeNull();
        _cache.Find("run-1").ShouldBeNull();
        _cache.Find("run-2").ShouldBeNull();
        _cache.Find("run-3").ShouldNotBeNull();
    }
}
