using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace OtpActors.Tests.Fakes;

/// <summary>An incoming webhook on a free port of this machine, which answers as it is told to.</summary>
internal sealed class FakeSlack : IAsyncDisposable
{
    /// <summary>What must be seen nowhere: the part of the address that lets one post.</summary>
    public const string SecretPath = "T000-canary-B000";

    private readonly WebApplication _app;
    private int _requests = -1;

    private FakeSlack()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    public string Url => $"{_app.Urls.Single()}/services/{SecretPath}";

    /// <summary>Answers the n-th request, from 0.</summary>
    public Func<int, HttpContext, Task> Script { get; set; } = (_, context) => context.Response.WriteAsync("ok");

    /// <summary>Answers what posts nothing.</summary>
    public Func<HttpContext, Task> Probed { get; set; } = context =>
    {
        context.Response.StatusCode = 405;
        return Task.CompletedTask;
    };

    /// <summary>When each request came, and what it carried.</summary>
    public ConcurrentQueue<(long At, JsonElement Payload)> Posts { get; } = new();

    public IReadOnlyList<string> Texts => [.. Posts.Select(post => post.Payload.GetProperty("text").GetString()!)];

    public static async Task<FakeSlack> StartAsync()
    {
        var slack = new FakeSlack();
        await slack._app.StartAsync();
        return slack;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        if (context.Request.Method != HttpMethods.Post)
        {
            await Probed(context); // Slack has nothing but POST here
            return;
        }

        Posts.Enqueue((Stopwatch.GetTimestamp(), (await JsonDocument.ParseAsync(context.Request.Body)).RootElement));
        await Script(Interlocked.Increment(ref _requests), context);
    }
}
