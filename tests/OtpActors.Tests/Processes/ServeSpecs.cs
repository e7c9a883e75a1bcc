using Shouldly;
using Xunit;

namespace OtpActors.Tests.Processes;

[Collection(OneAtATime.Name)]
public sealed class ServeSpecs : IDisposable
{
    private readonly Workplace _at = new();

    private DataContent Data => _at.Data;

    public void Dispose() => _at.Dispose();

    [Fact]
    public async Task The_service_takes_up_a_run_that_was_killed_and_stops_when_told_to()
    {
        Signals.SkipUnlessSent(Signal.Terminate);
        const int records = 20_000;
        await using (var run = _at.Start("run", "--count", $"{records}", "--notify", "5", "--json"))
        {
            (await run.UntilAsync(() => Data.TopicCount > 0)).ShouldBeTrue();
            run.Kill();
            await run.EndAsync();
        }

        await using var service = _at.Start("serve");
        (await service.UntilItSaysAsync("1 unfinished run(s) go on")).ShouldBeTrue();
        var began = TimeProvider.System.GetTimestamp();
        var state = "";
        while (state != "completed")
        {
            TimeProvider.System.GetElapsedTime(began).ShouldBeLessThan(OtpActorsProcess.Bound, state);
            state = (await _at.RunAsync("runs", "--json")).ShouldExitWith(0).Items
                .ShouldHaveSingleItem().GetProperty("state").GetString();
        }

        service.HasExited.ShouldBeFalse();
        service.Send(Signal.Terminate);
        (await service.EndAsync(TimeSpan.FromSeconds(20))).ShouldExitWith(0).ShouldSay("Serving from");

        var report = (await Data.RunsAsync()).Single().Report;
        (report.Outcome, report.StoresAgree, Data.TopicCount).ShouldBe(("Completed", true, records));
        report.Stores.Select(store => (store.Read, store.Inserted)).ShouldBe([(records, records), (records, records)]);
        (Data.MailFiles.Count, Data.SlackFiles.Count).ShouldBe((10, 10));
    }
}
