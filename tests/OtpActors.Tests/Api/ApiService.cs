using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OtpActors.Client;
using OtpActors.Domain.Runs;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Storage;
using OtpActors.Tests.Processes;
using OtpActors.Tests.Support;
using Serilog.Events;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Api;

/// <summary>The whole service in this process, on a free port and a directory of the test's own; it can be stopped and started again.</summary>
internal sealed class ApiService : IAsyncDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly Action<IServiceCollection> _replace;
    private readonly HttpClientHandler _handler = new() { UseProxy = false, AllowAutoRedirect = false };
    private readonly List<ServiceProvider> _clients = [];
    private DataDirectory? _data;
    private JournalAccess? _journal;
    private WebApplication? _app;

    private ApiService(Action<OtpActorsOptions>? set, Action<IServiceCollection>? replace)
    {
        Options.Data = _directory.File("data");
        Options.Http.Url = "http://127.0.0.1:0";
        Options.Http.RequestsPerSecond = 100_000;
        var soon = new StepPolicy { Attempts = 2, Delay = TimeSpan.FromMilliseconds(50) };
        Options.Workflow.Steps = new StepPolicies
        {
            EnsureTopic = soon,
            Sink = soon,
            Produce = soon,
            Check = soon,
            Mail = soon,
            Slack = soon,
        };
        set?.Invoke(Options);
        _replace = replace ?? (_ => { });
        Http = new HttpClient(_handler) { Timeout = TimeSpan.FromMinutes(1) };
        Data = new DataContent(Options.Data);
    }

    public OtpActorsOptions Options { get; } = new();

    public DataContent Data { get; }

    public HttpClient Http { get; }

    public IServiceProvider Services => _app.ShouldNotBeNull().Services;

    public string Url => _app.ShouldNotBeNull().Urls.ShouldHaveSingleItem();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <param name="set">Settings beside the defaults.</param>
    /// <param name="replace">Puts other parts in place.</param>
    public static async Task<ApiService> StartAsync(Action<OtpActorsOptions>? set = null, Action<IServiceCollection>? replace = null)
    {
        var service = new ApiService(set, replace);
        await service.StartAsync();
        return service;
    }

    /// <summary>As <c>serve</c> starts.</summary>
    public async Task StartAsync()
    {
        _data = DataDirectory.Open(Options.Data);
        _journal = await JournalAccess.OpenAsync(Options, _data, Cancel);
        _app = OtpActorsHost.BuildService(Options, _data, LogEventLevel.Fatal, _replace);
        await _app.StartAsync(Cancel).Eventually();
    }

    /// <summary>As <c>serve</c> ends.</summary>
    public async Task StopAsync()
    {
        if (_app is not null)
        {
            await _app.StopAsync(CancellationToken.None).Eventually();
            await _app.DisposeAsync();
            _app = null;
        }

        if (_journal is not null)
        {
            await _journal.DisposeAsync();
        }

        _data?.Dispose();
    }

    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync();
    }

    /// <summary>The typed client, as the command line has it.</summary>
    /// <param name="key">Null for none.</param>
    public ServiceClient Client(string? key = null) => Client(new ServiceTarget(Url, key));

    public ServiceClient Client(ServiceTarget target)
    {
        var services = new ServiceCollection().AddServiceClient(target).BuildServiceProvider();
        _clients.Add(services);
        return services.GetRequiredService<ServiceClient>();
    }

    public Task<Answer> GetAsync(string path, string? key = null) => SendAsync(HttpMethod.Get, path, null, key);

    public Task<Answer> PostAsync(string path, string? json = "{}", string? key = null, string? idempotencyKey = null) =>
        SendAsync(HttpMethod.Post, path, json, key, idempotencyKey);

    public Task<Answer> SendAsync(HttpMethod method, string path, string? json, string? key = null, string? idempotencyKey = null)
    {
        var request = new HttpRequestMessage(method, path);
        if (json is not null)
        {
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        }

        if (key is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        return SendAsync(request);
    }

    public async Task<Answer> SendAsync(HttpRequestMessage request)
    {
        using (request)
        {
            request.RequestUri = new Uri(new Uri(Url), request.RequestUri!);
            using var response = await Http.SendAsync(request, Cancel).Eventually();
            return new Answer(
                (int)response.StatusCode, await response.Content.ReadAsStringAsync(Cancel).Eventually(),
                response.Headers.Concat(response.Content.Headers).ToDictionary(
                    header => header.Key, header => string.Join(",", header.Value), StringComparer.OrdinalIgnoreCase));
        }
    }

    /// <summary>Starts a run and gives its id.</summary>
    public async Task<string> StartRunAsync(string json) =>
        (await PostAsync("/api/runs", json)).ShouldBe(202).Json.GetProperty("runId").GetString()!;

    /// <summary>Waits until the run's document is as wanted.</summary>
    public async Task<Answer> UntilAsync(string runId, Func<Answer, bool> wanted)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var run = (await GetAsync($"/api/runs/{runId}")).ShouldBe(200);
            if (wanted(run))
            {
                return run;
            }

            TimeProvider.System.GetElapsedTime(began).ShouldBeLessThan(OtpActorsProcess.Bound, run.Text);
            await Task.Delay(20, Cancel);
        }
    }

    /// <summary>Until a page has so many items.</summary>
    public async Task UntilListedAsync(string path, int count)
    {
        var began = TimeProvider.System.GetTimestamp();
        while ((await GetAsync(path)).ShouldBe(200) is var page && page["items"].GetArrayLength() != count)
        {
            TimeProvider.System.GetElapsedTime(began).ShouldBeLessThan(OtpActorsProcess.Bound, page.Text);
            await Task.Delay(20, Cancel);
        }
    }

    public Task<Answer> UntilAsync(string runId, string state) => UntilAsync(runId, run => run.State == state);

    /// <summary>A run of made-up addresses without notifications, from its request to its end.</summary>
    public async Task<Answer> CompleteAsync(int count = 5, string topic = "email_topic") =>
        await UntilAsync(await StartRunAsync($$"""{"topic":"{{topic}}","count":{{count}},"notify":"none"}"""), run => run.IsOver);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        foreach (var client in _clients)
        {
            await client.DisposeAsync();
        }

        Http.Dispose();
        _handler.Dispose();
        _directory.Dispose();
    }
}
