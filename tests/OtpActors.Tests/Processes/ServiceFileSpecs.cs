using OtpActors.Api;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Processes;

/// <summary><c>service.json</c>: how commands find the service of a data directory.</summary>
[Collection(OneAtATime.Name)]
public sealed class ServiceFileSpecs : IDisposable
{
    private readonly Workplace _at = new();

    public void Dispose() => _at.Dispose();

    [Fact]
    public async Task It_is_there_while_the_service_runs_and_gone_at_its_end()
    {
        Signals.SkipUnlessSent(Signal.Terminate);
        await using var service = await ServiceProcess.StartAsync(_at);
        var file = ServiceFile.Read(_at.Data.Root).ShouldNotBeNull();

        (file.Url, file.ProcessId, file.Key.Length).ShouldBe((service.Url, service.Process.Id, 68));
        if (!OperatingSystem.IsWindows())
        {
            File.GetUnixFileMode(_at.Data.File(ServiceFile.Name)).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        (await _at.RunAsync("runs", "--json")).ShouldExitWith(0).Items.ShouldBeEmpty();
        (await _at.RunAsync("cancel", "none")).ShouldExitWith(2).ShouldSay("There is no run 'none'. `OtpActors runs --data");

        service.Process.Send(Signal.Terminate);
        (await service.Process.EndAsync()).ShouldExitWith(0).Error.ShouldNotContain(file.Key);
        File.Exists(_at.Data.File(ServiceFile.Name)).ShouldBeFalse();
        (await _at.RunAsync("cancel", "none")).ShouldExitWith(1).ShouldSay(
            $"No service runs on {_at.Data.Root}. Start one with `OtpActors serve --data", "or name one with --server URL.");
    }

    [Fact]
    public async Task One_that_a_killed_service_left_is_known_for_stale_and_replaced_by_the_next_start()
    {
        int killed;
        await using (var service = await ServiceProcess.StartAsync(_at))
        {
            killed = service.Process.Id;
            await service.KillAsync();
        }

        File.Exists(_at.Data.File(ServiceFile.Name)).ShouldBeTrue();
        (await _at.RunAsync("pause", "none")).ShouldExitWith(1).ShouldSay(
            $"No service runs on {_at.Data.Root}: its service.json was left by process {killed}, which was ended without an orderly stop. Start one with");
        (await _at.RunAsync("runs", "--json")).ShouldExitWith(0).Items.ShouldBeEmpty(); // read from the directory

        await using var next = await ServiceProcess.StartAsync(_at);
        ServiceFile.Read(_at.Data.Root)!.ProcessId.ShouldBe(next.Process.Id);
    }

    [Fact]
    public async Task A_service_is_named_with_its_key_in_a_file_or_in_the_environment()
    {
        await using var service = await ServiceProcess.StartAsync(
            _at, ("Http__ApiKeys__0__Name", "me"), ("Http__ApiKeys__0__Scopes__0", "Read"),
            ("Http__ApiKeys__0__Sha256", "2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683")); // of "key"
        _at.Write("key", "key");
        var elsewhere = new Dictionary<string, string> { ["OTPACTORS_SERVER"] = service.Url };

        (await _at.RunBareAsync(["runs", "--json"], environment: elsewhere)).ShouldExitWith(2).ShouldSay("A valid API key is required. Put the key into a file");
        (await _at.RunBareAsync(["runs", "--json", "--api-key-file", "key"], environment: elsewhere)).ShouldExitWith(0).Items.ShouldBeEmpty();
        (await _at.RunBareAsync(["cancel", "none", "--api-key-file", "key", "--server", service.Url])).ShouldExitWith(2).ShouldSay("This key may not do that.");
        elsewhere["OTPACTORS_API_KEY"] = "key";
        (await _at.RunBareAsync(["runs", "--json"], environment: elsewhere)).ShouldExitWith(0).Items.ShouldBeEmpty();
        _at.Data.IsThere.ShouldBeTrue();
        Directory.Exists(_at.File("data/data")).ShouldBeFalse();
    }
}
