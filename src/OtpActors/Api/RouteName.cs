using Microsoft.AspNetCore.Diagnostics;

namespace OtpActors.Api;

/// <summary>How the log names a request: by the template, as <c>/api/runs/{id}</c>, never by the path, which can hold an address.</summary>
internal static class RouteName
{
    public static string From(HttpContext context) => (EndpointOf(context) as RouteEndpoint)?.RoutePattern.RawText switch
    {
        null => "(no route)",
        { Length: > 1 } template => template.TrimEnd('/'),
        var root => root,
    };

    /// <summary>A request that failed has lost its endpoint by the time the failure is handled; its feature still knows.</summary>
    private static Endpoint? EndpointOf(HttpContext context) =>
        context.GetEndpoint() ?? context.Features.Get<IExceptionHandlerFeature>()?.Endpoint;
}
