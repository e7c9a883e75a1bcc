using System.Net;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.RateLimiting;
using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Topics;
using OtpActors.Telemetry;
using OtpActors.Triggers;
using Scalar.AspNetCore;

namespace OtpActors.Api;

/// <summary>Puts the HTTP side together: server, security, endpoints, their description.</summary>
public static class ApiHosting
{
    private const string Document = "/openapi/v1.json";

    internal static void AddApi(this WebApplicationBuilder builder, HttpOptions options)
    {
        builder.WebHost.UseKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxBodyBytes;
            kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.LimitConnections(options);
        });
        builder.WebHost.UseUrls(options.Url);
        var services = builder.Services;
        services.AddRouting();
        services.ConfigureHttpJsonOptions(json => RequestJson.Configure(json.SerializerOptions));
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.AddExceptionHandler<ProblemHandler>();
        services.AddProblemDetails();
        services.AddApiSecurity(options);
        services.AddRateLimiter(limiter => limiter.LimitPerCaller(options));
        services.AddOpenApi(api => api.Describe());
        services.AddSingleton<RefusedKeys>();
        services.AddSingleton(new EventStreams(options));
        services.AddSingleton<RunCache>();
        services.AddSingleton<RunDirectory>();
        services.AddPublisher();
        services.AddSingleton<DeadLetterBox>();
        services.AddPrometheus();
    }

    internal static void UseApi(this WebApplication app, HttpOptions options)
    {
        app.UseSecurityHeaders();
        app.UseExceptionHandler();
        app.UseStatusCodePages(async status => await ProblemHandler.WriteAsync(status.HttpContext, OfStatus(status.HttpContext.Response.StatusCode)));
        app.UseHead();
        app.UseConnectionLimits();
        app.UseAllowedHosts(options);
        app.UseSameSite();
        app.UseBodyRules(options);
        app.UseRouting();
        app.UseAudit();
        app.UseAuthentication();
        app.UseRateLimiter();
        app.UseAuthorization();
        app.UseStrictQuery();
        app.MapOpenApi(Document.Replace("v1", "{documentName}", StringComparison.Ordinal)).AllowAnonymous();
        app.MapScalarApiReference("/docs", scalar => scalar
            .WithTitle("OtpActors").WithOpenApiRoutePattern(Document).DisableDefaultFonts().DisableAgent().DisableTelemetry().HideDeveloperTools()).AllowAnonymous();
        app.MapPrometheusScrapingEndpoint("/metrics").Needs(ApiScope.Read);
        var api = app.MapGroup("/api");
        api.AddEndpointFilter<FilesFilter>();
        api.MapRuns();
        api.MapCommands();
        api.MapOtps();
        api.MapNotifications();
        api.MapTopics();
        api.MapDeadLetters();
        api.MapSchedules();
        api.MapConfiguration();
    }

    private static ApiProblemException OfStatus(int status) => status switch
    {
        401 => new(status, "no_key", "A valid API key is required.", hint: "Send Authorization: Bearer KEY."),
        403 => new(status, "not_allowed", "This key may not do that.", hint: "Its scopes are in OtpActors:Http:ApiKeys."),
        404 => new(status, "not_found", "Nothing is here.", hint: $"GET {Document} tells what there is."),
        405 => new(status, "method_not_allowed", "Nothing here takes this method.", hint: $"GET {Document} tells what there is."),
        413 => ApiProblemException.BodyTooLarge(),
        415 => new(status, "not_json", "The body is not said to be JSON.", hint: "Send Content-Type: application/json."),
        _ => new(status, "not_done", "The request was not carried out."),
    };

    /// <summary>A caller is its key, else its address.</summary>
    private static void LimitPerCaller(this RateLimiterOptions limiter, HttpOptions options)
    {
        limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context =>
            RateLimitPartition.GetTokenBucketLimiter(
                context.User.Identity?.Name ?? (context.Connection.RemoteIpAddress ?? IPAddress.None).ToString(),
                _ => new TokenBucketRateLimiterOptions
                {
                    TokenLimit = options.RequestsPerSecond * 2,
                    TokensPerPeriod = options.RequestsPerSecond,
                    ReplenishmentPeriod = TimeSpan.FromSeconds(1),
                    QueueLimit = 0,
                }));
        limiter.OnRejected = async (rejected, _) =>
        {
            await ProblemHandler.WriteAsync(
                rejected.HttpContext,
                new ApiProblemException(429, "too_many_requests", "This caller makes more requests than are taken.", hint: "Wait a second.")
                {
                    RetryAfter = TimeSpan.FromSeconds(1),
                });
        };
    }
}
