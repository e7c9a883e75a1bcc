using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Http.Resilience;
using Polly;

namespace OtpActors.Client;

/// <summary>Puts the typed client together.</summary>
public static class ServiceClientHosting
{
    /// <summary>How long an answer may take, beyond the 15 s that the service itself waits for its actors.</summary>
    public static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);

    private const long MaxAnswerBytes = 64 * 1024 * 1024;

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestRetryWait = TimeSpan.FromSeconds(10);

    /// <summary>
    /// A <see cref="ServiceClient"/> for one service. It talks to that very place: no proxy of the environment, no redirects. What
    /// only reads is asked again where the service says when (<c>Retry-After</c>); nothing else is sent twice.
    /// </summary>
    public static IServiceCollection AddServiceClient(this IServiceCollection services, ServiceTarget target)
    {
        services.AddSingleton(target);
        services.AddHttpClient<ServiceClient>(http =>
            {
                http.BaseAddress = target.Url;
                http.Timeout = AnswerTimeout;
                http.MaxResponseContentBufferSize = MaxAnswerBytes;
                http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue(nameof(OtpActors), null));
                http.DefaultRequestHeaders.Authorization = target.Key is { } key ? new AuthenticationHeaderValue("Bearer", key) : null;
            })
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
            {
                UseProxy = false,
                AllowAutoRedirect = false,
                UseCookies = false,
                ConnectTimeout = ConnectTimeout,
            })
            .RemoveAllLoggers()
            .AddResilienceHandler("reads", pipeline => pipeline.AddRetry(new HttpRetryStrategyOptions
            {
                MaxRetryAttempts = 2,
                MaxDelay = LongestRetryWait,
                ShouldHandle = attempt => ValueTask.FromResult(attempt.Outcome.Result is { } answer && IsWorthwhile(answer)),
            }));
        return services;
    }

    private static bool IsWorthwhile(HttpResponseMessage answer) =>
        answer.RequestMessage?.Method == HttpMethod.Get
        && answer.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable
        && answer.Headers.RetryAfter?.Delta <= LongestRetryWait;
}
