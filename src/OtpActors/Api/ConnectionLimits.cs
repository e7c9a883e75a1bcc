using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace OtpActors.Api;

/// <summary>
/// Connections have limits, in all and of each address. Whoever comes beyond them is answered once, that it should come
/// again, and the connection is closed; health is answered there too. Far beyond them connections are closed at once.
/// </summary>
internal static class ConnectionLimits
{
    /// <summary>Connections beyond the limit that get an answer.</summary>
    private const int Answered = 200;

    public static void LimitConnections(this KestrelServerOptions kestrel, HttpOptions options)
    {
        var limits = new CallerLimits(options.Connections, options.ConnectionsPerCaller);
        kestrel.Limits.MaxConcurrentConnections = options.Connections + Answered;
        kestrel.ConfigureEndpointDefaults(listen => listen.Use(next => async connection =>
        {
            var verdict = limits.Take(((connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None).ToString(), out var place);
            connection.Items[typeof(ConnectionLimits)] = verdict;
            using (place)
            {
                await next(connection);
            }
        }));
    }

    public static void UseConnectionLimits(this WebApplication app) => app.Use((context, next) =>
    {
        var verdict = context.Features.Get<IConnectionItemsFeature>()?.Items[typeof(ConnectionLimits)];
        if (verdict is null or CallerLimits.Verdict.Taken)
        {
            return next(context);
        }

        context.Response.OnStarting(static response =>
        {
            ((HttpResponse)response).Headers.Connection = "close";
            return Task.CompletedTask;
        }, context.Response);
        return context.Request.Path.StartsWithSegments("/healthz", StringComparison.Ordinal) ? next(context)
            : verdict is CallerLimits.Verdict.TooManyOfCaller
                ? throw new ApiProblemException(
                    429, "too_many_connections", "This caller has more connections than are taken.", hint: "Close some, or use them again for further requests.")
                {
                    RetryAfter = TimeSpan.FromSeconds(1),
                }
            : throw new ApiProblemException(503, "too_many_connections", "There are more connections than are taken.", hint: "Come again later.")
            {
                RetryAfter = TimeSpan.FromSeconds(5),
            };
    });
}
