using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using OtpActors.Tests.Api;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Processes;

/// <summary><c>serve</c> in a process of its own, and a caller of its API.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromMinutes(1) };

    private ServiceProcess(OtpActorsProcess process, string url) => (Process, Url) = (process, url);

    public OtpActorsProcess Process { get; }

    public string Url { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<ServiceProcess> StartAsync(Workplace at, params (string Key, string Value)[] settings)
    {
        var process = OtpActorsProcess.Start(
            at.Path, ["serve", "--data", at.Data.Root], environment: settings.ToDictionary(s => $"OtpActors__{s.Key}", s => s.Value));
        (await process.UntilAsync(() => UrlIn(process.ErrorSoFar) is not null)).ShouldBeTrue(process.ErrorSoFar);
        return new ServiceProcess(process, UrlIn(process.ErrorSoFar)!);
    }

    public async Task<Answer> SendAsync(HttpMethod method, string path, string? json = null, string? key = null, string? idempotencyKey = null)
    {
        using var request = new HttpRequestMessage(method, $"{Url}{path}");
        request.Content = json is null ? null : new StringContent(json, Encoding.UTF8, "application/json");
        request.Headers.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        using var response = await _http.SendAsync(request, Cancel).Eventually();
        return new Answer(
            (int)response.StatusCode, await response.Content.ReadAsStringAsync(Cancel),
            response.Headers.Concat(response.Content.Headers).ToDictionary(
                header => header.Key, header => string.Join(",", header.Value), StringComparer.OrdinalIgnoreCase));
    }

    public Task<Answer> GetAsync(string path, string? key = null) => SendAsync(HttpMethod.Get, path, null, key);

    public Task<Answer> PostAsync(string path, string? json = null, string? key = null, string? idempotencyKey = null) =>
        SendAsync(HttpMethod.Post, path, json, key, idempotencyKey);

    /// <summary>Waits until the run's document is as wanted.</summary>
    public async Task<Answer> UntilAsync(string runId, Func<Answer, bool> wanted, string? key = null)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var run = (await GetAsync($"/api/runs/{runId}", key)).ShouldBe(200);
            if (wanted(run))
            {
                return run;
            }

            TimeProvider.System.GetElapsedTime(began).ShouldBeLessThan(OtpActorsProcess.Bound, run.Text);
            await Task.Delay(10, Cancel);
        }
    }

    /// <summary>The events of a run from one on, until the stream ends or the connection does.</summary>
    public async Task<List<(long? Id, JsonElement Data)>> FollowAsync(string runId, long? after = null, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Url}/api/runs/{runId}/events");
        request.Headers.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        if (after is not null)
        {
            request.Headers.Add("Last-Event-ID", $"{after}");
        }

        var events = new List<(long? Id, JsonElement Data)>();
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
            using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(Cancel));
            var (id, data) = ((long?)null, (string?)null);
            while (await lines.ReadLineAsync(Cancel) is { } line)
            {
                if (line.StartsWith("id: ", StringComparison.Ordinal))
                {
                    id = long.Parse(line.AsSpan(4), provider: System.Globalization.CultureInfo.InvariantCulture);
                }
                else if (line.StartsWith("data: ", StringComparison.Ordinal))
                {
                    data = line[6..];
                }
                else if (line.Length == 0 && data is not null)
                {
                    events.Add((id, JsonDocument.Parse(data).RootElement));
                    (id, data) = (null, null);
                }
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            // the service was killed
        }

        return events;
    }

    public async Task KillAsync()
    {
        Process.Kill();
        await Process.EndAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await Process.DisposeAsync();
    }

    private static string? UrlIn(string said)
    {
        var line = said.Split('\n').FirstOrDefault(text => text.Contains("Serving from", StringComparison.Ordinal) && text.Contains("; ", StringComparison.Ordinal));
        return line is null ? null : line[line.IndexOf("http://", StringComparison.Ordinal)..line.IndexOf("; ", StringComparison.Ordinal)];
    }
}
