using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OtpActors.Api;
using OtpActors.Client;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Client;

/// <summary>What the client makes of a service that is out, or is none.</summary>
public sealed class ServiceFaultSpecs
{
    private const string Key = "otp_canary";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(200, "text/html", "<html>", "answers 200 without a document")]
    [InlineData(200, "application/json", "{}", "answers in a form that is not known")]
    [InlineData(200, "application/json", "[1]", "answers in a form that is not known")]
    [InlineData(200, "application/json", "{", "answers in a form that is not known")]
    [InlineData(200, "application/json", "null", "answers 200 without a document")]
    [InlineData(302, "text/plain", "", "answers 302 and no problem")]
    [InlineData(404, "text/html", "<html>", "answers 404 and no problem")]
    [InlineData(502, "text/html", "<html>", "answers 502 and no problem")]
    [InlineData(500, "application/problem+json", "{}", "answers 500 and no problem")]
    public async Task What_is_no_answer_of_the_service_is_told_from_one(int status, string type, string body, string says)
    {
        await using var server = await ServerAsync(async context =>
        {
            context.Response.StatusCode = context.Request.Path == "/elsewhere" ? 200 : status;
            context.Response.Headers.Location = "/elsewhere";
            context.Response.ContentType = type;
            await context.Response.WriteAsync(body, Cancel);
        });

        var failure = await FailAsync(server.Urls.Single());
        failure.Fault.ShouldBe(ServiceFault.NotUnderstood);
        failure.Message.ShouldBe($"{server.Urls.Single()} {says}. Check that it is a service of OtpActors of this version.");
    }

    [Fact]
    public async Task Fields_of_a_newer_service_are_passed_over()
    {
        await using var server = await ServerAsync(context =>
        {
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync("""{"items":[],"added":{"later":1}}""", Cancel);
        });
        await using var services = Services(server.Urls.Single());
        (await services.GetRequiredService<ServiceClient>().ListRunsAsync(new RunQuery(), Cancel)).Items.ShouldBeEmpty();
    }

    [Fact]
    public async Task What_changes_something_is_sent_once_and_what_reads_again_when_it_is_told_to()
    {
        var asked = new List<string>();
        await using var server = await ServerAsync(context =>
        {
            lock (asked)
            {
                asked.Add(context.Request.Method);
            }

            context.Response.StatusCode = 503;
            context.Response.Headers.RetryAfter = "0";
            context.Response.ContentType = "application/problem+json";
            return context.Response.WriteAsync("""{"title":"Out for now","detail":"Out.","code":"not_now","hint":"Later."}""", Cancel);
        });
        await using var services = Services(server.Urls.Single());
        var client = services.GetRequiredService<ServiceClient>();

        (await Should.ThrowAsync<ServiceException>(() => client.ListRunsAsync(new RunQuery(), Cancel))).Message.ShouldBe("Out. Later.");
        asked.ShouldBe(["GET", "GET", "GET"]);
        asked.Clear();
        (await Should.ThrowAsync<ServiceException>(() => client.CancelRunAsync("x", Cancel))).IsCallersFault.ShouldBeFalse();
        asked.ShouldBe(["POST"]);
    }

    [Fact]
    public async Task An_answer_without_an_end_is_given_up()
    {
        var chunk = Encoding.ASCII.GetBytes(new string(' ', 1024 * 1024));
        await using var server = await ServerAsync(async context =>
        {
            context.Response.ContentType = "application/json";
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(chunk, context.RequestAborted);
            }
        });

        (await FailAsync(server.Urls.Single())).Message.ShouldContain("answers more than is taken. Ask for less at a time");
    }

    [Fact]
    public async Task A_place_where_nobody_listens_and_a_name_that_is_unknown_are_said_to_be_so()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // held, so that nobody else listens there
        var failure = await FailAsync($"http://{taken.LocalEndPoint}");
        (failure.Fault, failure.Message).ShouldBe(
            (ServiceFault.Unreachable, $"http://{taken.LocalEndPoint} cannot be reached: Connection refused. Look whether the service runs there."));
    }

    [Fact]
    public async Task A_service_that_does_not_answer_is_waited_for_no_longer_than_is_said()
    {
        var end = new TaskCompletionSource();
        await using var server = await ServerAsync(_ => end.Task);
        await using var services = Services(server.Urls.Single(), TimeSpan.FromSeconds(1));

        var failure = await Should.ThrowAsync<ServiceException>(
            () => services.GetRequiredService<ServiceClient>().ListRunsAsync(new RunQuery(), Cancel));
        end.SetResult();
        (failure.Fault, failure.Message).ShouldBe(
            (ServiceFault.TimedOut, $"{server.Urls.Single()} does not answer within 1 s. Look at the service's log."));
    }

    [Fact]
    public async Task A_connection_that_is_lost_while_a_run_is_followed_is_said_to_be()
    {
        const string events = "event: later\ndata: {}\n\nid: 1\nevent: fact\ndata: {\"id\":1,\"at\":\"2026-01-02T03:04:05Z\",\"what\":\"requested\"}\n\n";
        var received = new TaskCompletionSource();
        await using var server = await ServerAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync(events, Cancel);
            await context.Response.Body.FlushAsync(Cancel);
            await received.Task;
            context.Abort();
        });
        await using var services = Services(server.Urls.Single());
        var seen = new List<RunEvent>();

        var failure = await Should.ThrowAsync<ServiceException>(async () =>
        {
            await foreach (var each in services.GetRequiredService<ServiceClient>().FollowRunAsync("x", null, Cancel))
            {
                seen.Add(each);
                received.SetResult();
            }
        });
        failure.Fault.ShouldBe(ServiceFault.Unreachable);
        seen.ShouldHaveSingleItem().ShouldBeOfType<RunEvent.Happened>().Fact.What.ShouldBe("requested");
    }

    private static async Task<ServiceException> FailAsync(string url)
    {
        await using var services = Services(url);
        var failure = await Should.ThrowAsync<ServiceException>(
            () => services.GetRequiredService<ServiceClient>().ListRunsAsync(new RunQuery(), Cancel));
        failure.ToString().ShouldNotContain(Key);
        return failure;
    }

    private static ServiceProvider Services(string url, TimeSpan? timeout = null)
    {
        var services = new ServiceCollection().AddServiceClient(new ServiceTarget(url, Key));
        services.AddHttpClient<ServiceClient>(http => http.Timeout = timeout ?? http.Timeout);
        return services.BuildServiceProvider();
    }

    private static async Task<WebApplication> ServerAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(answer);
        await app.StartAsync();
        return app;
    }
}
