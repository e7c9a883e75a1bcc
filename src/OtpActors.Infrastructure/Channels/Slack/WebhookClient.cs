using System.Net;
using Microsoft.Extensions.Http.Resilience;
using Polly;

namespace OtpActors.Infrastructure.Channels.Slack;

/// <summary>The HTTP client that posts to Slack. It waits where Slack asks for it; an outage is waited for by whoever posts.</summary>
public static class WebhookClient
{
    public const string Name = "slack";

    private const int Retries = 4;

    private static readonly HttpRequestOptionsKey<bool> OnItsWay = new("OtpActors.OnItsWay");

    public static IServiceCollection AddWebhookClient(this IServiceCollection services, SlackOptions options)
    {
        services.AddHttpClient(Name, client => client.Timeout = Timeout.InfiniteTimeSpan) // the handler below has one for each try
            .RemoveAllLoggers() // they name the address, which is the secret
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseCookies = false,
                ActivityHeadersPropagator = null, // no span either: it would name the address too
                PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            })
            .AddResilienceHandler(Name, pipeline => pipeline
                .AddRetry(new HttpRetryStrategyOptions
                {
                    MaxRetryAttempts = Retries,
                    Delay = options.Interval,
                    BackoffType = DelayBackoffType.Exponential,
                    UseJitter = true,
                    ShouldRetryAfterHeader = true,
                    ShouldHandle = args => ValueTask.FromResult(
                        args.Outcome.Result?.StatusCode == HttpStatusCode.TooManyRequests),
                    OnRetry = args =>
                    {
                        args.Context.GetRequestMessage()?.Options.Set(OnItsWay, false);
                        return ValueTask.CompletedTask;
                    },
                })
                .AddTimeout(options.Timeout));
        services.AddTransient<Marker>();
        services.AddHttpClient(Name).AddHttpMessageHandler<Marker>();
        return services;
    }

    /// <summary>Whether a try of the request has begun of which no end is known.</summary>
    public static bool IsOnItsWay(HttpRequestMessage request) => request.Options.TryGetValue(OnItsWay, out var way) && way;

    /// <summary>Whether no connection came about, so that nothing was posted.</summary>
    public static bool IsUnsent(HttpRequestException e) => e.HttpRequestError is
        HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
        or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError;

    /// <summary>Innermost: marks a request when a try of it begins.</summary>
    private sealed class Marker : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Options.Set(OnItsWay, true);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
