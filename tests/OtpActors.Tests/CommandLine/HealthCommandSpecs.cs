using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using OtpActors.CommandLine;
using OtpActors.Health;
using OtpActors.Tests.Processes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.CommandLine;

public class HealthCommandSpecs
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("http://127.0.0.1:8080", false, "http://127.0.0.1:8080/healthz/live")]
    [InlineData("http://*:8080", false, "http://127.0.0.1:8080/healthz/live")]
    [InlineData("http://+:8080", true, "http://127.0.0.1:8080/healthz/ready")]
    [InlineData("http://0.0.0.0:9000/", true, "http://127.0.0.1:9000/healthz/ready")]
    [InlineData("http://[::]:8080", false, "http://[::1]:8080/healthz/live")]
    [InlineData("https://otp.example.com", false, "https://otp.example.com/healthz/live")]
    public void The_place_where_the_service_listens_is_asked(string place, bool ready, string asked) =>
        HealthCommand.Target(place, ready).AbsoluteUri.ShouldBe(asked);

    [Theory]
    [InlineData("8080")]
    [InlineData("ftp://127.0.0.1")]
    [InlineData("http://127.0.0.1:0")]
    public void What_is_no_such_place_is_refused(string place) =>
        Should.Throw<UsageException>(() => HealthCommand.Target(place, ready: false));

    [Fact]
    public void A_password_in_the_address_is_not_repeated() =>
        Should.Throw<UsageException>(() => HealthCommand.Target("http://user:canary@127.0.0.1:1", ready: false)).Message.ShouldNotContain("canary");

    [Theory]
    [InlineData(200, true)]
    [InlineData(204, false)]
    [InlineData(302, false)]
    [InlineData(401, false)]
    [InlineData(404, false)]
    [InlineData(503, false)]
    public async Task Only_200_is_well(int status, bool expected)
    {
        await using var service = await ServiceAsync(context =>
        {
            context.Response.StatusCode = context.Request.Path == "/elsewhere" ? 200 : status;
            context.Response.Headers.Location = "/elsewhere";
            return Task.CompletedTask;
        });

        var (well, says, _) = await AskAsync(service);
        (well, says).ShouldBe((expected, $"{Target(service)} answers {status}."));
    }

    [Fact]
    public async Task A_place_where_nobody_listens_is_not_well()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // held, so that nobody else listens there
        var (well, says, _) = await HealthCommand.AskAsync(new Uri($"http://{taken.LocalEndPoint}/healthz/live"), Bound, CancellationToken.None);
        well.ShouldBeFalse();
        says.ShouldContain("cannot be asked");
    }

    [Fact]
    public async Task A_service_that_does_not_answer_is_not_well()
    {
        var end = new TaskCompletionSource();
        await using var service = await ServiceAsync(_ => end.Task);
        var (well, says, _) = await HealthCommand.AskAsync(Target(service), TimeSpan.FromMilliseconds(50), CancellationToken.None);
        end.SetResult();
        (well, says).ShouldBe((false, $"{Target(service)} does not answer within 0.05 s."));
    }

    [Fact]
    public async Task The_program_tells_by_its_exit_code_and_asks_for_readiness_where_it_is_told_to()
    {
        using var at = new Workplace();
        await using var service = await ServiceAsync(context =>
        {
            context.Response.StatusCode = context.Request.Path == "/healthz/live" ? 200 : 503;
            return Task.CompletedTask;
        });
        var url = service.Urls.Single();

        (await at.RunBareAsync(["health", "--url", url])).ShouldExitWith(0).Output.ShouldContain("answers 200");
        (await at.RunBareAsync(["health", "--url", url, "--ready"])).ShouldExitWith(1).ShouldSay("/healthz/ready answers 503");

        // The container's own check: settings say where. A proxy of the environment has no part in it.
        (await at.RunBareAsync(["health"], environment: new Dictionary<string, string>
        {
            ["OtpActors__Http__Url"] = url.Replace("127.0.0.1", "*", StringComparison.Ordinal),
            ["OtpActors__Http__AllowAnonymous"] = "true",
            ["http_proxy"] = "http://127.0.0.1:1",
        })).ShouldExitWith(0);
        (await at.RunBareAsync(["health"], environment: new Dictionary<string, string> { ["OtpActors__Bogus"] = "1" }))
            .ShouldExitWith(1).ShouldSay("OtpActors:Bogus");

        // The file of an environment is read as well, and judged like the others.
        at.Write("appsettings.Here.json", """{ "OtpActors": { "Topic": { "Misspelt": 1 } } }""");
        (await at.RunBareAsync(["health"], environment: new Dictionary<string, string> { ["DOTNET_ENVIRONMENT"] = "Here" }))
            .ShouldExitWith(1).ShouldSay("OtpActors:Topic:Misspelt");
        at.Data.IsThere.ShouldBeFalse("a question leaves nothing behind");
    }

    private static Task<(bool Well, string Says, HealthDocument? Document)> AskAsync(WebApplication service) =>
        HealthCommand.AskAsync(Target(service), Bound, CancellationToken.None);

    private static Uri Target(WebApplication service) => HealthCommand.Target(service.Urls.Single(), ready: false);

    private static async Task<WebApplication> ServiceAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(answer);
        await app.StartAsync();
        return app;
    }
}
