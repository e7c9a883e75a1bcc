using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OtpActors.Domain.Runs;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Storage;
using Serilog.Events;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Support;

/// <summary>The whole service in this process, on a port and in a directory of its own.</summary>
internal sealed class RunningService : IAsyncDisposable
{
    private readonly TempDirectory? _own;
    private readonly DataDirectory _data;
    private readonly WebApplication _app;

    private RunningService(TempDirectory? own, DataDirectory data, WebApplication app)
    {
        (_own, _data, _app) = (own, data, app);
        Http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
    }

    public HttpClient Http { get; }

    public IServiceProvider Services => _app.Services;

    public DataDirectory Data => _data;

    /// <param name="configure">Changes settings and services before it is started.</param>
    /// <param name="directory">A data directory that outlives it; null for one that is gone with it.</param>
    /// <param name="replace">Puts other parts in place.</param>
    public static async Task<RunningService> StartAsync(
        Action<OtpActorsOptions>? configure = null, string? directory = null, Action<IServiceCollection>? replace = null)
    {
        var options = new OtpActorsOptions { LogLevel = LogEventLevel.Warning };
        options.Http.Url = "http://127.0.0.1:0";
        configure?.Invoke(options);
        var own = directory is null ? new TempDirectory() : null;
        var data = DataDirectory.Open(directory ?? own!.Path);
        var app = OtpActorsHost.BuildService(options, data, LogEventLevel.Fatal, replace ?? (_ => { }));
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new RunningService(own, data, app);
    }

    /// <summary>Starts a run and waits for its end, as a reader of its events would.</summary>
    public async Task<string> RunAsync(object request, string? traceParent = null)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, "/api/runs") { Content = JsonContent.Create(request) };
        if (traceParent is not null)
        {
            message.Headers.Add("traceparent", traceParent);
        }

        using var response = await Http.SendAsync(message, TestContext.Current.CancellationToken);
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>(RequestJson.Options, TestContext.Current.CancellationToken);
        response.IsSuccessStatusCode.ShouldBeTrue(answer.ToString());
        var id = answer.GetProperty("runId").GetString()!;
        await Http.GetStringAsync($"/api/runs/{id}/events", TestContext.Current.CancellationToken);
        return id;
    }

    public Task<string> GetAsync(string path) => Http.GetStringAsync(path, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        _data.Dispose();
        _own?.Dispose();
    }
}
