using System.Net.Http.Headers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using OtpActors.Api;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Api;

/// <summary>How much one caller, and all together, may hold.</summary>
[Collection(OneService.Name)]
public sealed class CallerLimitSpecs
{
    private const string Long = """{"email":"ann@example.com","interval":"20ms","duration":"1h","notify":"none"}""";

    [Theory]
    [InlineData(2, 100, 429)]
    [InlineData(100, 2, 503)]
    public async Task Streams_of_events_have_a_limit_and_a_place_is_free_again_when_one_ends(int perCaller, int inAll, int status)
    {
        await using var service = await ApiService.StartAsync(options => (options.Http.EventStreamsPerCaller, options.Http.EventStreams) = (perCaller, inAll));
        var id = await service.StartRunAsync(Long);
        var streams = new List<HttpResponseMessage> { await FollowAsync(service, id), await FollowAsync(service, id) };
        streams.ShouldAllBe(stream => (int)stream.StatusCode == 200);

        var refused = (await service.GetAsync($"/api/runs/{id}/events")).ShouldBeProblem(status, "too_many_streams");
        int.Parse(refused.Headers["Retry-After"], System.Globalization.CultureInfo.InvariantCulture).ShouldBeGreaterThan(0);
        (await service.SendAsync(HttpMethod.Head, $"/api/runs/{id}/events", null)).ShouldBe(200); // holds nothing
        streams[0].Dispose();
        var began = TimeProvider.System.GetTimestamp();
        for (var again = await FollowAsync(service, id); (int)again.StatusCode != 200; again = await FollowAsync(service, id))
        {
            again.Dispose();
            TimeProvider.System.GetElapsedTime(began).ShouldBeLessThan(TimeSpan.FromMinutes(1));
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        (await service.PostAsync($"/api/runs/{id}/cancel", null)).ShouldBe(200);
    }

    [Fact]
    public async Task Each_key_has_its_own_streams()
    {
        await using var service = await ApiService.StartAsync(options =>
        {
            Keys.Set(options);
            options.Http.EventStreamsPerCaller = 1;
        });
        var id = (await service.PostAsync("/api/runs", Long, Keys.Operator)).ShouldBe(202)["runId"].GetString()!;
        using var first = await FollowAsync(service, id, Keys.Reader);
        (await service.GetAsync($"/api/runs/{id}/events", Keys.Reader)).ShouldBeProblem(429, "too_many_streams");
        using var second = await FollowAsync(service, id, Keys.Auditor);
        ((int)first.StatusCode, (int)second.StatusCode).ShouldBe((200, 200));
        (await service.PostAsync($"/api/runs/{id}/cancel", null, Keys.Operator)).ShouldBe(200);
    }

    [Theory]
    [InlineData(2, 100, 429)]
    [InlineData(100, 2, 503)]
    public async Task Connections_have_a_limit_and_whoever_comes_beyond_it_is_told_so(int perCaller, int inAll, int status)
    {
        await using var service = await ApiService.StartAsync(options => (options.Http.ConnectionsPerCaller, options.Http.Connections) = (perCaller, inAll));
        var held = new List<HttpClient>();
        try
        {
            for (var i = 0; i < 2; i++)
            {
                held.Add(OwnConnection(service));
                (await held[i].GetAsync("/api/runs", TestContext.Current.CancellationToken).Eventually()).IsSuccessStatusCode.ShouldBeTrue();
            }

            using var more = OwnConnection(service);
            using var refused = await more.GetAsync("/api/runs", TestContext.Current.CancellationToken).Eventually();
            ((int)refused.StatusCode).ShouldBe(status);
            (await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain("\"too_many_connections\"");
            refused.Headers.RetryAfter.ShouldNotBeNull();
            refused.Headers.ConnectionClose.ShouldBe(true);
            (await more.GetAsync("/healthz/live", TestContext.Current.CancellationToken).Eventually()).IsSuccessStatusCode.ShouldBeTrue();
            (await held[0].GetAsync("/api/runs", TestContext.Current.CancellationToken).Eventually()).IsSuccessStatusCode.ShouldBeTrue();
        }
        finally
        {
            held.ForEach(client => client.Dispose());
        }

        var began = TimeProvider.System.GetTimestamp();
        while (!(await service.GetAsync("/api/runs")).Status.Equals(200)) // the places come back
        {
            TimeProvider.System.GetElapsedTime(began).ShouldBeLessThan(TimeSpan.FromMinutes(1));
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public void Refused_keys_make_a_line_for_each_caller_and_interval()
    {
        var (time, log) = (new FakeTimeProvider(), new Lines());
        using var refused = new RefusedKeys(log, time);
        for (var i = 0; i < 10_000; i++)
        {
            refused.Note("192.0.2.1");
        }

        refused.Note("192.0.2.2");
        log.Texts.ShouldBe(["A request of 192.0.2.1 was refused: its API key is unknown", "A request of 192.0.2.2 was refused: its API key is unknown"]);
        time.Advance(RefusedKeys.Interval);
        log.Texts.Skip(2).ShouldBe(["9999 more requests of 192.0.2.1 were refused within a minute: their API key is unknown"]);
        refused.Note("192.0.2.1");
        refused.Note("192.0.2.1");
        log.Texts.Count.ShouldBe(3);
        time.Advance(RefusedKeys.Interval);
        log.Texts.Skip(3).ShouldBe(["2 more requests of 192.0.2.1 were refused within a minute: their API key is unknown"]);
        time.Advance(2 * RefusedKeys.Interval);
        log.Texts.Count.ShouldBe(4);
        refused.Note("192.0.2.1"); // after silence it is news again
        log.Texts.Count.ShouldBe(5);
    }

    [Fact]
    public void Callers_without_number_fill_neither_memory_nor_log()
    {
        var (time, log) = (new FakeTimeProvider(), new Lines());
        using var refused = new RefusedKeys(log, time);
        for (var i = 0; i < 50_000; i++)
        {
            refused.Note($"2001:db8::{i:x}");
        }

        time.Advance(RefusedKeys.Interval);
        log.Texts.Count.ShouldBeLessThanOrEqualTo(RefusedKeys.MaxCallers + 2);
        log.Texts[^1].ShouldBe($"{50_000 - RefusedKeys.MaxCallers - 1} more requests of other addresses were refused within a minute: their API key is unknown");
    }

    [Fact]
    public async Task A_thousand_wrong_keys_are_a_line_in_the_log()
    {
        await using var service = await ApiService.StartAsync(Keys.Set);
        for (var i = 0; i < 1_000; i++)
        {
            (await service.GetAsync("/api/runs", "otp_canary-wrong")).Status.ShouldBe(401);
        }

        await service.StopAsync();
        var lines = service.Data.Logs.Split('\n').Where(line => line.Contains("key", StringComparison.OrdinalIgnoreCase)).ToList();
        lines.Count.ShouldBeLessThanOrEqualTo(2); // a second one where the minute ends
        lines[0].ShouldContain("A request of 127.0.0.1 was refused");
        service.Data.Logs.ShouldNotContain("canary");
    }

    private static HttpClient OwnConnection(ApiService service) =>
        new(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = 1 }) { BaseAddress = new Uri(service.Url) };

    private static async Task<HttpResponseMessage> FollowAsync(ApiService service, string id, string? key = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(new Uri(service.Url), $"/api/runs/{id}/events"));
        request.Headers.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        return await service.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken).Eventually();
    }

    private sealed class Lines : ILogger<RefusedKeys>
    {
        public List<string> Texts { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Texts.Add(formatter(state, exception));
    }
}
