using Shouldly;
using Xunit;

namespace OtpActors.Tests.Processes;

/// <summary><c>start</c>, <c>again</c> and what follows a run in a service.</summary>
[Collection(OneAtATime.Name)]
public sealed class StartSpecs : IDisposable
{
    private readonly Workplace _at = new();

    public void Dispose() => _at.Dispose();

    [Fact]
    public async Task A_run_is_started_followed_to_its_end_and_made_again()
    {
        await using var service = await ServiceProcess.StartAsync(_at);
        var run = (await _at.RunAsync("start", "--count", "50", "--notify", "3", "--window", "10s", "--topic", "mine", "--json")).ShouldExitWith(0).Json;
        (run.GetProperty("state").GetString(), run.GetProperty("request").GetProperty("topic").GetString()).ShouldBe(("completed", "mine"));
        _at.Data.MailFiles.Count.ShouldBe(6);
        var id = run.GetProperty("runId").GetString()!;

        var again = (await _at.RunAsync("again", id, "--json")).ShouldExitWith(0).Json;
        again.GetProperty("runId").GetString().ShouldNotBe(id);
        again.GetProperty("request").ToString().ShouldBe(run.GetProperty("request").ToString());
        _at.Data.MailFiles.Count.ShouldBe(12);

        var shown = (await _at.RunAsync("runs", id, "--json")).ShouldExitWith(0).Json;
        shown.ToString().ShouldBe(run.ToString());
        (await _at.RunAsync("runs", id, "--follow", "--json")).ShouldExitWith(0).Json.ToString().ShouldBe(run.ToString());
        (await _at.RunAsync("runs", "--topic", "mine", "--state", "completed", "--limit", "1", "--json")).ShouldExitWith(0).Items
            .ShouldHaveSingleItem().GetProperty("runId").GetString().ShouldBe(again.GetProperty("runId").GetString());
        (await _at.RunAsync("runs", "--state", "none")).ShouldExitWith(2).ShouldSay("--state: it must be of requested,");
    }

    [Fact]
    public async Task With_the_same_key_a_run_is_started_once_and_need_not_be_waited_for()
    {
        await using var service = await ServiceProcess.StartAsync(_at);
        string[] words = ["start", "--interval", "1h", "--duration", "2h", "--idempotency-key", "today", "--no-wait", "--json"];
        var first = (await _at.RunAsync(words)).ShouldExitWith(0).Json.GetProperty("runId").GetString()!;
        (await _at.RunAsync(words)).ShouldExitWith(0).Json.GetProperty("runId").GetString().ShouldBe(first);
        (await _at.RunAsync(["start", "--count", "1", "--idempotency-key", "today", "--no-wait"])).ShouldExitWith(2).ShouldSay("Use a new key for another request.");
        (await _at.RunAsync(["start", "--no-wait", "--wait"])).ShouldExitWith(2).ShouldSay("--wait and --no-wait do not go together.");

        (await _at.RunAsync("pause", first)).ShouldExitWith(0).Output.Trim().ShouldBe($"run {first}: Paused");
        (await _at.RunAsync("resume", first)).ShouldExitWith(0).Output.ShouldStartWith($"run {first}: ");
        (await _at.RunAsync("runs", first, "--follow", "--timeout", "1s")).ShouldExitWith(1).ShouldSay("--timeout");
        (await _at.RunAsync("cancel", first, "--json")).ShouldExitWith(0).Json.GetProperty("runId").GetString().ShouldBe(first);
        await service.UntilAsync(first, run => run.IsOver);
        (await _at.RunAsync("cancel", first)).ShouldExitWith(1).ErrorLines.ShouldBe(["The run is over (Cancelled)."]);
        (await _at.RunAsync("runs", first, "--follow")).ShouldExitWith(1).Output.ShouldContain($"run {first}: Cancelled (cancelled by local)");
        (await _at.RunAsync("retry", first, "nothing")).ShouldExitWith(2).ShouldSay("A run has no such step. There are ensure-topic,");
        (await _at.RunAsync("retry", first, "produce")).ShouldExitWith(0).Output.ShouldStartWith($"run {first}: ");
    }

    [Fact]
    public async Task Whoever_stops_looking_does_not_stop_the_run()
    {
        Signals.SkipUnlessSent(Signal.Interrupt);
        await using var service = await ServiceProcess.StartAsync(_at);
        await using var start = _at.Start("start", "--interval", "100ms", "--duration", "1h");
        (await start.UntilAsync(() => _at.Data.TopicCount > 1)).ShouldBeTrue();
        start.Send(Signal.Interrupt);

        var id = _at.Data.Runs().Keys.ShouldHaveSingleItem();
        (await start.EndAsync()).ShouldExitWith(1).ShouldSay(
            "Followed no more. The run goes on in the service. Follow it again with:", $"OtpActors runs {id} --follow --data {_at.Data.Root}");
        (await service.GetAsync($"/api/runs/{id}")).State.ShouldBe("producing");
    }

