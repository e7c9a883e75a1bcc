using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Reflection;
using System.Text.Json;

namespace OtpActors.Bench;

/// <summary><c>serve</c> in a process and a data directory of its own, and its callers, whose waits are kept.</summary>
internal sealed class ServiceUnderLoad : IAsyncDisposable
{
    private const int LinesKept = 50;

    private readonly ConcurrentQueue<string> _lastWords = new();
    private readonly string _directory = Directory.CreateTempSubdirectory("otpactors-bench-").FullName;
    private readonly Process _process;
    private readonly HttpClient _http;
    private readonly ConcurrentDictionary<string, ConcurrentBag<double>> _waits = new();

    private ServiceUnderLoad()
    {
        _process = Process.Start(new ProcessStartInfo("dotnet")
        {
            RedirectStandardError = true,
            WorkingDirectory = _directory,
            ArgumentList = { Service, "serve", "--data", Path.Combine(_directory, "data") },
            Environment = { ["OtpActors__Http__Url"] = "http://127.0.0.1:0", ["OtpActors__Http__RequestsPerSecond"] = "100000" },
        })!;
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
    }

    public static async Task<ServiceUnderLoad> StartAsync()
    {
        var service = new ServiceUnderLoad();
        while (await service._process.StandardError.ReadLineAsync() is { } line)
        {
            if (line.Contains("Serving from", StringComparison.Ordinal))
            {
                _ = service.KeepLastWordsAsync();
                var from = line.IndexOf("http://", StringComparison.Ordinal);
                service._http.BaseAddress = new Uri(line[from..line.IndexOf(';', from)]);
                return service;
            }
        }

        throw new InvalidOperationException("The service ended by itself.");
    }

    /// <summary>The resident set now and at its largest, in MiB.</summary>
    public (double Now, double Peak) Resident()
    {
        var status = File.ReadAllLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{_process.Id}/status"));
        double Of(string name) => double.Parse(
            status.First(line => line.StartsWith(name, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) / 1024;
        return (Of("VmRSS:"), Of("VmHWM:"));
    }

    /// <param name="kind">Under which the wait is kept; null where it is not.</param>
    public Task<JsonElement> GetAsync(string path, string? kind) => MeasureAsync(kind, () => _http.GetAsync(path));

    public Task<JsonElement> PostAsync(string path, object body, string? kind) => MeasureAsync(kind, () => _http.PostAsJsonAsync(path, body));

    public async Task<JsonElement> UntilOverAsync(string runId)
    {
        while (true)
        {
            var run = await GetAsync($"/api/runs/{runId}", null);
            if (run.TryGetProperty("endedAt", out var _))
            {
                return run;
            }

            await Task.Delay(100);
        }
    }

    /// <summary>Kind, how many, median, 99th percentile and largest, in milliseconds. Forgets them.</summary>
    public IReadOnlyList<(string Kind, int Count, double Median, double P99, double Max)> TakeWaits()
    {
        var taken = new List<(string, int, double, double, double)>();
        foreach (var kind in _waits.Keys.Order(StringComparer.Ordinal))
        {
            if (_waits.TryRemove(kind, out var bag))
            {
                double[] all = [.. bag.Order()];
                taken.Add((kind, all.Length, all[all.Length / 2], all[(int)(all.Length * 0.99)], all[^1]));
            }
        }

        return taken;
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>Reads on for as long as it lives, or it would stop at a full pipe.</summary>
    private async Task KeepLastWordsAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            _lastWords.Enqueue(line);
            while (_lastWords.Count > LinesKept)
            {
                _lastWords.TryDequeue(out _);
            }
        }
    }

    private async Task<HttpResponseMessage> AnswerAsync(Func<Task<HttpResponseMessage>> send)
    {
        try
        {
            return await send();
        }
        catch (HttpRequestException e)
        {
            await Task.Delay(TimeSpan.FromSeconds(1)); // for its last words
            throw new InvalidOperationException(
                $"The service {(_process.HasExited ? $"ended with {_process.ExitCode}" : "does not answer")}: {string.Join('\n', _lastWords)}", e);
        }
    }

    private async Task<JsonElement> MeasureAsync(string? kind, Func<Task<HttpResponseMessage>> send)
    {
        var began = Stopwatch.GetTimestamp();
        using var response = await AnswerAsync(send);
        var body = await response.Content.ReadAsStringAsync();
        if (kind is not null)
        {
            _waits.GetOrAdd(kind, _ => []).Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        return response.IsSuccessStatusCode
            ? JsonDocument.Parse(body).RootElement
            : throw new InvalidOperationException($"{response.RequestMessage?.RequestUri?.AbsolutePath} was answered {(int)response.StatusCode}: {body}");
    }

    private static string Service => typeof(ServiceUnderLoad).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Service").Value!;
}
