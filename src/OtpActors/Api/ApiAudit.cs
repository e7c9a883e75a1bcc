using System.Security.Claims;
using Microsoft.AspNetCore.Authorization;
using OtpActors.Telemetry;

namespace OtpActors.Api;

/// <summary>
/// Writes into the audit who changed what through the API: every request but those that read, and those that publish records,
/// of which there may be thousands a second. Both that succeed and that the caller's scopes do not allow.
/// </summary>
internal static class ApiAudit
{
    /// <summary>Marks an endpoint whose requests are not written down.</summary>
    public sealed class NotAudited;

    public static void UseAudit(this WebApplication app)
    {
        var log = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(AuditTrail.Category);
        app.Use(async (context, next) =>
        {
            await next(context);
            if (context.GetEndpoint() is { } endpoint
                && !HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method)
                && endpoint.Metadata.GetMetadata<NotAudited>() is null && endpoint.Metadata.GetMetadata<IAuthorizeData>() is not null
                && context.Response.StatusCode is < 400 or StatusCodes.Status403Forbidden)
            {
                log.LogInformation(
                    "{Caller} at {Address}: {Method} {Route} of {Subject}, {Status}",
                    context.User.FindFirstValue(ClaimTypes.Name) is { } key ? $"The key {key}" : "A caller without a key",
                    context.Connection.RemoteIpAddress?.ToString(), context.Request.Method, RouteName.From(context), SubjectOf(context), context.Response.StatusCode);
            }
        });
    }

    /// <summary>Ids of runs and names of schedules and steps: no path here holds an address but those that read.</summary>
    private static string SubjectOf(HttpContext context) =>
        context.Response.Headers.Location is [{ Length: > 0 } made] ? made
        : context.Request.RouteValues.Count > 0 ? string.Join(' ', context.Request.RouteValues.Values)
        : "what its body names";
}