    [Fact]
    public async Task A_run_is_followed_across_a_restart_of_the_service()
    {
        await using var first = await ServiceProcess.StartAsync(_at);
        await using var start = _at.Start("start", "--interval", "100ms", "--duration", "3s", "--notify", "none", "--json");
        (await start.UntilAsync(() => _at.Data.TopicCount > 1)).ShouldBeTrue();
        await first.KillAsync();
        await using var second = await ServiceProcess.StartAsync(_at); // another port, another key

        var run = (await start.EndAsync()).ShouldExitWith(0).Json;
        (run.GetProperty("state").GetString(), run.GetProperty("report").GetProperty("produced").GetInt64()).ShouldBe(("completed", 31));
    }

    [Fact]
    public async Task Records_of_a_file_come_along_and_are_not_there_to_be_sent_again()
    {
        await using var service = await ServiceProcess.StartAsync(_at);
        _at.Write("good.csv", "email,otp", "ann@example.com,1", "bob@example.com,2", "");
        var run = (await _at.RunAsync("start", "--from", "good.csv", "--notify", "none", "--json")).ShouldExitWith(0).Json;
        run.GetProperty("report").GetProperty("produced").GetInt64().ShouldBe(2);
        (await _at.Data.StoreAsync("mongo")).Order().ShouldBe([("ann@example.com", "1"), ("bob@example.com", "2")]);
        var id = run.GetProperty("runId").GetString()!;
        (await _at.RunAsync("again", id)).ShouldExitWith(2).ShouldSay($"The 2 record(s) of run {id} are kept no more: they are removed once their run completes. `OtpActors start --from FILE --data {_at.Data.Root}` sends them again.");

        _at.Write("bad.csv", "email,otp", "ann@example.com,1", "bob");
        (await _at.RunAsync("start", "--from", "bad.csv")).ShouldExitWith(2).ShouldSay("'bad.csv' has 1 bad line and 1 good", "line 3");
        (await _at.RunAsync("start", "--from", "bad.csv", "--skip-bad", "--notify", "none")).ShouldExitWith(0).Output.ShouldContain("1 produced");
        _at.Write("many.csv", ["email,otp", .. Enumerable.Range(0, 10_001).Select(n => $"user{n}@example.com,1")]);
        (await _at.RunAsync("start", "--from", "many.csv")).ShouldExitWith(2).ShouldSay("'many.csv' has more than 10,000 records, which is what a request takes");
    }

    [Fact]
    public async Task What_is_masked_is_made_again_by_the_service_or_replaced()
    {
        await using var service = await ServiceProcess.StartAsync(_at);
        var id = (await _at.RunAsync("start", "--email", "ann@example.com", "--otp", "0042", "--interval", "1ms", "--duration", "2ms", "--notify", "none", "--json"))
            .ShouldExitWith(0).Json.GetProperty("runId").GetString()!;
        (await _at.RunAsync("again", id, "--json")).ShouldExitWith(0).Output.ShouldNotContain("0042");
        _at.Data.Topic().ShouldBe(Enumerable.Repeat(("ann@example.com", "0042"), 6));

        (await _at.RunAsync("again", id, "--email", "bob@example.com")).ShouldExitWith(2).ShouldSay("--otp: another address must have its own password");
        (await _at.RunAsync("again", "none")).ShouldExitWith(2).ShouldSay("There is no run 'none'.");
        (await _at.RunAsync("7\n", ["again", id, "--email", "bob@example.com", "--otp", "-", "--json"])).ShouldExitWith(0);
        _at.Data.Topic().Skip(6).ShouldBe(Enumerable.Repeat(("bob@example.com", "7"), 3));
    }

    [Fact]
    public async Task A_run_beside_a_service_says_how_to_run_in_it_and_repeats_no_password()
    {
        await using var service = await ServiceProcess.StartAsync(_at);
        var refused = (await _at.RunAsync("run", "--email", "ann@example.com", "--otp", "canary", "--notify", "none")).ShouldExitWith(1);
        refused.ShouldSay(
            $"{_at.Data.Root} is in use by the service at {service.Url} (process {service.Process.Id}). Run there:",
            $"OtpActors start --email ann@example.com --otp - --notify none --data {_at.Data.Root}");
        refused.Error.ShouldNotContain("canary");
        (await _at.RunAsync("run", "--resume", "some-run")).ShouldExitWith(1).ShouldSay($"OtpActors runs some-run --follow --data {_at.Data.Root}");
    }
}
