using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using OtpActors.Api;
using OtpActors.Client;
using OtpActors.Domain.Runs;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Configuration;
using OtpActors.Triggers;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Api;

/// <summary>The caller that can read the data directory.</summary>
[Collection(OneService.Name)]
public sealed class LocalCallerSpecs
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1", true)]
    [InlineData("::1", "::1", true)]
    [InlineData("::ffff:127.0.0.1", "::ffff:127.0.0.1", true)]
    [InlineData("10.0.0.5", "10.0.0.5", true)] // a service that listens at this very address
    [InlineData("10.0.0.6", "10.0.0.5", false)]
    [InlineData("10.0.0.6", "127.0.0.1", false)]
    [InlineData(null, null, false)]
    public void Its_key_is_good_on_this_machine_alone(string? remote, string? local, bool isGood)
    {
        var caller = new LocalCaller();
        var connection = new DefaultHttpContext().Connection;
        connection.RemoteIpAddress = remote is null ? null : IPAddress.Parse(remote);
        connection.LocalIpAddress = local is null ? null : IPAddress.Parse(local);

        caller.Is(SHA256.HashData(Encoding.UTF8.GetBytes(caller.Key)), connection).ShouldBe(isGood);
        caller.Is(SHA256.HashData(Encoding.UTF8.GetBytes(new LocalCaller().Key)), connection).ShouldBeFalse();
    }

    [Theory]
    [InlineData("http://127.0.0.1:0", false)]
    [InlineData("http://127.0.0.1:0", true)]
    [InlineData("http://[::1]:0", true)]
    [InlineData("http://*:0", true)]
    [InlineData("http://0.0.0.0:0", false)]
    public async Task It_reads_operates_and_reveals_with_keys_and_without_under_whatever_name(string url, bool keys)
    {
        await using var service = await ApiService.StartAsync(options =>
        {
            options.Http.Url = url;
            options.Http.AllowAnonymous = !keys;
            options.Http.AllowedHosts = ["otp.example.com"];
            if (keys)
            {
                Keys.Set(options);
            }
        });
        var client = service.Client(Target(service));

        await client.PublishAsync(new PublishRequest { Records = [new OtpInput { Email = "ann@example.com" }] }, null, Cancel);
        (await client.ListRunsAsync(new RunQuery(), Cancel)).Items.ShouldBeEmpty();
        (await client.FindAsync("ann@example.com", reveal: true, Cancel)).Stores.ShouldAllBe(store => store.Found == false);
        (await Should.ThrowAsync<ServiceException>(() => client.CancelRunAsync("none", Cancel))).Code.ShouldBe("unknown_run");
    }

    [Fact]
    public async Task The_audit_calls_it_local_and_no_log_has_its_key()
    {
        await using var service = await ApiService.StartAsync(options => options.LogLevel = Serilog.Events.LogEventLevel.Verbose);
        var key = ServiceFile.Read(service.Options.Data).ShouldNotBeNull().Key;
        var (run, _) = await service.Client(Target(service)).StartRunAsync(new RunRequest { Count = 1 }, null, Cancel);
        (await service.GetAsync("/api/config", key)).ShouldBe(200).Text.ShouldNotContain(key);
        await service.StopAsync();

        var logs = service.Data.Logs;
        logs.ShouldContain($"The key local at 127.0.0.1: POST /api/runs of /api/runs/{run.RunId}");
        logs.ShouldNotContain(key);
        File.Exists(service.Data.File(ServiceFile.Name)).ShouldBeFalse();
        foreach (var file in Directory.GetFiles(service.Data.Root, "*", SearchOption.AllDirectories))
        {
            Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file, Cancel)).ShouldNotContain(key, Case.Sensitive, file);
        }
    }

    [Fact]
    public async Task Each_start_has_its_own_key()
    {
        await using var service = await ApiService.StartAsync(Keys.Set);
        var before = Target(service);
        await service.RestartAsync();

        Target(service).Key.ShouldNotBe(before.Key);
        (await service.GetAsync("/api/runs", before.Key)).ShouldBeProblem(401, "no_key");
        (await Should.ThrowAsync<ServiceException>(() => service.Client(before).ListRunsAsync(new RunQuery(), Cancel))).Fault.ShouldBe(ServiceFault.Absent);
    }

    [Fact]
    public void No_configured_key_can_have_its_name() =>
        Should.Throw<SettingsException>(() => Settings.Bind(new ConfigurationBuilder().AddInMemoryCollection(
            new Dictionary<string, string?>
            {
                ["OtpActors:Http:ApiKeys:0:Name"] = "local",
                ["OtpActors:Http:ApiKeys:0:Sha256"] = new string('0', 64),
                ["OtpActors:Http:ApiKeys:0:Scopes:0"] = "Read",
            }).Build())).Message.ShouldContain("the name 'local' is the command line's on this machine");

    private static ServiceTarget Target(ApiService service) => ServiceTarget.Resolve(null, null, _ => null, () => service.Options.Data);
}
